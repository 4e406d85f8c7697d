package duo

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"duosync/duo/api"
	dirsync "duosync/sync"
)

// Know implements dirsync.Target.
func (t *Target) Know(owner func(user string) dirsync.SourceID) { t.owner = owner }

// whose tells whose user of ours an id is: by the snapshot, or made since. "" is
// nobody's.
func (t *Target) whose(user string) dirsync.SourceID {
	if source, made := t.made[user]; made {
		return source
	}
	if t.owner == nil {
		return ""
	}
	return t.owner(user)
}

// keep remembers whom a create has made, so that another one is not taken for it.
func (t *Target) keep(op *dirsync.Op, a *dirsync.Account) {
	if t.made == nil {
		t.made = make(map[string]dirsync.SourceID)
	}
	t.made[a.ID] = op.Source
}

// createUser sends a create of these parameters, intended at that time of Duo's clock, and
// makes sure that the answer is the user whom it made: of that name, with an id that is
// nobody's of ours, and not made before. One who does not show what was sent is looked at
// by the id on another connection. Else it is an ErrStray: whether the user was made is
// not known.
func (t *Target) createUser(ctx context.Context, params dirsync.Fields, at time.Time) (*dirsync.Account, error) {
	const call = "POST /admin/v1/users"
	a, err := t.client.CreateUser(ctx, params)
	switch {
	case err != nil:
		return nil, err
	case t.whose(a.ID) != "":
		return nil, t.client.Stray(call, "the user "+a.ID+", whom we had before")
	case a.Synced:
		return nil, t.client.Stray(call, "the user "+a.ID+", whom Duo's own directory sync manages")
	case !a.Created.IsZero() && a.Created.Before(at.Add(-api.MaxSkew)):
		return nil, t.client.Stray(call, "the user "+a.ID+", who was made before, on "+a.Created.Format(time.RFC3339))
	case reflects(a, params):
		return a, nil
	}
	seen, err := t.client.Apart().User(ctx, a.ID)
	if err != nil || dirsync.FoldName(seen.Username) != dirsync.FoldName(params[dirsync.FieldUsername]) {
		return nil, t.client.Stray(call, "the user "+a.ID+", who is not seen as answered")
	}
	return seen, nil
}

// send sends one change of an operation's user. Its answer is believed where it is that
// user as the change leaves it. Else a look on another connection tells, and where that
// shows the user as before, the change is sent once more.
func (t *Target) send(ctx context.Context, op *dirsync.Op, call dirsync.Fields) (*dirsync.Account, error) {
	a, err := t.client.ModifyUser(ctx, op.User, call)
	if err != nil && !errors.Is(err, api.ErrStray) && !misplaced(call, err) {
		return nil, err
	}
	if err == nil && reflects(a, call) {
		return a, nil
	}
	seen, err := t.client.Apart().User(ctx, op.User)
	if err != nil || reflects(seen, call) || a != nil && !asBefore(op, call, seen) {
		return seen, err
	}
	return t.client.Apart().ModifyUser(ctx, op.User, call)
}

// misplaced reports whether an error is the refusal of fields that were not sent: it may be
// the answer to another call. Where Duo says so twice, it is how Duo names them.
func misplaced(sent dirsync.Fields, err error) bool {
	named := refusedFields(err)
	return len(named) > 0 && !slices.ContainsFunc(named, func(field string) bool { _, ok := sent[field]; return ok })
}

// reflects reports whether an account shows the parameters of a call, without regard to
// case and outer blanks: so it can be Duo's answer to it. One that does not may still be:
// perhaps Duo keeps a value in a form of its own.
func reflects(a *dirsync.Account, params dirsync.Fields) bool {
	for name, value := range params {
		if !reflectsField(a, name, value) {
			return false
		}
	}
	return true
}

func reflectsField(a *dirsync.Account, name, value string) bool {
	if name != dirsync.FieldAliases {
		return strings.EqualFold(strings.TrimSpace(value), strings.TrimSpace(a.Field(name)))
	}
	places, err := url.ParseQuery(value) // see api.AliasPlaces
	if err != nil {
		return false
	}
	for key := range places {
		shown := ""
		if n, err := strconv.Atoi(strings.TrimPrefix(key, "alias")); err == nil && n > 0 && n <= len(a.Aliases) {
			shown = a.Aliases[n-1]
		}
		if dirsync.FoldName(places.Get(key)) != dirsync.FoldName(shown) {
			return false
		}
	}
	return true
}

// asBefore reports whether an account shows a field of a call as it was before the
// operation, and not as it was sent.
func asBefore(op *dirsync.Op, call dirsync.Fields, a *dirsync.Account) bool {
	return slices.ContainsFunc(op.Changes, func(c dirsync.Change) bool {
		value, sent := call[c.Field]
		return sent && !dirsync.IsList(c.Field) && !reflectsField(a, c.Field, value) && sameField(c.Field, c.Before, a.Field(c.Field))
	})
}
