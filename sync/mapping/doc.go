// Package mapping says what the directory wants of Duo: who is in scope, which value
// each Duo field is to have, which phones and groups a person is to have, and why. It
// decides about one person at a time, and knows nothing of Duo or of earlier runs.
package mapping
