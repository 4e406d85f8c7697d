package duo

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// carryOutLists does the phones and groups of an operation whose other part is
// done, and looks at the user.
func (t *Target) carryOutLists(ctx context.Context, r *dirsync.Result) {
	s := t.newSteps(r)
	for i := range r.Op.Phones {
		s.try(ctx, dirsync.FieldPhones, func() (dirsync.Fate, error) { return s.phone(ctx, &r.Op.Phones[i]) })
	}
	if roomToJoin(r.Op) {
		s.joinAll(ctx)
		s.leaveAll(ctx)
	} else {
		s.leaveAll(ctx)
		s.joinAll(ctx)
	}
	s.seeUser(ctx)
	s.conclude()
}

// seeUser asks how the user stands after the steps, also where the run is to end.
// What was accepted and is not there was not done.
func (s *steps) seeUser(ctx context.Context) {
	if ctx.Err() != nil {
		rest, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.client.Timeout())
		defer cancel()
		ctx = rest
	}
	err := cmp.Or(s.gone, s.stop)
	var a *dirsync.Account
	if err == nil {
		a, err = s.client.User(ctx, s.user)
		if errors.Is(err, api.ErrNotFound) {
			if doubt := s.userGone(ctx, s.user, s.op.Username, s.op.Name()); doubt != nil {
				err = doubtful(err, doubt)
			}
		}
	}
	switch {
	case s.gone != nil || errors.Is(err, api.ErrNotFound):
		s.gone = cmp.Or(s.gone, err)
	case err != nil:
		for field := range s.tried {
			if s.failed[field] == nil {
				s.trouble(field, dirsync.Unknown, fmt.Errorf("not seen since: %w", err))
			}
		}
		if s.result.Account == nil { // an operation of nothing but steps
			s.result.Fate, s.result.Err = dirsync.Failed, fmt.Errorf("the user was not seen: %w", err)
		}
	default:
		s.result.Account = a
		for field, lack := range map[string]error{
			dirsync.FieldPhones: phonesLack(s.op.Phones, a),
			dirsync.FieldGroups: groupsLack(s.joins, s.op.Leaves, a),
		} {
			if lack != nil && s.failed[field] == nil {
				s.trouble(field, dirsync.Failed, fmt.Errorf("accepted, but %w", lack))
			}
		}
	}
}
