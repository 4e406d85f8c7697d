// Package admin answers the calls of Duo's Admin API from an account: users and the
// Trash, groups, phones and their activation, tokens, bypass codes, bulk calls.
package admin
