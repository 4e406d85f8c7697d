// Package duo is our own client for Duo Security's Admin API, and the Target
// that the core writes to.
//
// Every call goes one way: Client.do signs it, paces it, sends it, classifies
// the answer and, where that is safe, tries again.
//
//	users.go, phones.go, groups.go, enroll.go, page.go   what Duo can be asked
//	client.go           do: sign → pace → send → classify → retry
//	sign.go             signatures version 5 and 2
//	pace.go, retry.go   how fast, and how often again
//	reply.go, errors.go what an answer means; hints.go: what to do about it
//
// A Target carries operations out: a user's fields in one piece, then its phones
// and groups step by step, then a look at what is there.
//
//	target.go, find.go, groupbook.go, forecast.go        reading
//	apply.go, sendable.go, make.go, write.go, aliases.go a user's fields, aliases among them
//	apply_lists.go, apply_phones.go, apply_groups.go, apply_enroll.go
//	settle.go, settle_lists.go                           what became of it after a crash
//
// Three rules hold throughout. An answer counts as success only with HTTP 200
// and stat "OK". A user is absent only when Duo itself answers 404 for that id.
// Where the reply to a call that makes something was lost, what it made is looked
// for by name or number before the call is sent again; a mail is not sent again.
package duo
