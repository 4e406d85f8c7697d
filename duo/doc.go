// Package duo is the Target that the core writes to: it carries the operations of a wave
// out as calls of Duo's Admin API, and finds out what became of those whose reply was
// lost.
//
// An operation is carried out so: a user's fields in one piece, then its phones and
// groups step by step, then a look at what is there.
//
//	apply.go                                 a wave, an operation
//	settle.go, settle_lists.go               what became of one after a crash
//	forecast.go                              how many calls a plan takes
//	users.go, aliases.go, groups.go          what is done in one piece
//	lists.go, phones.go, memberships.go      what is done step by step; steps.go: a step
//	enroll.go                                a mail
//	once.go, refused.go, results.go          making once, refusals in words, results
//	shown.go                                 what of an operation an account shows
//	operation.go                             what an operation asks for, and whether it can be sent
//	believe.go, gone.go                      which answers are believed
//	attempt.go                               a create without what Duo refuses
//	target.go, read.go                       the Target, and what it only reads
//
// Three rules hold throughout. A user is absent only when Duo itself answers 404 for that
// id, twice on two connections, and does not find it by name. An answer that is not about
// what was asked is no answer: what became of the call is looked up. Where the reply to a
// call that makes something was lost, what it made is looked for by name or number before
// the call is sent again; a mail is not sent again.
package duo
