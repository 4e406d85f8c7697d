package duosim

import (
	"slices"
	"time"
)

// maxCalls bounds the record of a server that runs for long: of more calls than
// that the oldest are forgotten.
const maxCalls = 200_000

// Call is the record of one request.
type Call struct {
	Time   time.Time // of arrival, by Duo's clock
	Method string
	Path   string
	// Params are those of query and body together, arrays as JSON text.
	Params map[string]string
	Key    KeyKind // "" where no key was accepted or asked for
	// Integration is the integration key that was accepted.
	Integration string
	Status      int    // of HTTP; 0 where the connection was cut
	Code        int    // Duo's; 0 for success and where there was none
	Fault       string // name of the fault that struck, or ""
	Wrote       bool   // the account was changed
}

// Violation is a call that a client made before the time that a 429 had told it
// to wait for. What a rate limit told holds for the calls that it limits, what a
// fault told for all calls with that key.
type Violation struct {
	Call  Call
	Until time.Time     // the earliest time that was allowed
	Since time.Duration // from the 429 to the call; a tiny one may have been on its way already
}

// record is what the server remembers of calls.
type record struct {
	calls      []Call
	violations []Violation
}

func (r *record) add(call Call) {
	if len(r.calls) >= maxCalls {
		r.calls = slices.Clone(r.calls[maxCalls/2:])
	}
	r.calls = append(r.calls, call)
}

// tooEarly notes a call within a wait.
func (r *record) tooEarly(call Call, since, until time.Time) {
	r.violations = append(r.violations, Violation{Call: call, Until: until, Since: call.Time.Sub(since)})
}
