package duo

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// steps carries out what an operation does to phones and groups, a call at a
// time, and keeps what could not be done.
type steps struct {
	*Target
	op     *dirsync.Op
	user   string // user_id
	result *dirsync.Result
	joins  []dirsync.Membership // op.Joins, with the ids of groups made in this run
	stop   error                // no further call is made
	gone   error                // the user does not exist any more
	tried  map[string]bool      // fields with a step that was tried
	failed map[string]troubles
}

func (t *Target) newSteps(r *dirsync.Result) *steps {
	s := &steps{
		Target: t, op: r.Op, user: r.Op.User, result: r,
		joins: slices.Clone(r.Op.Joins), tried: make(map[string]bool), failed: make(map[string]troubles),
	}
	if r.Account != nil {
		s.user = r.Account.ID
	}
	return s
}

// try carries one step out. A step that fails does not keep the others from being
// tried, but one that every other would meet as well does.
func (s *steps) try(ctx context.Context, field string, do func() (dirsync.Fate, error)) {
	if err := cmp.Or(s.stop, ctx.Err()); err != nil {
		s.trouble(field, dirsync.Failed, fmt.Errorf("not tried: %w", err))
		return
	}
	s.tried[field] = true
	fate, err := do()
	s.writes.count(err)
	switch {
	case fate == dirsync.Vanished:
		s.gone, s.stop = err, err
	case fate != dirsync.Done:
		s.trouble(field, fate, err)
	}
	if api.Stops(err) {
		s.stop = err
	} else if err := s.writes.tooMany(); err != nil {
		s.stop = err
	}
}

// absent decides what a 404 for a call that names a user and another object
// means: the user is gone, or the other object.
func (s *steps) absent(ctx context.Context, err error, other string) (dirsync.Fate, error) {
	_, readErr := s.client.User(ctx, s.user)
	switch {
	case errors.Is(readErr, api.ErrNotFound):
		if doubt := s.userGone(ctx, s.user, s.op.Username, s.op.Name()); doubt != nil {
			return dirsync.Failed, doubtful(readErr, doubt)
		}
		return dirsync.Vanished, readErr
	case readErr != nil:
		return dirsync.Failed, unseen(err, readErr)
	}
	return dirsync.Failed, fmt.Errorf("%s does not exist any more: %w", other, err)
}

// conclude puts what could not be done into the result.
func (s *steps) conclude() {
	if s.gone != nil {
		s.result.Fate, s.result.Err, s.result.Account, s.result.Undone = dirsync.Vanished, s.gone, nil, nil
		return
	}
	for _, field := range dirsync.ListFields {
		if t := s.failed[field]; len(t) > 0 {
			s.result.Undone = append(s.result.Undone, dirsync.Undone{Field: field, Fate: t.fate(), Err: t.err()})
		}
	}
}

// trouble notes why a field is not wholly done; the same reason once.
func (s *steps) trouble(field string, fate dirsync.Fate, err error) {
	for _, t := range s.failed[field] {
		if t.err.Error() == err.Error() {
			return
		}
	}
	s.failed[field] = append(s.failed[field], trouble{fate, err})
}

type trouble struct {
	fate dirsync.Fate
	err  error
}

// troubles are those of one field.
type troubles []trouble

// fate is that of the field: what is unknown is to be found out, what has failed
// is to be tried again, and the rest is not.
func (t troubles) fate() dirsync.Fate {
	for _, fate := range []dirsync.Fate{dirsync.Unknown, dirsync.Failed, dirsync.Taken} {
		if slices.ContainsFunc(t, func(one trouble) bool { return one.fate == fate }) {
			return fate
		}
	}
	return dirsync.Refused
}

func (t troubles) err() error {
	if len(t) == 1 {
		return t[0].err
	}
	all := make(several, len(t))
	for i, one := range t {
		all[i] = one.err
	}
	return all
}

// several are errors in one line.
type several []error

func (s several) Error() string {
	texts := make([]string, len(s))
	for i, err := range s {
		texts[i] = err.Error()
	}
	return strings.Join(texts, "; ")
}

func (s several) Unwrap() []error { return s }
