// Package protocol is how Duo is spoken to: requests with their parameters and
// signatures, and replies with their envelopes, codes and pages. It knows nothing of
// what an account holds.
package protocol
