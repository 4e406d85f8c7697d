package past

import (
	"context"
	"errors"
	"slices"
	"time"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// Standing is what stands in a state: how the last runs went, whoever made them, and what
// goes on until somebody acts.
type Standing struct {
	Paused    *dirsync.Pause      // nil: writing goes on
	Attention []dirsync.Attention // by username
	Absent    bool                // there is no state: all else is as in an empty one
	Refreshed time.Time           // start of the last complete read of Duo; zero: never
	Day       *dirsync.Day        // the newest there is; nil: none
	// Last is the newest run that has ended, Over the newest of those over all people, and
	// Weighed the newest of these that came to the guards. They are without their operations;
	// nil: there is none.
	Last, Over, Weighed *report.Document
	// Held are the guards of Weighed that hold something of which nobody has decided.
	Held []report.Guard
	// Troubles are what does not work beside the runs.
	Troubles []report.Trouble
	// Success is the end of the newest run that was complete and not held whole, as far as
	// it can be told without looking into each; zero: there is none.
	Success time.Time
	// Overview is what pages tell beside it; nil where nobody has asked for it.
	Overview *Overview
}

// Unwell says what stands that a human should know before all is called well, but for those
// who need attention; nothing where there is nothing.
func (s *Standing) Unwell() []string {
	var words []string
	if s.Paused != nil {
		words = append(words, dirsync.ErrPaused.Error())
	}
	if s.Last != nil && failing[s.Last.Outcome] != "" {
		words = append(words, "the last run "+failing[s.Last.Outcome])
	}
	if s.Over != nil && s.Over.RunID != s.Last.RunID && failing[s.Over.Outcome] != "" {
		words = append(words, "the last run over all people "+failing[s.Over.Outcome])
	}
	switch whole := slices.ContainsFunc(s.Held, func(g report.Guard) bool { return g.WholeRun }); {
	case whole:
		words = append(words, "a guard holds the whole run")
	case len(s.Held) > 0:
		words = append(words, "a guard holds a part of the run")
	}
	for i := range s.Troubles {
		words = append(words, s.Troubles[i].Words())
	}
	return words
}

// failing says what is wrong with an outcome.
var failing = map[string]string{dirsync.OutcomeFailed: "failed", dirsync.OutcomePartial: "left some people out"}

// Of gives a state that is open already, as it is at a time. holder is who had its lock
// then, as [state.Holder] gives it; flags are [Moment.Flags].
func Of(db *state.DB, at time.Time, holder, flags string) *Moment {
	return &Moment{DB: db, At: at, Flags: flags, holder: holder}
}

// StandingOf gives what stands in the state of that name. flags are [Moment.Flags].
func StandingOf(ctx context.Context, dsn, flags string) (found *Standing, err error) {
	m, err := Open(ctx, dsn)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, m.Close()) }()
	m.Flags = flags
	return m.Standing(ctx)
}

// Standing gives what stands in the state.
func (m *Moment) Standing(ctx context.Context) (*Standing, error) {
	s := &Standing{Absent: !m.IsThere()}
	meta, err := m.Meta(ctx)
	if err != nil {
		return nil, err
	}
	s.Paused, s.Attention, s.Refreshed = meta.Paused, attention(meta.Baseline, m.Flags), meta.Refreshed
	if meta.Baseline != nil {
		days, err := m.Days(ctx, meta.Baseline.At) // on whose day, or later, a complete run has ended
		if err != nil {
			return nil, err
		}
		if len(days) > 0 {
			s.Day = &days[len(days)-1]
		}
	}
	if s.Troubles, err = TroublesOf(ctx, m.DB); err != nil {
		return nil, err
	}
	if err := m.eachRun(ctx, func(run *state.Run, head *report.Head) (bool, error) { return s.take(ctx, m, run, head) }); err != nil {
		return nil, err
	}
	if s.Weighed == nil {
		return s, nil
	}
	settled, err := m.settled(ctx, s.Weighed)
	if err != nil {
		return nil, err
	}
	s.Held = s.Weighed.OpenGuards(settled)
	return s, nil
}

// take takes a run in, those before which there are newer ones last. It reports whether no
// further one is needed.
func (s *Standing) take(ctx context.Context, m *Moment, run *state.Run, head *report.Head) (done bool, err error) {
	if UnderWay(run, m.holder, m.At) {
		return false, nil
	}
	over := head == nil || overAll(head)
	first, firstOver, firstWeighed := s.Last == nil, s.Over == nil && over, s.Weighed == nil && weighed(run, head)
	if first || firstOver || firstWeighed {
		doc, err := m.brief(ctx, run, head)
		if err != nil {
			return false, err
		}
		if first {
			s.Last = doc
		}
		if firstOver {
			s.Over = doc
		}
		if firstWeighed {
			s.Weighed = doc
		}
		if s.Success.IsZero() && weighed(run, head) && head.Source.Complete && !doc.Stopped() {
			s.Success = run.Finished
		}
	}
	if s.Success.IsZero() && weighed(run, head) && head.Source.Complete && run.Outcome != dirsync.OutcomeHeld {
		s.Success = run.Finished
	}
	return s.Over != nil && s.Weighed != nil && !s.Success.IsZero(), nil
}

// overAll reports whether a run was to be over all people. One that failed before it had
// read the directory calls itself narrowed, too.
func overAll(h *report.Head) bool {
	return h.Only == "" && (!h.Narrowed || h.Outcome == dirsync.OutcomeFailed)
}

// brief gives the report of a run without its operations.
func (m *Moment) brief(ctx context.Context, run *state.Run, head *report.Head) (*report.Document, error) {
	if head == nil {
		doc, err := m.Unfinished(ctx, run)
		if err == nil {
			doc.Operations = report.Operations{}
		}
		return doc, err
	}
	whole, found, err := m.Run(ctx, run.ID)
	if err != nil {
		return nil, err
	}
	if !found || whole.Report == nil {
		return &report.Document{Head: *head}, nil
	}
	doc, err := report.DecodeBrief(whole.Report)
	if err == nil {
		doc.Reflag(m.Flags)
	}
	return doc, err
}
