// Package api is our own client for Duo Security's Admin API, and for its Auth API:
// users.go, groups.go and phones.go have the calls, decode.go what Duo answers.
//
// Every call goes one way: Client.do signs it, paces it, sends it, classifies
// the answer and, where that is safe, tries again.
//
//	users.go, phones.go, groups.go      what Duo can be asked; page.go: lists; paths.go: paths
//	decode.go                           users, groups and phones as Duo writes them
//	auth.go, auth_errors.go             the Auth API, which has keys of its own
//	options.go, client.go               do: sign → pace → send → classify → retry
//	sign.go, clock.go                   signatures version 5 and 2, and Duo's time
//	pace.go, retry.go                   how fast, and how often again
//	reply.go, errors.go                 what an answer means; hints.go: what to do about it
//
// An answer counts as success only with HTTP 200 and stat "OK". What is sent once, such
// as a create, is the caller's to look for before it is sent again.
package api
