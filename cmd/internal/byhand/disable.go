package byhand

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/wire"
	"duosync/duo"
	"duosync/duo/api"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Disable notes that somebody is to be kept disabled, looks at the user in Duo, and disables
// it. It gives the mark once that is done; the error says whether it was made.
func Disable(ctx context.Context, cfg *config.Config, setup wire.Setup, name, reason string) (done *dirsync.Mark, err error) {
	client, err := wire.NewPacedClient(cfg, setup)
	if err != nil {
		return nil, err
	}
	defer client.Close()
	err = wire.SpotOf(cfg).ChangeOwn(ctx, func(db *state.DB) error {
		d := &disabler{config: cfg, db: db, client: client, duo: duo.NewTarget(client, duo.Options{}), name: name}
		mark, err := d.target(ctx)
		if err != nil {
			return err
		}
		if err := d.agree(ctx, mark); err != nil {
			return err
		}
		mark.Since, mark.Reason, mark.By = time.Now(), reason, setup.By
		if err := db.Mark(ctx, *mark); err != nil {
			const what = "%s is NOT disabled in Duo, for that could not be noted; if it can't wait, disable this user in the Duo Admin Panel: %w"
			return dirsync.WithHint(fmt.Errorf(what, dirsync.Quote(mark.Username), err), "Mend the state, then give the command again.")
		}
		err = d.disable(ctx, mark)
		answer := state.Act{What: state.ActDisabled, By: setup.By, About: mark.Username, Reason: reason, ActDetails: state.ActDetails{User: mark.User, Source: mark.Source}}
		if err != nil {
			answer.Error = err.Error()
		} else {
			done = mark
		}
		return errors.Join(err, db.Note(context.WithoutCancel(ctx), answer))
	})
	return done, err
}

// disabler finds one Duo user, and disables it.
type disabler struct {
	config *config.Config
	db     *state.DB
	client *api.Client
	duo    *duo.Target
	name   string // as it was asked for
	// known is what is remembered of the user, and seen tells that it was looked at by its
	// id just now.
	known dirsync.Remembered
	seen  bool
}

// target finds out who is meant: somebody who is ours, or while nobody is, the Duo
// user of that name.
func (d *disabler) target(ctx context.Context) (*dirsync.Mark, error) {
	links, err := d.db.CountLinks(ctx)
	if err != nil {
		return nil, err
	}
	find := d.ours
	if links == 0 {
		find = d.inDuo
	}
	mark, err := find(ctx)
	if err != nil {
		return nil, err
	}
	for _, name := range d.config.Sync.Scope.Protect {
		if folded := dirsync.FoldName(name); folded == dirsync.FoldName(mark.Username) || folded == dirsync.FoldName(d.name) {
			return nil, dirsync.WithHint(fmt.Errorf("%s is protected by sync.scope.protect, and was left as it is", dirsync.Quote(mark.Username)),
				"Disable this user in the Duo Admin Panel, or take the name out of sync.scope.protect first.")
		}
	}
	return mark, nil
}

// ours finds the link that is meant.
func (d *disabler) ours(ctx context.Context) (*dirsync.Mark, error) {
	var found []dirsync.Link
	if err := past.EachLink(ctx, d.db, past.Everybody, func(l *dirsync.Link) {
		if means(d.name, l.Answered.Username, l.User, l.ID) {
			found = append(found, *l)
		}
	}); err != nil {
		return nil, err
	}
	switch {
	case len(found) == 0:
		return nil, d.nobody(ctx, "is not a user of duosync's, and was left as it is")
	case len(found) > 1:
		users := make([]string, len(found))
		for i := range found {
			users[i] = found[i].User
		}
		return nil, several(d.name, users)
	case found[0].LetGo == dirsync.LetGoSynced:
		return nil, dirsync.WithHint(fmt.Errorf("%s is managed by Duo's own directory sync, and was left as it is", dirsync.Quote(found[0].Answered.Username)),
			"Disable the person in the directory that Duo reads, or see the Duo Admin Panel.")
	}
	l := &found[0]
	d.known = l.Remembered()
	return &dirsync.Mark{User: l.User, Username: l.Answered.Username, Source: l.ID, Before: l.Answered.Status}, nil
}

// glance is how long the look before the mark may take: the mark must not wait for a Duo that
// does not answer.
const glance = 5 * time.Second

// agree sees what the user is before the mark, and fails where the user whom the state knows by the name that was asked for has another
// one in Duo, and somebody else has that name: who is meant can't be told. Whoever is named by
// the Duo user id is meant. What can't be seen is no reason to leave anybody in.
func (d *disabler) agree(ctx context.Context, mark *dirsync.Mark) error {
	if d.seen || d.name == mark.User {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, glance)
	defer cancel()
	found, _, err := d.duo.Fetch(ctx, map[string]dirsync.Remembered{mark.User: d.known})
	account, there := found[mark.User]
	if err == nil && there {
		mark.Before = account.Status
	}
	if err != nil || !there || dirsync.FoldName(account.Username) == dirsync.FoldName(mark.Username) {
		return nil //nolint:nilerr // it is looked at again once the mark is there
	}
	holder, err := d.client.UserByName(ctx, mark.Username)
	if err != nil || holder == nil || holder.ID == account.ID {
		return nil //nolint:nilerr // nobody else can be meant
	}
	is := "is called " + dirsync.Quote(holder.Username)
	if dirsync.FoldName(holder.Username) != dirsync.FoldName(mark.Username) {
		is = "has that as an alias"
	}
	return dirsync.WithHint(fmt.Errorf("nothing was done: who is meant by %s can't be told, for names were changed in Duo: the user of that person is %s and is called %s there, while %s %s",
		dirsync.Quote(d.name), account.ID, dirsync.Quote(account.Username), holder.ID, is),
		fmt.Sprintf("Look at both in the Duo Admin Panel, then name the one by the Duo user id: `%s`, or disable the other one there.", printed.Command("", "disable", account.ID, "--reason", "TEXT")))
}

// nobody says that a name is not found, and how it may have been meant.
func (d *disabler) nobody(ctx context.Context, what string) error {
	if holder, err := state.Holder(d.config.State.DSN.Reveal()); err == nil && holder != "" {
		what += fmt.Sprintf("; a run is under way (%s), which may be about to create this user", holder)
	}
	hint := past.MeantBy(ctx, d.db, d.name)
	if hint != "" {
		hint += "If not: disable"
	} else {
		hint = "Disable"
	}
	return dirsync.WithHint(fmt.Errorf("%s %s", dirsync.Quote(d.name), what), hint+" this user in the Duo Admin Panel.")
}

// inDuo finds the Duo user of exactly that name, and looks once more, by id.
func (d *disabler) inDuo(ctx context.Context) (*dirsync.Mark, error) {
	unmarked := func(err error) error {
		return fmt.Errorf("nothing was done: the state knows nobody, so %s has to be found in Duo: %w", dirsync.Quote(d.name), err)
	}
	found, err := d.client.UserByName(ctx, d.name)
	if err != nil {
		return nil, unmarked(err)
	}
	if found == nil {
		return nil, d.nobody(ctx, "is the username of nobody in Duo, and the state knows nobody")
	}
	if dirsync.FoldName(found.Username) != dirsync.FoldName(d.name) {
		return nil, dirsync.WithHint(fmt.Errorf("%s is an alias of the Duo user %s, who was left as it is", dirsync.Quote(d.name), dirsync.Quote(found.Username)),
			"If this user is meant, give the username.")
	}
	again, err := d.client.User(ctx, found.ID)
	if err != nil {
		return nil, unmarked(err)
	}
	if dirsync.FoldName(again.Username) != dirsync.FoldName(d.name) {
		return nil, unmarked(fmt.Errorf("the user %s is called %s at a second look", found.ID, dirsync.Quote(again.Username)))
	}
	d.known, d.seen = dirsync.Remembered{Name: again.Username, Created: again.Created}, true
	return &dirsync.Mark{User: again.ID, Username: again.Username, Before: again.Status}, nil
}

// disable looks at the user as a run does, sends the call, and looks at what Duo answers.
// Where Duo does not know the user, that is asked as a run does, and the call sent once
// more. The mark was made.
func (d *disabler) disable(ctx context.Context, mark *dirsync.Mark) error {
	user := mark.User
	var err error
	if !d.seen {
		if user, err = d.find(ctx, mark); err != nil {
			return err
		}
	}
	account, err := d.send(ctx, d.client, user)
	if errors.Is(err, api.ErrNotFound) {
		if user, err = d.find(ctx, mark); err != nil {
			return err
		}
		account, err = d.send(ctx, d.client.Apart(), user)
	}
	switch {
	case err != nil:
		return notYet(mark, err)
	case slices.Contains([]string{dirsync.StatusDisabled, dirsync.StatusPendingDeletion}, account.Status):
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("the status that Duo answers is %s for %s. The mark is kept, and the next run disables this user", dirsync.Quote(account.Status), dirsync.Quote(mark.Username)),
		"Look at this user in the Duo Admin Panel now.")
}

func (d *disabler) send(ctx context.Context, client *api.Client, user string) (*dirsync.Account, error) {
	return client.ModifyUser(ctx, user, dirsync.Fields{dirsync.FieldStatus: dirsync.StatusDisabled})
}

// find gives the id under which the user is in Duo. One of whom it is not certain that it is
// there, but who it is, is disabled all the same.
func (d *disabler) find(ctx context.Context, mark *dirsync.Mark) (string, error) {
	found, doubtful, err := d.duo.Fetch(ctx, map[string]dirsync.Remembered{mark.User: d.known})
	account, there := found[mark.User]
	switch {
	case err != nil:
		return "", notYet(mark, err)
	case there:
		return account.ID, nil
	case doubtful[mark.User] != nil:
		return "", notYet(mark, doubtful[mark.User])
	}
	return "", dirsync.WithHint(fmt.Errorf("the user %s (%s) is not in Duo any more. The mark is kept: no run creates this user again", dirsync.Quote(mark.Username), mark.User),
		"See in the Duo Admin Panel whether somebody else holds the name.")
}

// notYet says that a user who is marked is not disabled yet.
func notYet(mark *dirsync.Mark, err error) error {
	return dirsync.WithHint(fmt.Errorf("%s is NOT disabled in Duo yet. The mark is kept, and the next run disables this user: %w", dirsync.Quote(mark.Username), err),
		"If it can't wait, disable this user in the Duo Admin Panel.")
}
