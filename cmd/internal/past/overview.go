package past

import (
	"context"
	"time"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// Overview is what a page tells beside what stands: the last runs, and how things went.
type Overview struct {
	Binding   *dirsync.Binding // nil: no run has reached Duo yet
	Refreshed time.Time        // when all of Duo was last read; zero: never
	Recent    []report.Head    // the last runs, newest first
	Days      []dirsync.Day    // of the last time, oldest first
	Approvals []dirsync.Approval
	Marks     []dirsync.Mark // those that stand
	Groups    []dirsync.GroupLink
	Directory string // the directory, or directories, as the binding has it
	// Held are the first operations that the guards of the last weighed run hold, and HeldOf
	// the actions held of each person.
	Held   []report.Operation
	HeldOf map[dirsync.SourceID]dirsync.Action
}

const (
	heldListed = 200
	recentRuns = 60
	recentTime = 90 * 24 * time.Hour
)

// Overview reads it. standing is what stands, see [Moment.Standing].
func (m *Moment) Overview(ctx context.Context, standing *Standing) (*Overview, error) {
	o := &Overview{HeldOf: map[dirsync.SourceID]dirsync.Action{}}
	if len(standing.Held) > 0 {
		if err := m.heldIn(ctx, o, standing.Weighed.RunID, standing.Weighed.Stopped()); err != nil {
			return nil, err
		}
	}
	meta, err := m.Meta(ctx)
	if err != nil {
		return nil, err
	}
	if o.Binding, o.Refreshed = meta.Binding, meta.Refreshed; o.Binding != nil {
		o.Directory = o.Binding.Where()
	}
	if o.Recent, err = m.Heads(ctx, state.RunQuery{Limit: recentRuns}); err != nil {
		return nil, err
	}
	if o.Days, err = m.Days(ctx, m.At.Add(-recentTime)); err != nil {
		return nil, err
	}
	if o.Approvals, err = m.Approvals(ctx, m.At); err != nil {
		return nil, err
	}
	if o.Marks, err = StandingMarks(ctx, m.DB); err != nil {
		return nil, err
	}
	o.Groups, err = m.Groups(ctx)
	return o, err
}

// heldIn notes what a run held; whole: all that it did not come to.
func (m *Moment) heldIn(ctx context.Context, o *Overview, id string, whole bool) error {
	run, found, err := m.Run(ctx, id)
	if err != nil || !found || run.Report == nil {
		return err
	}
	return report.EachOperation(run.Report, func(op *report.Operation) {
		if op.Result != dirsync.ResultHeld && (!whole || op.Result != dirsync.ResultPlanned) {
			return
		}
		if len(o.Held) < heldListed {
			o.Held = append(o.Held, *op)
		}
		if op.SourceID != "" {
			o.HeldOf[op.SourceID] = op.Action
		}
	})
}

// Heads gives the runs that a query picks, newest first.
func (m *Moment) Heads(ctx context.Context, q state.RunQuery) ([]report.Head, error) {
	runs, err := m.RunsOf(ctx, q)
	if err != nil {
		return nil, err
	}
	heads := make([]report.Head, 0, len(runs))
	for i := range runs {
		heads = append(heads, m.listed(&runs[i]))
	}
	return heads, nil
}

// Head gives what a list tells of a run, by its id; nil: there is none.
func (m *Moment) Head(ctx context.Context, id string) (*report.Head, error) {
	runs, err := m.RunsOf(ctx, state.RunQuery{ID: id, Limit: 1})
	if err != nil || len(runs) == 0 {
		return nil, err
	}
	head := m.listed(&runs[0])
	return &head, nil
}

// listed gives what a list tells of a run: of one without a report, or with one of a newer
// duosync, no more than that it was.
func (m *Moment) listed(run *state.Run) report.Head {
	if run.Summary != nil {
		if head, err := report.DecodeHead(run.Summary); err == nil {
			return *head
		}
	}
	return report.Unreported(run.ID, run.By, run.Started, run.Finished, UnderWay(run, m.holder, m.At))
}

// Glance has the state of a DSN read as it is now, beside a run, see [state.Glance].
func Glance(ctx context.Context, dsn, flags string, look func(*Moment) error) error {
	at := time.Now()
	holder, err := state.Holder(dsn)
	if err != nil {
		return err
	}
	return state.Glance(ctx, dsn, func(db *state.DB) error { return look(Of(db, at, holder, flags)) })
}

// Neighbours gives the ids of the runs before one and after it; "": there is none.
func (m *Moment) Neighbours(ctx context.Context, id string) (before, after string, err error) {
	one := func(q state.RunQuery) (string, error) {
		q.Limit = 1
		runs, err := m.RunsOf(ctx, q)
		if err != nil || len(runs) == 0 {
			return "", err
		}
		return runs[0].ID, nil
	}
	if before, err = one(state.RunQuery{Before: id}); err != nil {
		return "", "", err
	}
	after, err = one(state.RunQuery{After: id})
	return before, after, err
}

// Person is somebody as the state knows them.
type Person struct {
	ID    dirsync.SourceID
	Link  *dirsync.Link // nil: nobody in Duo is theirs
	Mark  *dirsync.Mark // that stands, or was lifted and no run has looked since; nil: there is none
	Steps []Step        // what runs did, newest first
	// Concerned names the guards of the last hold that hold something about the person.
	Concerned []string
	Refreshed time.Time
}

// Step is an operation of a past run, with what became of it.
type Step struct {
	RunID string
	At    time.Time
	report.Operation
}

// steps is how much of the past is told of a person.
const steps = 50

// Person reads what is known of somebody; nil: nothing is. held are the guards that hold
// something, see [Standing].
func (m *Moment) Person(ctx context.Context, id dirsync.SourceID, held []report.Guard) (*Person, error) {
	p := &Person{ID: id}
	links, err := m.Load(ctx, []dirsync.SourceID{id})
	if err != nil {
		return nil, err
	}
	if len(links) > 0 {
		p.Link = &links[0]
	}
	marks, err := m.Marks(ctx)
	if err != nil {
		return nil, err
	}
	for i := range marks {
		if k := &marks[i]; k.Source == id || p.Link != nil && k.User == p.Link.User {
			p.Mark = k
		}
	}
	past, err := m.StepsOf(ctx, id, steps)
	if err != nil {
		return nil, err
	}
	for i := range past {
		p.Steps = append(p.Steps, stepOf(&past[i]))
	}
	for i := range held {
		switch hold, found, err := m.Hold(ctx, held[i].ApprovalID); {
		case err != nil || !found: // it was used, or has no approval
		case concerns(hold, id):
			p.Concerned = append(p.Concerned, held[i].ApprovalID)
		}
	}
	meta, err := m.Meta(ctx)
	p.Refreshed = meta.Refreshed
	return p, err
}

func concerns(hold *dirsync.Approval, id dirsync.SourceID) bool {
	for i := range hold.Holds {
		for _, person := range hold.Holds[i].People {
			if person == id {
				return true
			}
		}
	}
	return false
}

func stepOf(s *state.PastStep) Step {
	result, problem := became(&s.Step)
	if s.Done.IsZero() {
		result, problem = dirsync.ResultPlanned, "what became of it is not known yet"
	}
	return Step{RunID: s.RunID, At: s.At, Operation: report.OperationOf(s.Op, result, problem)}
}
