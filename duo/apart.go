package duo

import (
	"context"
	"errors"
	"fmt"

	"duosync/duo/api"
	"duosync/duo/once"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// sendApart sends values in one call, and where Duo will not have that, in several: what
// it is certainly about is lacking, and the rest goes on, what may be at fault by itself. a
// is the user after the last call that was done, nil where none was, also beside an error,
// which is any other than a refusal.
func (t *Target) sendApart(ctx context.Context, op *dirsync.Op, call []values.Value) (a *dirsync.Account, lacks []values.Lack, err error) {
	a, err = t.send(ctx, op, values.ParamsOf(call))
	if err == nil || !errors.Is(err, api.ErrInvalid) && !errors.Is(err, api.ErrDuplicate) {
		return a, nil, err
	}
	guilty, rest := values.Parted(call, err)
	for _, some := range rest {
		seen, left, err := t.sendApart(ctx, op, some)
		if seen != nil {
			a = seen
		}
		lacks = append(lacks, left...)
		if err != nil {
			return a, lacks, err
		}
	}
	for _, v := range guilty {
		seen, left := t.lacking(ctx, op, v, err)
		if seen != nil {
			a = seen
		}
		lacks = append(lacks, left...)
	}
	return a, lacks, nil
}

// lacking tells why a value was not brought about that Duo will not have. Where the user has
// it all the same, that is the account.
func (t *Target) lacking(ctx context.Context, op *dirsync.Op, v values.Value, err error) (*dirsync.Account, []values.Lack) {
	if !errors.Is(err, api.ErrDuplicate) {
		return nil, []values.Lack{{Value: v, Fate: dirsync.Refused, Err: values.RefusalOf(v.Words(), v.Field, err)}}
	}
	holder, readErr := t.client.UserByName(ctx, v.Text)
	l := values.Lack{Value: v, Fate: dirsync.Failed}
	switch {
	case errors.Is(readErr, api.ErrInvalid), readErr == nil && holder == nil: // a name that Duo refuses is held by nobody
		l.Err = fmt.Errorf("%w; but no user is found by the name %s", err, dirsync.Quote(v.Text))
	case readErr != nil:
		l.Err = once.Unseen(err, readErr)
	case holder.ID != op.User:
		l.Fate, l.Err, l.Holder = dirsync.Taken, values.Taken(v.Text, holder), holder
	case v.In(holder):
		return holder, nil
	case v.Field == dirsync.FieldAliases:
		l.Fate, l.Err = dirsync.Refused, fmt.Errorf("the alias %s is not given while it is the user's own name in Duo", dirsync.Quote(v.Text))
	default:
		l.Err = fmt.Errorf("%w; the user itself holds the name in another place", err)
	}
	return nil, []values.Lack{l}
}
