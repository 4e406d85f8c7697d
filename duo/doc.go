// Package duo is our own client for Duo Security's Admin API, and the Target
// that the core writes to.
//
// Every call goes one way: Client.do signs it, paces it, sends it, classifies
// the answer and, where that is safe, tries again.
//
//	users.go, page.go   what Duo can be asked
//	client.go           do: sign → pace → send → classify → retry
//	sign.go             signatures version 5 and 2
//	pace.go, retry.go   how fast, and how often again
//	reply.go, errors.go what an answer means; hints.go: what to do about it
//	target.go, apply.go, write.go, settle.go   dirsync.Target
//
// Three rules hold throughout. An answer counts as success only with HTTP 200
// and stat "OK". A user is absent only when Duo itself answers 404 for that id.
// A create whose reply was lost is looked up by name before it is sent again.
package duo
