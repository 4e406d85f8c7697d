package api

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"duosync/sync/secrets"
)

// Kind is what an Error comes down to; errors.Is(err, ErrNotFound) asks for it.
type Kind string

func (k Kind) Error() string { return string(k) }

// The kinds of failure. Codes are those of Duo's Admin API: five digits, the
// first three being the HTTP status.
const (
	// ErrUnauthorized is HTTP 401: the keys, the signature or the clock.
	ErrUnauthorized Kind = "not authorized"
	// ErrForbidden is HTTP 403: a missing right, or keys of another application.
	ErrForbidden Kind = "forbidden"
	// ErrNotFound is HTTP 404 in an answer of Duo's own.
	ErrNotFound Kind = "not found"
	// ErrDuplicate is 400/40003: another object has that name.
	ErrDuplicate Kind = "duplicate"
	// ErrInvalid is 400/40002: Duo refuses a value. Detail names the parameter.
	ErrInvalid Kind = "invalid"
	// ErrRejected is any other 4xx in an answer of Duo's own.
	ErrRejected Kind = "rejected"
	// ErrRateLimited is HTTP 429, after all the waiting.
	ErrRateLimited Kind = "rate limited"
	// ErrLimit is 500/50001: one of Duo's one-to-many limits is exceeded
	// (https://duo.com/docs/rate-limits).
	ErrLimit Kind = "limit exceeded"
	// ErrServer is any other 5xx, whatever its body.
	ErrServer Kind = "server error"
	// ErrTransport is a call without an answer.
	ErrTransport Kind = "no answer"
	// ErrNotDuo is an answer that is not Duo's: not JSON, no envelope or a
	// redirect. It stands for ErrStray as well.
	ErrNotDuo Kind = "not an answer of Duo's"
	// ErrStray is an answer of Duo's that is not about what was asked: another
	// object, another form, a page of another list. What was asked may have been
	// done all the same.
	ErrStray Kind = "an answer about something else"
	// ErrUnclear is an answer that contradicts itself: stat FAIL with HTTP 200,
	// or stat OK with another status.
	ErrUnclear Kind = "contradictory answer"
	// ErrNotSent is a call that was never sent: the context was done, or its
	// parameters could not be sent.
	ErrNotSent Kind = "not sent"
)

// Error is a call that did not succeed. Its text is for the admin and holds no
// secret.
type Error struct {
	Op      string // method and path
	Kind    Kind
	HTTP    int    // status; 0 without an answer
	Code    int    // Duo's; 0 where there is none
	Message string // Duo's, or what went wrong in our words
	Detail  string // Duo's message_detail, mostly the name of a parameter
	// Sent tells whether the request may have reached Duo.
	Sent bool
	// FromDuo tells that Duo itself answered, in its own envelope.
	FromDuo bool
	// RetryAfter is the wait that a 429 asked for; 0 where it did not say.
	RetryAfter time.Duration
	// Err is the cause of an ErrTransport or ErrNotSent.
	Err error
}

// Error describes the failure in one line.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	b.WriteString(": ")
	switch {
	case e.HTTP == 0:
		fmt.Fprintf(&b, "%s: %s", e.Kind, e.Message)
		return b.String()
	case e.Code != 0:
		fmt.Fprintf(&b, "Duo answered %d/%d", e.HTTP, e.Code)
	default:
		fmt.Fprintf(&b, "answered HTTP %d", e.HTTP)
	}
	if e.Message != "" {
		fmt.Fprintf(&b, ": %s", e.Message)
	}
	if e.Detail != "" {
		fmt.Fprintf(&b, " (%s)", e.Detail)
	}
	return b.String()
}

// Is reports whether target is the error's Kind.
func (e *Error) Is(target error) bool {
	kind, ok := target.(Kind)
	return ok && (kind == e.Kind || kind == ErrNotDuo && e.Kind == ErrStray)
}

// Unwrap returns the cause, where there is one.
func (e *Error) Unwrap() error { return e.Err }

func (e *Error) wrongApplication() bool {
	return e.Kind == ErrForbidden && strings.Contains(strings.ToLower(e.Message+" "+e.Detail), "wrong integration type")
}

// kindOf classifies an answer of Duo's own that is not a success. Where a FAIL
// came with HTTP 200, its code tells of bad and taken values and of throttling;
// more is not believed, least of all an absence.
func kindOf(status, code int) Kind {
	if status == http.StatusOK && (code == 40002 || code == 40003 || code == 42901) {
		status = code / 100
	}
	switch {
	case status == 429:
		return ErrRateLimited
	case status == 401:
		return ErrUnauthorized
	case status == 403:
		return ErrForbidden
	case status == 404:
		return ErrNotFound
	case code == 40002 && status == 400:
		return ErrInvalid
	case code == 40003 && status == 400:
		return ErrDuplicate
	case code == 50001 && status == 500:
		return ErrLimit
	case status >= 500:
		return ErrServer
	case status >= 400:
		return ErrRejected
	}
	return ErrUnclear
}

// maxWords bounds how much of a stranger's text goes into an error.
const maxWords = 200

// Tidy makes a value fit for one line of a report.
func Tidy(text string) string { return secrets.Hider{}.Line(text, maxWords) }

// tidy makes what a server says fit for one line of a report, without any secret that it
// was sent.
func (c *Client) tidy(said string) string { return c.hidden.Line(said, maxWords) }

// Hide gives an error without any secret that the client sends.
func (c *Client) Hide(err error) error { return c.hidden.Error(err) }

// WrongApplication reports whether err is Duo's answer to keys of another kind of
// application, such as Auth API (403/40301, "Wrong integration type").
func WrongApplication(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.wrongApplication()
}
