// Package once makes something in Duo, and does not make it twice; and it tells what a call
// that failed may have done.
package once

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Making is how an attempt to make something ended: with what was made, with what
// is found under its name instead, or with neither, and then fate and err say why.
type Making[T any] struct {
	Made  *T // Duo's answer
	Found *T
	// Lost: an attempt before had no answer of use, so it may have made found.
	// Otherwise Duo said that it is there already.
	Lost bool
	Fate dirsync.Fate
	Err  error
}

// Make sends a call that makes something, and does not make it twice: a reply
// that is lost, that says nothing of use, or whose id is not seen to be that of what was
// made, is followed by a look at what is there under that name before the call is sent
// again. So is a refusal: it may have been the answer to another call. seen says why what
// was made is not there under its id, or nil.
//
//	something   found; the caller decides whose it is
//	nothing     sent again, a few times; after Duo's own refusal given up
//	no answer   unknown, left to Settle
func Make[T any](ctx context.Context, c *api.Client, send func(context.Context) (*T, error), seen func(context.Context, *T) error, find func(context.Context) (*T, error)) Making[T] {
	open := false // an attempt may still be on its way
	lost := false
	for try := 1; ; try++ {
		made, err := send(ctx)
		replied := err == nil
		if replied {
			err = seen(ctx, made)
		}
		duplicate := errors.Is(err, api.ErrDuplicate)
		switch {
		case err == nil:
			return Making[T]{Made: made}
		case replied:
			lost, open = true, true
		case duplicate:
		case Answered(err), errors.Is(err, api.ErrLimit), api.Hiccup(err) && WasSent(err):
			lost = true
		default:
			return Making[T]{Fate: Undecided(open), Err: err}
		}
		found, readErr := find(ctx)
		if errors.Is(readErr, api.ErrInvalid) { // what Duo will not be asked for is not there
			found, readErr = nil, nil
		}
		switch {
		case readErr != nil:
			return Making[T]{Fate: dirsync.Unknown, Err: Unseen(err, readErr)}
		case found != nil:
			return Making[T]{Found: found, Lost: lost, Err: err}
		case duplicate:
			return Making[T]{Fate: dirsync.Failed, Err: err}
		case errors.Is(err, api.ErrLimit), errors.Is(err, api.ErrInvalid):
			return Making[T]{Fate: dirsync.Refused, Err: err}
		case !replied && Answered(err):
			return Making[T]{Fate: Undecided(open), Err: err}
		}
		open = open || !FromDuo(err)
		if !c.Again(ctx, try) {
			return Making[T]{Fate: Undecided(open), Err: err}
		}
	}
}

// Undecided is the fate of what was not seen in Duo. open: an attempt may be under way.
func Undecided(open bool) dirsync.Fate {
	if open {
		return dirsync.Unknown
	}
	return dirsync.Failed
}

// WasSent reports whether a call that failed may have reached Duo.
func WasSent(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Sent
}

// PerhapsDone reports whether a call that writes was sent, and has no answer of use: nobody
// knows whether it was carried out.
func PerhapsDone(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Sent && api.Hiccup(err) && !strings.HasPrefix(e.Op, http.MethodGet)
}

// FromDuo reports whether Duo itself answered, in its own envelope.
func FromDuo(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.FromDuo
}

// Answered reports whether err is a definite answer of Duo's own to this one
// request, so that asking in another way may be worth a call.
func Answered(err error) bool {
	return errors.Is(err, api.ErrInvalid) || errors.Is(err, api.ErrRejected) || errors.Is(err, api.ErrNotFound)
}

// Unseen is a failure whose effect could not be looked at.
func Unseen(err, readErr error) error {
	return fmt.Errorf("%w; what became of it could not be seen: %w", err, readErr)
}
