package decide

import (
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Rules is what the configuration asks of a run.
type Rules struct {
	mapping.Rules
	// EnrollMails is how many enrollment mails a run may send; 0: none is sent to
	// anybody.
	EnrollMails int

	// Existing says what becomes of a Duo user of a wanted name that is not
	// ours.
	Existing Existing

	OnMissing    Removal
	OnOutOfScope Removal

	Limits dirsync.Limits

	// RefreshEvery is how often all of Duo is read; 0: in each run.
	RefreshEvery time.Duration
	// ReportDrift reports whether drift of a field is told only, not mended.
	ReportDrift func(field string) bool
	// MaxDuration ends a run at the next border between operations; 0: never.
	MaxDuration time.Duration
}

// Existing is a policy for Duo users of a wanted name that are not ours.
type Existing string

// Report tells of a conflict. AdoptIfEmailMatches adopts where both e-mail
// addresses are there and equal without case.
const (
	ExistingReport              Existing = "report"
	ExistingAdopt               Existing = "adopt"
	ExistingAdoptIfEmailMatches Existing = "adopt_if_email_matches"
)

// Keep is the removal action that leaves the Duo user as it is.
const Keep dirsync.Action = "keep"

// Removal says what becomes of a user whose person is missing.
type Removal struct {
	Action dirsync.Action // Disable, Trash, Delete or Keep
	After  time.Duration  // since the first complete read without the person
	Then   dirsync.Action // Trash, Delete or Keep; after a Disable
	Grace  time.Duration  // from the disabling to Then
}

// Next returns the step that follows for a missing link and when it is due.
// ok is false when nothing follows. Disabling counts from the first read that missed the
// person, the Trash and deleting from when the present reason began.
func (r Removal) Next(m *dirsync.Missing, origin dirsync.Origin) (step dirsync.Action, due time.Time, ok bool) {
	switch {
	case m.Step == "" && r.Action == dirsync.Disable:
		step, due = r.Action, m.Since.Add(r.After)
	case m.Step == "":
		step, due = r.Action, m.Start().Add(r.After)
	case m.Step == dirsync.Disable && r.Action == dirsync.Disable:
		step, due = r.Then, later(m.At, m.Start()).Add(r.Grace)
	case m.Step == dirsync.Disable: // disabled on the way to the Trash, or to the end
		step, due = r.Action, later(m.At, m.Start().Add(r.After))
	default:
		return "", time.Time{}, false
	}
	if step == dirsync.Delete && origin == dirsync.Adopted {
		step = dirsync.Trash // what we did not make we do not destroy
	}
	return step, due, step != Keep && step != ""
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// next is Next for a link whose reason may have changed: it is disabled by the earlier of
// both rules.
func (r *Rules) next(m *dirsync.Missing, origin dirsync.Origin) (step dirsync.Action, due time.Time, ok bool) {
	step, due, ok = r.Removal(m.Why).Next(m, origin)
	if m.Step != "" || step != dirsync.Disable || m.Start().Equal(m.Since) {
		return step, due, ok
	}
	other := r.OnOutOfScope
	if m.Why == dirsync.OutOfScope {
		other = r.OnMissing
	}
	if before := m.Since.Add(other.After); other.Action == dirsync.Disable && before.Before(due) {
		due = before
	}
	return step, due, ok
}

// Removal gives what becomes of a user whose person is missing for that reason.
func (r *Rules) Removal(why string) Removal {
	if why == dirsync.OutOfScope {
		return r.OnOutOfScope
	}
	return r.OnMissing
}
