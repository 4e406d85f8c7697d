package duo

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// A 404 that drops a link is not believed by itself: it may be the answer to another call.
// So what is said to be gone is asked for once more on a new connection, and looked for by
// its name.

// userGone makes sure that a user does not exist any more, after Duo said so. nil means
// that it is certain: a second 404 on another connection, and each of its names is nobody's
// or another user's. A contradiction is an ErrStray.
func (t *Target) userGone(ctx context.Context, id string, names ...string) error {
	apart := t.client.Apart()
	_, err := apart.User(ctx, id)
	if err := t.confirmed(err, "GET /admin/v1/users/"+id, "the user"); err != nil {
		return err
	}
	asked := make(map[string]bool)
	for _, name := range names {
		if name = dirsync.FoldName(name); name == "" || asked[name] {
			continue
		}
		asked[name] = true
		holder, err := apart.UserByName(ctx, name)
		switch {
		case errors.Is(err, api.ErrInvalid): // a name that Duo refuses is held by nobody
		case err != nil:
			return fmt.Errorf("whether the user is gone could not be seen by name: %w", err)
		case holder != nil && holder.ID == id:
			return t.client.Stray("GET /admin/v1/users", "the user "+id+", found by name, whom Duo called unknown by id")
		}
	}
	return nil
}

// groupGone makes sure that a group does not exist any more: a second 404 on another
// connection, and the list of all groups does not have it.
func (t *Target) groupGone(ctx context.Context, id string) error {
	_, err := t.client.Apart().Group(ctx, id)
	if err := t.confirmed(err, "GET /admin/v2/groups/"+id, "the group"); err != nil {
		return err
	}
	t.known.all = nil
	list, err := t.allGroups(ctx)
	if err != nil {
		return fmt.Errorf("whether the group is gone could not be seen in the list: %w", err)
	}
	for i := range list {
		if list[i].ID == id {
			return t.client.Stray("GET /admin/v1/groups", "the group "+id+", which Duo called unknown by id")
		}
	}
	return nil
}

// phoneGone makes sure that a phone does not exist any more: a second 404 on another
// connection, and the number is in no phone or in another one.
func (t *Target) phoneGone(ctx context.Context, step *dirsync.PhoneStep) error {
	apart := t.client.Apart()
	_, err := apart.Phone(ctx, step.ID)
	if err := t.confirmed(err, "GET /admin/v1/phones/"+step.ID, "the phone"); err != nil {
		return err
	}
	number, extension, _ := strings.Cut(step.Text(), ";ext=")
	if number == "" {
		return nil
	}
	p, err := apart.PhoneByNumber(ctx, number, extension)
	switch {
	case err != nil:
		return fmt.Errorf("whether the phone is gone could not be seen by number: %w", err)
	case p != nil && p.ID == step.ID:
		return t.client.Stray("GET /admin/v1/phones", "the phone "+p.ID+", found by number, which Duo called unknown by id")
	}
	return nil
}

// confirmed gives nil where the error of a second look is a 404 as well.
func (t *Target) confirmed(err error, call, what string) error {
	switch {
	case err == nil:
		return stillThere{t.client.Stray(call, what+" that was said not to exist")}
	case errors.Is(err, api.ErrNotFound):
		return nil
	}
	return fmt.Errorf("whether %s is gone could not be seen a second time: %w", what, err)
}

// stillThere is the error of what should be gone and is there.
type stillThere struct{ error }

func (e stillThere) Unwrap() error { return e.error }

// vanished gives the result of an operation on a user of whom Duo said 404. It is Unknown
// where that is not certain.
func (t *Target) vanished(ctx context.Context, op *dirsync.Op, notFound error) dirsync.Result {
	if doubt := t.userGone(ctx, op.User, op.Username, op.Name()); doubt != nil {
		return outcome(op, dirsync.Unknown, doubtful(notFound, doubt))
	}
	return outcome(op, dirsync.Vanished, notFound)
}

// doubtful is a 404 that is not believed: it is no ErrNotFound any more.
func doubtful(notFound, doubt error) error {
	return fmt.Errorf("%w (before that, %s)", doubt, notFound.Error())
}

// notDeleted gives the result of a delete that Duo accepted, where it is not certain that
// the object is gone; nil where it is.
func notDeleted(op *dirsync.Op, what string, doubt error) *dirsync.Result {
	var there stillThere
	fate := dirsync.Unknown
	switch {
	case doubt == nil:
		return nil
	case errors.As(doubt, &there):
		fate = dirsync.Failed
	}
	r := outcome(op, fate, fmt.Errorf("the removal of %s was accepted, but: %w", what, doubt))
	return &r
}
