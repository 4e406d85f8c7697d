package duo

import (
	"context"
	"errors"
	"net/http"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// making is how an attempt to make something ended: with what was made, with what
// is found under its name instead, or with neither, and then fate and err say why.
type making[T any] struct {
	made  *T // Duo's answer
	found *T
	// lost: an attempt before had no answer of use, so it may have made found.
	// Otherwise Duo said that it is there already.
	lost bool
	fate dirsync.Fate
	err  error
}

// makeOnce sends a call that makes something, and does not make it twice: a reply
// that is lost, that says nothing of use, or whose id is not seen to be that of what was
// made, is followed by a look at what is there under that name before the call is sent
// again. So is a refusal: it may have been the answer to another call. seen says why what
// was made is not there under its id, or nil.
//
//	something   found; the caller decides whose it is
//	nothing     sent again, a few times; after Duo's own refusal given up
//	no answer   unknown, left to Settle
func makeOnce[T any](ctx context.Context, c *api.Client, send func(context.Context) (*T, error), seen func(context.Context, *T) error, find func(context.Context) (*T, error)) making[T] {
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
			return making[T]{made: made}
		case replied:
			lost, open = true, true
		case duplicate:
		case answered(err), errors.Is(err, api.ErrLimit), api.Hiccup(err) && wasSent(err):
			lost = true
		default:
			return making[T]{fate: undecided(open), err: err}
		}
		found, readErr := find(ctx)
		if errors.Is(readErr, api.ErrInvalid) { // what Duo will not be asked for is not there
			found, readErr = nil, nil
		}
		switch {
		case readErr != nil:
			return making[T]{fate: dirsync.Unknown, err: unseen(err, readErr)}
		case found != nil:
			return making[T]{found: found, lost: lost, err: err}
		case duplicate:
			return making[T]{fate: dirsync.Failed, err: err}
		case errors.Is(err, api.ErrLimit), errors.Is(err, api.ErrInvalid):
			return making[T]{fate: dirsync.Refused, err: err}
		case !replied && answered(err):
			return making[T]{fate: undecided(open), err: err}
		}
		open = open || !fromDuo(err)
		if !c.Again(ctx, try) {
			return making[T]{fate: undecided(open), err: err}
		}
	}
}

// undecided is the fate of a making that was not seen in Duo.
func undecided(open bool) dirsync.Fate {
	if open {
		return dirsync.Unknown
	}
	return dirsync.Failed
}

func wasSent(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Sent
}

// perhapsDone reports whether a call that writes was sent, and has no answer of use: nobody
// knows whether it was carried out.
func perhapsDone(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.Sent && api.Hiccup(err) && !strings.HasPrefix(e.Op, http.MethodGet)
}

func fromDuo(err error) bool {
	var e *api.Error
	return errors.As(err, &e) && e.FromDuo
}
