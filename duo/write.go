package duo

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// slack is how much older than its intent a user of ours may look: Duo's times
// are whole seconds, cut off.
const slack = time.Second

// create makes a user. A reply that is lost, or that says nothing of use, is
// followed by a look at who holds the name:
//
//	nobody                                            create again, or give up
//	a user made since the intent, every field equal   it is ours
//	anyone else                                       taken
//	no answer                                         unknown, left to Settle
func (t *Target) create(ctx context.Context, op *dirsync.Op, at time.Time) dirsync.Result {
	fields := created(op)
	open := false // an attempt may still be on its way
	for try := 1; ; try++ {
		a, err := t.client.CreateUser(ctx, fields)
		switch {
		case err == nil:
			return done(op, a)
		case errors.Is(err, ErrDuplicate):
			return t.claimed(ctx, op, fields, at, err)
		case errors.Is(err, ErrInvalid):
			return outcome(op, dirsync.Refused, refusal(fields, err))
		case errors.Is(err, ErrLimit), hiccup(err) && wasSent(err):
		default:
			return outcome(op, undecided(open), err)
		}
		holder, lookErr := t.client.UserByName(ctx, fields[dirsync.FieldUsername])
		switch {
		case lookErr != nil:
			return outcome(op, dirsync.Unknown, unseen(err, lookErr))
		case holder != nil:
			return claim(op, fields, at, holder)
		case errors.Is(err, ErrLimit):
			return outcome(op, dirsync.Refused, refusal(fields, err))
		}
		open = open || !fromDuo(err)
		if try > maxRetries || t.client.sleep(ctx, retryWait(try)) != nil || ctx.Err() != nil {
			return outcome(op, undecided(open), err)
		}
		t.client.retries.Add(1)
	}
}

// created returns what a create sends: no empty values.
func created(op *dirsync.Op) dirsync.Fields {
	fields := op.After()
	fields[dirsync.FieldUsername] = op.Name()
	for name, value := range fields {
		if value == "" {
			delete(fields, name)
		}
	}
	return fields
}

// claimed decides what Duo's "duplicate" means for a create.
func (t *Target) claimed(ctx context.Context, op *dirsync.Op, fields dirsync.Fields, at time.Time, duplicate error) dirsync.Result {
	holder, err := t.client.UserByName(ctx, fields[dirsync.FieldUsername])
	switch {
	case err != nil:
		return outcome(op, dirsync.Unknown, unseen(duplicate, err))
	case holder == nil:
		return outcome(op, dirsync.Failed, fmt.Errorf("%w; but no user is found by that name", duplicate))
	}
	return claim(op, fields, at, holder)
}

// claim decides whether the holder of a name is the user that an operation asked
// for at that time of Duo's clock.
func claim(op *dirsync.Op, fields dirsync.Fields, at time.Time, holder *dirsync.Account) dirsync.Result {
	if !holder.Synced && !holder.Created.Before(at.Add(-slack)) && holds(holder, fields) {
		return done(op, holder)
	}
	return with(outcome(op, dirsync.Taken, taken(fields[dirsync.FieldUsername], holder)), holder)
}

// modify sends the changed fields; without any it only looks.
func (t *Target) modify(ctx context.Context, op *dirsync.Op) dirsync.Result {
	fields := op.After()
	var (
		a   *dirsync.Account
		err error
	)
	if len(fields) == 0 {
		a, err = t.client.User(ctx, op.User)
	} else {
		a, err = t.client.ModifyUser(ctx, op.User, fields)
	}
	if err != nil {
		return t.notModified(ctx, op, fields, err)
	}
	return changed(op, fields, a)
}

// changed holds a user against what was sent. Duo may fold and trim, and the
// difference is then in the account; a status is there or it is not.
func changed(op *dirsync.Op, fields dirsync.Fields, a *dirsync.Account) dirsync.Result {
	status, sent := fields[dirsync.FieldStatus]
	if sent && !sameField(dirsync.FieldStatus, status, a.Status) {
		err := fmt.Errorf("the status %q was accepted, but the user is still %q", status, a.Status)
		return with(outcome(op, dirsync.Failed, err), a)
	}
	return done(op, a)
}

func (t *Target) notModified(ctx context.Context, op *dirsync.Op, fields dirsync.Fields, err error) dirsync.Result {
	switch {
	case errors.Is(err, ErrNotFound):
		return outcome(op, dirsync.Vanished, err)
	case errors.Is(err, ErrInvalid):
		return outcome(op, dirsync.Refused, refusal(fields, err))
	case errors.Is(err, ErrLimit):
		if a, lookErr := t.client.User(ctx, op.User); lookErr == nil && holds(a, fields) {
			return done(op, a)
		}
		return outcome(op, dirsync.Refused, refusal(fields, err))
	case errors.Is(err, ErrDuplicate) && fields[dirsync.FieldUsername] != "":
		holder, lookErr := t.client.UserByName(ctx, fields[dirsync.FieldUsername])
		switch {
		case lookErr != nil:
			return outcome(op, dirsync.Failed, unseen(err, lookErr))
		case holder == nil:
			return outcome(op, dirsync.Failed, fmt.Errorf("%w; but no user is found by that name", err))
		case holder.ID != op.User:
			return with(outcome(op, dirsync.Taken, taken(fields[dirsync.FieldUsername], holder)), holder)
		case holds(holder, fields):
			return done(op, holder)
		}
	}
	return outcome(op, dirsync.Failed, err)
}

// restore takes a user out of the Trash, sends what has changed, and looks.
func (t *Target) restore(ctx context.Context, op *dirsync.Op) dirsync.Result {
	if err := t.client.RestoreUsers(ctx, op.User); err != nil {
		if !answered(err) {
			return outcome(op, dirsync.Failed, err)
		}
		// Refused: perhaps it was purged, perhaps it is out of the Trash already.
		a, lookErr := t.client.User(ctx, op.User)
		switch {
		case errors.Is(lookErr, ErrNotFound):
			return outcome(op, dirsync.Vanished, lookErr)
		case lookErr != nil:
			return outcome(op, dirsync.Failed, unseen(err, lookErr))
		case a.Status == dirsync.StatusPendingDeletion:
			return with(outcome(op, dirsync.Failed, fmt.Errorf("not restored from Duo's Trash: %w", err)), a)
		}
	}
	fields := op.After()
	if len(fields) > 0 {
		if _, err := t.client.ModifyUser(ctx, op.User, fields); err != nil {
			return t.notModified(ctx, op, fields, err)
		}
	}
	a, err := t.client.User(ctx, op.User)
	switch {
	case errors.Is(err, ErrNotFound):
		return outcome(op, dirsync.Vanished, err)
	case err != nil:
		return outcome(op, dirsync.Unknown, fmt.Errorf("restored, but not seen since: %w", err))
	case a.Status == dirsync.StatusPendingDeletion:
		return with(outcome(op, dirsync.Failed, errors.New("the restore was accepted, but the user is still in Duo's Trash")), a)
	}
	return changed(op, fields, a)
}

// trash puts a user into the Trash and looks whether it is there. Where it is
// not, that is all: delete never stands in for trash.
func (t *Target) trash(ctx context.Context, op *dirsync.Op) dirsync.Result {
	sendErr := t.client.TrashUsers(ctx, op.User)
	if sendErr != nil && !answered(sendErr) {
		return outcome(op, dirsync.Failed, sendErr)
	}
	a, err := t.client.User(ctx, op.User)
	switch {
	case errors.Is(err, ErrNotFound):
		return outcome(op, dirsync.Vanished, err)
	case err != nil && sendErr != nil:
		return outcome(op, dirsync.Failed, unseen(sendErr, err))
	case err != nil:
		return outcome(op, dirsync.Unknown, fmt.Errorf("sent to Duo's Trash, but not seen there: %w", err))
	case a.Status == dirsync.StatusPendingDeletion:
		return done(op, a)
	case sendErr != nil:
		return with(outcome(op, dirsync.Refused, fmt.Errorf("not put into Duo's Trash: %w", sendErr)), a)
	}
	err = fmt.Errorf("the move to Duo's Trash was accepted, but the user is still %q", a.Status)
	return with(outcome(op, dirsync.Refused, err), a)
}

// statusBefore is the status that an operation starts from, "" where it leaves
// the status alone.
func statusBefore(op *dirsync.Op) string {
	for _, c := range op.Changes {
		if c.Field == dirsync.FieldStatus {
			return c.Before
		}
	}
	return ""
}

// remove deletes a user for good. One that is gone already is what was wanted.
func (t *Target) remove(ctx context.Context, op *dirsync.Op) dirsync.Result {
	if err := t.client.DeleteUser(ctx, op.User); err != nil && !errors.Is(err, ErrNotFound) {
		return outcome(op, dirsync.Failed, err)
	}
	return done(op, nil)
}

// undecided is the fate of a create that was not seen in Duo.
func undecided(open bool) dirsync.Fate {
	if open {
		return dirsync.Unknown
	}
	return dirsync.Failed
}

func wasSent(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.Sent
}

func fromDuo(err error) bool {
	var e *Error
	return errors.As(err, &e) && e.FromDuo
}

// unseen is a failure whose effect could not be looked at.
func unseen(err, lookErr error) error {
	return fmt.Errorf("%w; what became of it could not be seen: %w", err, lookErr)
}

func taken(name string, holder *dirsync.Account) error {
	return fmt.Errorf("the name %q is held by the Duo user %s (username %q, status %q), who is not the one asked for",
		name, holder.ID, tidy(holder.Username), holder.Status)
}

// refusal says in words which field Duo will not have.
func refusal(fields dirsync.Fields, err error) error {
	var e *Error
	if !errors.As(err, &e) {
		return err
	}
	message := e.Message
	if message == "" {
		message = string(e.Kind)
	}
	if e.Kind == ErrLimit {
		text := fmt.Sprintf("Duo refuses the user: a limit is exceeded (50001: %s)", message)
		return dirsync.WithHint(errors.New(text), "see the limits at https://duo.com/docs/rate-limits")
	}
	value, known := fields[strings.ToLower(e.Detail)]
	what := "the user"
	switch n := utf8.RuneCountInString(value); {
	case known && n == 0:
		what = "an empty " + e.Detail
	case known:
		what = fmt.Sprintf("%s (%d characters long)", e.Detail, n)
	case e.Detail != "":
		message += " (" + e.Detail + ")"
	}
	text := fmt.Sprintf("Duo refuses %s: %s", what, message)
	return dirsync.WithHint(errors.New(text), "correct the value in the directory, or the mapping")
}
