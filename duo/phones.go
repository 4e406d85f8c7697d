package duo

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"duosync/duo/api"
	"duosync/duo/gate"
	"duosync/duo/once"
	"duosync/duo/operation"
	"duosync/duo/values"
	dirsync "duosync/sync"
)

// phone carries out one step with a phone of the user.
func (s *steps) phone(ctx context.Context, step *dirsync.PhoneStep) (dirsync.Fate, error) {
	switch step.Do {
	case dirsync.PhoneMake:
		return s.makePhone(ctx, step)
	case dirsync.PhoneRemove:
		return s.removePhone(ctx, step)
	}
	return s.attach(ctx, step.ID, step.Text())
}

// makePhone makes a phone and attaches it. What is found under its number instead
// is
//
//	in use by somebody else                       taken, unless it may be shared
//	there, after a reply that was lost, and bare  ours: this call has made it
//	there otherwise                               attached, but not ours
func (s *steps) makePhone(ctx context.Context, step *dirsync.PhoneStep) (dirsync.Fate, error) {
	number := step.Text()
	m := once.Make(ctx, s.client,
		func(ctx context.Context) (*dirsync.Phone, error) {
			return s.client.CreatePhone(ctx, step.Number, step.Extension, step.Type)
		},
		func(ctx context.Context, made *dirsync.Phone) error { return s.phoneThere(ctx, made.ID, step) },
		func(ctx context.Context) (*dirsync.Phone, error) {
			return s.client.PhoneByNumber(ctx, step.Number, step.Extension)
		})
	switch {
	case m.Made != nil:
		s.made(m.Made.ID, step)
		return s.attach(ctx, m.Made.ID, number)
	case m.Found != nil:
		if others := dirsync.Without(m.Found.Users, []string{s.user}); len(others) > 0 && !step.Share {
			return dirsync.Taken, fmt.Errorf("the phone %s belongs to another Duo user (%s)", number, others[0])
		}
		if m.Lost && operation.MadeBy(step, s.user, m.Found) {
			s.made(m.Found.ID, step)
		}
		return s.attach(ctx, m.Found.ID, number)
	case m.Fate == dirsync.Refused:
		return values.NotStepped(m.Err, "the phone "+number, phoneLimits())
	case errors.Is(m.Err, api.ErrDuplicate):
		return m.Fate, fmt.Errorf("%w; but no phone is found by the number %s", m.Err, number)
	}
	return m.Fate, m.Err
}

// phoneThere makes sure that a phone which was made is there under the id that Duo
// answered, and nobody else's: it is attached by that id alone.
func (s *steps) phoneThere(ctx context.Context, id string, step *dirsync.PhoneStep) error {
	const call = "POST /admin/v1/phones"
	p, err := s.client.Phone(ctx, id)
	switch {
	case errors.Is(err, api.ErrNotFound):
		return s.client.Stray(call, "the phone "+id+", which is not there")
	case err != nil:
		return err
	case p.Text() != step.Text():
		return s.client.Stray(call, "the phone "+id+", which has another number")
	case len(dirsync.Without(p.Users, []string{s.user})) > 0:
		return s.client.Stray(call, "the phone "+id+", which is another user's")
	}
	return nil
}

func (s *steps) made(id string, step *dirsync.PhoneStep) {
	s.result.Made = append(s.result.Made, dirsync.OwnPhone{ID: id, Number: step.Text()})
}

func (s *steps) attach(ctx context.Context, id, number string) (dirsync.Fate, error) {
	err := s.client.AttachPhone(ctx, s.user, id)
	switch {
	case err == nil:
		return dirsync.Done, nil
	case errors.Is(err, api.ErrNotFound):
		return s.absent(ctx, err, "the phone "+number)
	}
	return values.NotStepped(err, "the phone "+number, phoneLimits())
}

// removePhone takes a phone from the user, and deletes it where nobody else has
// it. One that is somebody else's matter by now is let be (see Result.Kept): it was
// activated, has another number, or belongs to another user after its own is gone.
func (s *steps) removePhone(ctx context.Context, step *dirsync.PhoneStep) (dirsync.Fate, error) {
	p, err := s.client.Phone(ctx, step.ID)
	if err == nil && keep(s.user, step, p, s.result) {
		return dirsync.Done, nil
	}
	if err == nil && slices.Contains(p.Users, s.user) {
		sendErr := s.client.DetachPhone(ctx, s.user, step.ID)
		if gate.RefusalOf(sendErr) != nil {
			return dirsync.Failed, sendErr
		}
		s.sent = true
		p, err = s.client.Phone(ctx, step.ID)
		if sendErr != nil && err == nil && slices.Contains(p.Users, s.user) {
			return values.NotStepped(sendErr, "the removal of the phone "+step.Text(), phoneLimits())
		}
	}
	switch {
	case errors.Is(err, api.ErrNotFound):
		return s.phoneRemoved(ctx, step)
	case err != nil:
		return dirsync.Failed, err
	case keep(s.user, step, p, s.result), len(p.Users) > 0: // changed meanwhile; or shared with others
		return dirsync.Done, nil
	}
	if err := s.client.DeletePhone(ctx, step.ID); err != nil && !errors.Is(err, api.ErrNotFound) {
		return values.NotStepped(err, "the removal of the phone "+step.Text(), phoneLimits())
	}
	return s.phoneRemoved(ctx, step)
}

// keep reports whether a phone that is to be removed from a user ("" is one who is gone) is somebody else's matter by now, and
// notes that in the result.
func keep(user string, step *dirsync.PhoneStep, p *dirsync.Phone, r *dirsync.Result) bool {
	own := dirsync.OwnPhone{ID: step.ID, Number: step.Text()}
	kept, others := dirsync.KeptFor(own, p)
	if !others && user == "" && len(p.Users) > 0 {
		kept, others = dirsync.KeptByOthers(own, p.Users[0]), true
	}
	if others {
		r.Kept = append(r.Kept, kept)
	}
	return others
}

// phoneRemoved takes a phone for one that exists no more where that is certain.
func (s *steps) phoneRemoved(ctx context.Context, step *dirsync.PhoneStep) (dirsync.Fate, error) {
	if err := s.phoneGone(ctx, step); err != nil {
		return dirsync.Failed, fmt.Errorf("the phone %s is not gone for certain: %w", step.Text(), err)
	}
	s.result.Removed = append(s.result.Removed, step.ID)
	return dirsync.Done, nil
}

// deletePhones deletes the phones of a user who is gone.
func (t *Target) deletePhones(ctx context.Context, op *dirsync.Op) dirsync.Result {
	r := done(op, nil)
	s := t.newSteps(&r)
	s.user = ""
	for i := range op.Phones {
		s.try(ctx, dirsync.FieldPhones, func() (dirsync.Fate, error) { return s.removePhone(ctx, &op.Phones[i]) })
	}
	s.conclude()
	if s.shut != nil && !s.sent {
		return outcome(op, dirsync.Failed, s.shut)
	}
	return r
}
