package duosim

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"time"
)

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
)

func effects() []Effect {
	return []Effect{
		Status429, Error500, Error50001, HTML502, Fail200, EmptyCode, NoCode, Refuse, FailPage,
		CutBefore, CutAfter, ErrorAfter, Slow,
	}
}

// applied tells whether the call has its effect on the account nevertheless.
func (e Effect) applied() bool { return e == CutAfter || e == ErrorAfter || e == Slow }

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

// check says all that is wrong with a rule.
func (f *Fault) check() error {
	var problems []error
	must := func(ok bool, format string, args ...any) {
		if !ok {
			problems = append(problems, fmt.Errorf(format, args...))
		}
	}
	only := func(set bool, field string, with ...Effect) {
		must(!set || slices.Contains(with, f.Effect), "%s goes with %v only", field, with)
	}
	must(f.Name != "", "a fault needs a name, for the count of its hits")
	must(slices.Contains(effects(), f.Effect), "effect %q is none of %v", f.Effect, effects())
	must(slices.Contains([]string{"", "GET", "POST", "PUT", "PATCH", "DELETE"}, f.Method), "method %q is none that is used: GET, POST, PUT, PATCH, DELETE", f.Method)
	must(f.Nth >= 0 && f.Every >= 0 && f.After >= 0 && f.Times >= 0 && f.Page >= 0, "nth, every, after, times and page can't be negative")
	must(f.Nth == 0 || f.Every == 0 && f.After == 0 && f.Times == 0 && f.Probability == 0,
		"nth strikes one call only: leave out every, after, times and probability")
	must(f.Probability >= 0 && f.Probability <= 1, "probability is from 0 to 1")
	must(f.Delay >= 0 && f.RetryAfter >= 0, "delay and retry_after can't be negative")
	must(f.Effect != Slow || f.Delay > 0, "slow needs a delay, such as 2s")
	must(f.Effect != FailPage || f.Page > 0, "fail_page needs a page, from 1")
	must(f.Effect != Refuse || f.Code != 0, "refuse needs a code, such as 40002")
	must(f.Code == 0 || f.Code >= 40000 && f.Code <= 59999, "code has five digits, from 40000 to 59999")
	must(f.Status == 0 || f.Status >= 400 && f.Status <= 599, "status is from 400 to 599")
	must(slices.Contains([]string{"", "json", "html", "empty"}, f.Reply), "reply is json, html or empty")
	only(f.RetryAfter != 0, "retry_after", Status429)
	only(f.Reply != "", "reply", Status429)
	only(f.Page != 0, "page", FailPage)
	only(f.Status != 0, "status", EmptyCode, NoCode)
	only(f.Code != 0, "code", Refuse, Fail200)
	only(f.Message != "", "message", Refuse, Fail200, EmptyCode, NoCode)
	only(f.Detail != "", "detail", Refuse, Fail200, EmptyCode, NoCode)
	_, err := compile(*f, 0)
	return errors.Join(append(problems, err)...)
}

// reply gives what the client gets in place of the right reply.
func (f *Fault) reply(right reply) reply {
	answer := right
	switch f.Effect {
	case Status429:
		answer = refuse(tooManyRequests, "").reply()
		switch f.Reply {
		case "html":
			answer = htmlReply(http.StatusTooManyRequests)
		case "empty":
			answer.body = nil
		}
		answer.retryAfter = f.RetryAfter
	case Error500, ErrorAfter, FailPage:
		answer = refuse(internalError, "").reply()
	case Error50001:
		answer = refuse(limitExceeded, "").reply()
	case HTML502:
		answer = htmlReply(http.StatusBadGateway)
	case Refuse:
		answer = f.refusal(f.Code).reply()
	case Fail200:
		code := f.Code
		if code == 0 {
			code = internalError
		}
		answer = f.refusal(code).reply()
		answer.status = http.StatusOK
	case EmptyCode:
		answer = jsonReply(f.status(), 0, f.refusal(badParameters).envelope(""))
	case NoCode:
		answer = jsonReply(f.status(), 0, f.refusal(badParameters).envelope(nil))
	case CutBefore, CutAfter:
		answer = reply{cut: true}
	}
	answer.delay = f.Delay
	return answer
}

func (f *Fault) refusal(code int) *refusal {
	r := refuse(code, f.Detail)
	if f.Message != "" {
		r.message = f.Message
	}
	return r
}

func (f *Fault) status() int {
	if f.Status == 0 {
		return http.StatusBadRequest
	}
	return f.Status
}
