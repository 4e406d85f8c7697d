// Package duo is the Target that the core writes to: it carries the operations of a wave
// out as calls of Duo's Admin API, and finds out what became of those whose reply was
// lost.
//
// An operation is carried out so: a user's fields in one piece, then its phones and
// groups step by step, then a look at what is there.
//
//	target.go, find.go, groupbook.go, forecast.go        reading
//	apply.go, sendable.go, make.go, write.go, aliases.go a user's fields, aliases among them
//	apply_lists.go, apply_phones.go, apply_groups.go, apply_enroll.go
//	settle.go, settle_lists.go                           what became of it after a crash
//	shown.go                                             what of it an account shows
//
// Two rules hold throughout. A user is absent only when Duo itself answers 404 for that
// id. Where the reply to a call that makes something was lost, what it made is looked
// for by name or number before the call is sent again; a mail is not sent again.
package duo
