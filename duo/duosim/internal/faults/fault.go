// Package faults is what goes wrong on purpose: faults by rules, given or in a file,
// and rate limits with the waits that they tell.
package faults

import "time"

// Effect is what a fault does to a call. The package's documentation has the
// table of them.
type Effect string

// The effects, by their names in a file of faults.
const (
	Status429  Effect = "status429"
	Error500   Effect = "500"
	Error50001 Effect = "50001"
	HTML502    Effect = "html502"
	Fail200    Effect = "fail200"
	EmptyCode  Effect = "empty_code"
	NoCode     Effect = "no_code"
	Refuse     Effect = "refuse"
	FailPage   Effect = "fail_page"
	CutBefore  Effect = "cut_before"
	CutAfter   Effect = "cut_after"
	ErrorAfter Effect = "error_after"
	Slow       Effect = "slow"
	Stale      Effect = "stale"
	Swap       Effect = "swap"
	WrongID    Effect = "wrong_id"
	Endless    Effect = "endless"
	Short      Effect = "short"
	Twice      Effect = "twice"
	Reversed   Effect = "reversed"
	Stranger   Effect = "stranger"
)

func effects() []Effect {
	return []Effect{
		Status429, Error500, Error50001, HTML502, Fail200, EmptyCode, NoCode, Refuse, FailPage,
		CutBefore, CutAfter, ErrorAfter, Slow, Stale, Swap, WrongID, Endless, Short, Twice, Reversed, Stranger,
	}
}

// Applied tells whether the call has its effect on the account nevertheless.
func (e Effect) Applied() bool {
	switch e {
	case CutAfter, ErrorAfter, Slow, Swap, WrongID, Endless, Short, Twice, Reversed, Stranger:
		return true
	}
	return false
}

// echoes tells whether the client gets the answer to an earlier call that the rule
// matches.
func (e Effect) echoes() bool { return e == Stale || e == Swap }

// inBulk tells whether the effect can strike a part of a bulk call: those that
// Duo would answer for good, and for that part alone.
func (e Effect) inBulk() bool { return e == Refuse || e == Error50001 }

// Fault is a rule: which calls, which of those, and what happens then. The
// package's documentation says which fields go with which effect.
type Fault struct {
	Name   string
	Method string            // "" matches any
	Path   string            // glob or "re:" expression; "" matches any
	Params map[string]string // glob or "re:" expression by parameter

	Nth, Every, After, Times int     // 0: not set
	Probability              float64 // 0: not set, which is always

	Effect          Effect
	Delay           time.Duration
	RetryAfter      time.Duration // rounded up to whole seconds; 0: no header
	Reply           string        // of status429: "" or "json", "html", "empty"
	Page            int           // of fail_page, from 1
	Status          int           // of empty_code and no_code; 0 means 400
	Code            int           // of refuse and fail200
	Message, Detail string        // "" means Duo's text for the code, and none
}

// Faults are rules in their order, with the seed of their probabilities.
type Faults struct {
	Seed  uint64
	Rules []Fault
}
