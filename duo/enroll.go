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

// enrollMail lets Duo send a mail to a user without any device. The look at the
// user comes before the intent: an intent without an outcome counts as sent.
func (t *Target) enrollMail(ctx context.Context, op *dirsync.Op, intend intention) (dirsync.Result, error) {
	a, err := t.seeMade(ctx, op.User)
	if errors.Is(err, api.ErrNotFound) && !op.Follows {
		if doubt := t.nameless(ctx, op.User, op.Username); doubt != nil {
			err = doubtful(err, doubt)
		}
	}
	if err != nil { // no mail was sent
		t.writes.Count(err)
		fate := dirsync.Failed
		if errors.Is(err, api.ErrNotFound) && !op.Follows {
			fate = dirsync.Vanished
		}
		return outcome(op, fate, err), nil
	}
	email := a.Email
	if c := op.Change(dirsync.FieldEmail); c != nil && c.After != "" {
		email = c.After
	}
	if err := unfit(a, email); err != nil {
		return with(outcome(op, dirsync.Refused, err), a), nil
	}
	if err := intend.to(op); err != nil {
		return dirsync.Result{}, err
	}
	err = t.client.Enroll(ctx, a.Username, email)
	t.writes.Count(err)
	return with(enrolled(op, err), a), nil
}

// unfit says why a user is sent no enrollment mail, or nil.
func unfit(a *dirsync.Account, email string) error {
	switch {
	case a.Enrolled || len(a.Phones) > 0:
		return errors.New("no enrollment mail: the user has a device already")
	case a.Synced:
		return errors.New("no enrollment mail: Duo's own directory sync manages the user")
	case a.Status != dirsync.StatusActive:
		return fmt.Errorf("no enrollment mail: the user is %q in Duo", a.Status)
	case a.Username == "":
		return errors.New("no enrollment mail: the user has no username")
	case email == "":
		return errors.New("no enrollment mail: the user has no e-mail address")
	}
	return nil
}

// enrolled is what an answer to a mail means. Where it is not certain that Duo
// sent nothing, nobody knows, and it is not sent again.
func enrolled(op *dirsync.Op, err error) dirsync.Result {
	switch {
	case err == nil:
		return done(op, nil)
	case api.Stops(err), errors.Is(err, api.ErrRateLimited), !once.WasSent(err):
		return outcome(op, dirsync.Failed, err)
	case errors.Is(err, api.ErrInvalid):
		return outcome(op, dirsync.Refused, values.RefusedObject(err, "the enrollment mail"))
	case once.FromDuo(err) && (errors.Is(err, api.ErrNotFound) || errors.Is(err, api.ErrDuplicate) || errors.Is(err, api.ErrRejected)):
		return outcome(op, dirsync.Refused, err)
	}
	return outcome(op, dirsync.Unknown, fmt.Errorf("whether the enrollment mail was sent is not known: %w", err))
}
