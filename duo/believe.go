package duo

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"duosync/duo/api"
	"duosync/duo/gate"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// Know implements dirsync.Target.
func (t *Target) Know(owner func(user string) dirsync.SourceID, known func(dirsync.SourceID) dirsync.Remembered) {
	t.owner, t.remembered = owner, known
}

// madeUser is a user whom a create has made: whose it is, and its name as Duo answered it.
type madeUser struct {
	owner dirsync.SourceID
	name  string
}

// is reports whether an account has the name of that user. Nobody renames a user within the
// run that makes it.
func (m madeUser) is(a *dirsync.Account) bool {
	return dirsync.FoldName(a.Username) == dirsync.FoldName(m.name)
}

// madeUsers are those whom creates of this run have made, by the ids that Duo answered.
type madeUsers struct {
	mu   sync.Mutex
	byID map[string]madeUser
}

func (m *madeUsers) get(id string) (madeUser, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	u, made := m.byID[id]
	return u, made
}

// put notes whose a user is, unless the id is another owner's. Who is seen under it may have
// another name than that owner's user, to whose create it was only answered.
func (m *madeUsers) put(id string, u madeUser, seen bool) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, made := m.byID[id]
	if made && was.owner != u.owner && (!seen || dirsync.FoldName(was.name) == dirsync.FoldName(u.name)) {
		return false
	}
	m.byID[id] = u
	return true
}

// drop forgets a user who is not there, unless the id is another owner's by now.
func (m *madeUsers) drop(id string, owner dirsync.SourceID) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.byID[id].owner == owner {
		delete(m.byID, id)
	}
}

// whose tells whose user of ours an id is: by the snapshot, or made since. "" is
// nobody's.
func (t *Target) whose(user string) dirsync.SourceID {
	if m, made := t.made.get(user); made {
		return m.owner
	}
	if t.owner == nil {
		return ""
	}
	return t.owner(user)
}

// keep remembers whose a user is that a create has made, so that another one is not taken
// for it. It is false where, by another call meanwhile, the user is another's. seen: by a
// look, and not only answered.
func (t *Target) keep(owner dirsync.SourceID, a *dirsync.Account, seen bool) bool {
	return t.made.put(a.ID, madeUser{owner, a.Username}, seen)
}

// isOthers reports whether a user is another person's of ours. Somebody who was never met under
// that id, and has another name, only had it answered to a create.
func (t *Target) isOthers(a *dirsync.Account, mine dirsync.SourceID) bool {
	owner := t.whose(a.ID)
	if owner == "" || owner == mine {
		return false
	}
	if m, made := t.made.get(a.ID); made {
		return m.is(a)
	}
	known := t.remembered(owner)
	return !known.Unmet || !known.IsRenamed(a)
}

// isOther reports whether an account is not the user whom a create of this run has made,
// though Duo answered its id to it.
func (t *Target) isOther(a *dirsync.Account) bool {
	m, made := t.made.get(a.ID)
	return made && !m.is(a)
}

// seeMade gives the user whom a create of this run has made, by the id that Duo answered, or
// it is an ErrStray: until the user is looked at, there is nothing but that answer.
func (t *Target) seeMade(ctx context.Context, user string) (*dirsync.Account, error) {
	a, err := t.see(ctx, user, func(a *dirsync.Account) bool { return !t.isOther(a) })
	if err == nil && t.isOther(a) {
		return nil, t.client.Stray("GET /admin/v1/users/"+user, "the user "+dirsync.Quote(a.Username)+", whom the create did not make")
	}
	return a, err
}

// createUser sends a create of these parameters, intended at that time of Duo's clock, and
// makes sure that the answer is the user whom it made: of that name, with an id that is
// nobody's of ours, and not made before. One who does not show what was sent is looked at
// by the id on another connection. Else it is an ErrStray: whether the user was made is
// not known. The user is the owner's then.
func (t *Target) createUser(ctx context.Context, owner dirsync.SourceID, params dirsync.Fields, at time.Time) (*dirsync.Account, error) {
	const call = "POST /admin/v1/users"
	a, err := t.client.CreateUser(ctx, params)
	if err != nil {
		return nil, err
	}
	if why := t.notMade(a, at); why != "" {
		return nil, t.client.Stray(call, "the user "+a.ID+", "+why)
	}
	if !reflects(a, params) {
		seen, err := t.client.Apart().User(ctx, a.ID)
		if err != nil || dirsync.FoldName(seen.Username) != dirsync.FoldName(params[dirsync.FieldUsername]) {
			return nil, t.client.Stray(call, "the user "+a.ID+", who is not seen as answered")
		}
		a = seen
	}
	if !t.keep(owner, a, false) {
		return nil, t.client.Stray(call, "the user "+a.ID+", whom another create was answered")
	}
	return a, nil
}

// notMade says why a user whom Duo answered to a create, intended at that time of Duo's
// clock, can't be the one that it made; "" where it can.
func (t *Target) notMade(a *dirsync.Account, at time.Time) string {
	switch {
	case t.whose(a.ID) != "":
		return "whom we had before"
	case a.Synced:
		return "whom Duo's own directory sync manages"
	case !a.Created.IsZero() && a.Created.Before(at.Add(-api.MaxSkew)):
		return "who was made before, on " + a.Created.Format(time.RFC3339)
	}
	return ""
}

// send sends one change of an operation's user. Its answer is believed where it is that
// user as the change leaves it. Else, also where Duo does not know the user, a look on
// another connection tells, and where that shows the user as before, the change is sent
// once more.
func (t *Target) send(ctx context.Context, op *dirsync.Op, call dirsync.Fields) (*dirsync.Account, error) {
	a, err := t.client.ModifyUser(ctx, op.User, call)
	absent := errors.Is(err, api.ErrNotFound)
	if err != nil && !absent && !errors.Is(err, api.ErrStray) && !misplaced(call, err) {
		return nil, err
	}
	if err == nil && reflects(a, call) {
		return a, nil
	}
	seen, lookErr := t.client.Apart().User(ctx, op.User)
	switch {
	case absent && errors.Is(lookErr, api.ErrNotFound):
		return nil, twice{lookErr}
	case absent && lookErr != nil:
		return nil, unsure{doubtful(err, lookErr)}
	case lookErr != nil || reflects(seen, call) || a != nil && !asBefore(op, call, seen):
		return seen, lookErr
	}
	again, sendErr := t.client.Apart().ModifyUser(ctx, op.User, call)
	if !errors.Is(err, api.ErrStray) { // a refusal, and the look has shown that nothing was done
		return again, sendErr
	}
	return again, gate.After(err, sendErr)
}

// misplaced reports whether an error is the refusal of fields that were not sent: it may be
// the answer to another call. Where Duo says so twice, it is how Duo names them.
func misplaced(sent dirsync.Fields, err error) bool {
	named := values.RefusedFields(err)
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
		return sent && !dirsync.IsList(c.Field) && !reflectsField(a, c.Field, value) && operation.Same(c.Field, c.Before, a.Field(c.Field))
	})
}

// A 404 that drops a link is not believed by itself: it may be the answer to another call.
// So what is said to be gone is asked for once more on a new connection, and looked for by
// its name.

// userGone makes sure that a user does not exist any more, after Duo said so. nil means
// that it is certain: a second 404 on another connection, and each of its names is nobody's
// or another user's. A contradiction is an ErrStray.
func (t *Target) userGone(ctx context.Context, id string, names ...string) error {
	a, err := t.client.Apart().User(ctx, id)
	if err == nil {
		return stillThere{t.client.Stray("GET /admin/v1/users/"+id, "the user that was said not to exist"), a}
	}
	if err := t.confirmed(err, "GET /admin/v1/users/"+id, "the user"); err != nil {
		return err
	}
	return t.nameless(ctx, id, names...)
}

// nameless makes sure that a user of whom Duo said 404 twice holds none of its names.
func (t *Target) nameless(ctx context.Context, id string, names ...string) error {
	asked := make(map[string]bool)
	for _, name := range names {
		if name = dirsync.FoldName(name); asked[name] {
			continue
		}
		asked[name] = true
		holder, err := t.holder(ctx, name)
		switch {
		case err != nil:
			return err
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
	t.known.readAnew()
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
		return stillThere{t.client.Stray(call, what+" that was said not to exist"), nil}
	case errors.Is(err, api.ErrNotFound):
		return nil
	}
	return fmt.Errorf("whether %s is gone could not be seen a second time: %w", what, err)
}

// stillThere is the error of what should be gone and is there; user is as it was seen,
// nil for what is none.
type stillThere struct {
	error
	user *dirsync.Account
}

func (e stillThere) Unwrap() error { return e.error }

// unsure is a 404 for a change, after which the user could not be looked at.
type unsure struct{ error }

func (e unsure) Unwrap() error { return e.error }

// twice is a 404 for a user that was given on two connections.
type twice struct{ error }

func (e twice) Unwrap() error { return e.error }

// vanished gives the result of an operation on a user of whom Duo said 404. Where the user
// is seen all the same, it tells whether the operation was done; where nothing is certain,
// the fate is Unknown.
func (t *Target) vanished(ctx context.Context, op *dirsync.Op, notFound error) dirsync.Result {
	var confirmed twice
	var there stillThere
	var doubt error
	if errors.As(notFound, &confirmed) {
		doubt = t.nameless(ctx, op.User, op.Username, op.Name())
	} else {
		doubt = t.userGone(ctx, op.User, op.Username, op.Name())
	}
	switch {
	case doubt == nil:
		return outcome(op, dirsync.Vanished, notFound)
	case !errors.As(doubt, &there):
		return outcome(op, dirsync.Unknown, doubtful(notFound, doubt))
	case operation.ShowsAll(op, there.user):
		return done(op, there.user)
	}
	return with(outcome(op, dirsync.Failed, doubtful(notFound, doubt)), there.user)
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
