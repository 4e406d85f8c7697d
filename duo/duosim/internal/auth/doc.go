// Package auth answers the calls of Duo's Auth API from an account: what a user may do,
// logins with their pushes, and enrollment by a code.
package auth
