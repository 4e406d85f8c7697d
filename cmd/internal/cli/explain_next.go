package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

// next says what the next run does about a person, and why.
func (e *explainer) next(d *dirsync.Decision) {
	n := &e.doc.Next
	n.Decided(d)
	n.Refresh = e.x.Run.RefreshReason
	e.doc.Warnings = append(e.doc.Warnings, d.Warnings...)
	set := func(action dirsync.Action, format string, args ...any) {
		n.Action, n.Reason = action, fmt.Sprintf(format, args...)
	}
	switch l := d.Link; {
	case e.x.Run.Err != nil:
		set(report.NextFail, "the run fails before it does anything: %s", report.Explain(e.x.Run.Err))
	case len(d.Operations) > 0:
		e.nextOperations(d)
	case len(d.Conflicts) > 0:
		set(report.NextConflict, "%s", d.Conflicts[0].Reason)
	case d.Waiting != nil:
		e.nextWaits(d.Waiting, d.Delayed)
	case d.Skipped == dirsync.SkippedProtected:
		set(report.NextSkip, "nothing: sync.scope.protect has this username")
	case d.Skipped == dirsync.SkippedLocked:
		set(report.NextSkip, "not created in Duo while %s in the directory: a licence saved", d.Person.Standing)
	case e.doc.Scope.Rule == keyExcludeUsers || e.doc.Scope.Rule == keyExcludeGroups:
		set(report.NextSkip, "nothing: excluded by %s", e.doc.Scope.Rule)
	case l == nil:
		set(report.NextNone, "nothing: not in scope, and no Duo user is ours")
	case d.Ends:
		set(report.NextNone, "nothing is left to do in Duo; duosync forgets the person")
	case l.LetGo != "":
		set(report.NextNone, "nothing: the user was let go")
	case l.Missing != nil || !e.doc.Scope.In:
		e.nextKept(l)
	case len(e.doc.Duo.Changed) > 0:
		set(report.NextNone, "nothing yet: in step with the directory; what was changed in Duo is looked at when all of Duo is read again")
	default:
		set(report.NextNone, "nothing: in step with the directory")
	}
}

// nextOperations tells of the operations, the first one first.
func (e *explainer) nextOperations(d *dirsync.Decision) {
	n := &e.doc.Next
	first := d.Operations[0]
	n.Action, n.Result = first.Action, first.Result
	var reasons []string
	for _, o := range d.Operations {
		text := o.Reason
		if len(d.Operations) > 1 {
			text = string(o.Action) + ": " + o.Reason
		}
		if !slices.Contains(reasons, text) {
			reasons = append(reasons, text)
		}
		if o.Result == dirsync.ResultHeld {
			n.Result = o.Result
		}
	}
	n.Reason = strings.Join(reasons, "; ")
	if first.Blocked != "" {
		n.Action, n.Reason = report.NextFail, first.Blocked
		return
	}
	if len(d.Guards) > 0 {
		n.Result = dirsync.ResultHeld
		n.Reason += "; but a guard holds it"
	}
}

func (e *explainer) nextWaits(w *dirsync.Waiting, delayed bool) {
	reason := fmt.Sprintf("nothing yet: %s on %s, missing since %s", w.Action, shortTime(w.Due), shortTime(w.Since))
	if delayed && !w.Due.After(e.past.at) {
		reason += "; it is due, and waits one more complete read, since another server answered than last time"
	}
	e.doc.Next.Action, e.doc.Next.Reason = report.NextWait, reason
}

func shortTime(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// nextKept is for a person who is missing, and to whom nothing more will happen.
func (e *explainer) nextKept(l *dirsync.Link) {
	key := "sync.on_missing"
	if e.doc.Entry.Found != report.FoundNowhere {
		key = "sync.on_out_of_scope"
	}
	e.doc.Next.Action = report.NextNone
	e.doc.Next.Reason = "nothing: " + key + " leaves the Duo user as it is"
	if l.Missing != nil && l.Missing.Step != "" {
		e.doc.Next.Reason = "nothing: all that " + key + " asks for has been done"
	}
}

// holds tells what keeps the person's operations back, and what has been let
// through.
func (e *explainer) holds(ctx context.Context, d *dirsync.Decision) error {
	meta, err := e.past.Meta(ctx)
	if err != nil {
		return err
	}
	add := func(h report.Hold) { e.doc.Holds = append(e.doc.Holds, h) }
	if meta.Paused != nil {
		text := "writing to Duo is paused since " + shortTime(meta.Paused.Since)
		if meta.Paused.Reason != "" {
			text += " (" + meta.Paused.Reason + ")"
		}
		add(report.Hold{Kind: report.HoldPaused, Reason: text + "; duosync resume lets it go on"})
	}
	if len(d.Operations) > 0 {
		for i := range d.Guards {
			add(report.GuardHold(&d.Guards[i]))
		}
	}
	approvals, err := e.past.Approvals(ctx, e.past.at)
	if err != nil {
		return err
	}
	for i := range approvals {
		if a := &approvals[i]; slices.ContainsFunc(d.Operations, func(o *dirsync.Operation) bool { return covers(a, o.Op) }) {
			add(report.Hold{Kind: report.HoldApproved, Reason: fmt.Sprintf("approved: %s lets this through, once, until %s", a.ID, shortTime(a.Until))})
		}
	}
	if err := e.marked(ctx, d, add); err != nil || d.ID == "" {
		return err
	}
	last, err := e.past.lastHold(ctx)
	if err != nil || last == nil {
		return err
	}
	settled, err := e.past.settled(ctx, last)
	if err != nil {
		return err
	}
	concerns := func(g *report.Guard) bool {
		if slices.ContainsFunc(d.Guards, func(now dirsync.Guard) bool { return now.Name == g.Name && now.About == g.About }) {
			return true
		}
		held, found, err := e.past.Hold(ctx, g.ApprovalID)
		return err == nil && found && slices.ContainsFunc(d.Operations, func(o *dirsync.Operation) bool { return covers(held, o.Op) })
	}
	for _, h := range last.HeldIn(func(o *report.Operation) bool { return o.SourceID == d.ID }, settled, concerns) {
		add(h)
	}
	return nil
}

// covers reports whether an operation is among those that an approval lets through.
func covers(a *dirsync.Approval, op *dirsync.Op) bool {
	return slices.ContainsFunc(a.Holds, func(h dirsync.Hold) bool { return slices.Contains(h.Keys, op.Key()) })
}

// mark gives the mark that keeps the user disabled; nil: there is none.
func (e *explainer) mark(ctx context.Context, d *dirsync.Decision) (*dirsync.Mark, error) {
	marks, err := standingMarks(ctx, e.past)
	if err != nil {
		return nil, err
	}
	t := e.traces(d)
	for i := range marks {
		m := &marks[i]
		if m.User == t.user || t.id != "" && m.Source == t.id || t.username != "" && dirsync.FoldName(m.Username) == dirsync.FoldName(t.username) {
			return m, nil
		}
	}
	return nil, nil
}

// marked tells that the user is kept disabled by hand.
func (e *explainer) marked(ctx context.Context, d *dirsync.Decision, add func(report.Hold)) error {
	m, err := e.mark(ctx, d)
	if err != nil || m == nil {
		return err
	}
	add(report.Hold{Kind: report.HoldDisabled, Reason: fmt.Sprintf("kept disabled since %s by %s (%s), whatever the directory says; duosync enable %s ends that",
		shortTime(m.Since), m.By, m.Reason, m.Username)})
	return nil
}

// pastSteps is how much of the past is told.
const pastSteps = 20

// history tells what the last runs did to the user.
func (e *explainer) history(ctx context.Context, d *dirsync.Decision) error {
	runs, err := e.past.Runs(ctx, 0)
	if err != nil {
		return err
	}
	meant := e.traces(d)
	for i := range runs {
		if len(e.doc.History) >= pastSteps {
			break
		}
		if err := e.pastRun(ctx, &runs[i], meant); err != nil {
			e.doc.Warnings = append(e.doc.Warnings, report.Explain(err))
		}
	}
	if s := e.doc.Snapshot; s != nil && s.Origin == dirsync.Adopted {
		for _, h := range e.doc.History {
			if h.Action == dirsync.Adopt && h.User == s.User && h.Result == dirsync.ResultApplied {
				s.Since = h.Started
			}
		}
	}
	return nil
}

func (e *explainer) pastRun(ctx context.Context, r *state.Run, meant traces) error {
	if r.Summary == nil {
		doc, err := e.past.unfinished(ctx, r)
		if err == nil {
			e.doc.PastOf(doc, pastSteps, meant.of)
		}
		return err
	}
	head, err := report.DecodeHead(r.Summary)
	if err != nil || head.Planned() == 0 {
		return err
	}
	run, found, err := e.past.Run(ctx, r.ID)
	if err != nil || !found || !report.Mentions(run.Report, string(meant.id), meant.user, meant.username) {
		return err
	}
	return e.doc.Past(r.ID, stamped(r.Started), run.Report, pastSteps, meant.of)
}

// traces are what a user leaves in a report.
type traces struct {
	id             dirsync.SourceID
	user, username string
}

func (e *explainer) traces(d *dirsync.Decision) traces {
	t := traces{id: d.ID}
	switch {
	case d.Link != nil:
		t.user, t.username = d.Link.User, d.Link.Answered.Username
	case e.doc.Duo.User != nil:
		t.user, t.username = e.doc.Duo.User.ID, e.doc.Duo.User.Username
	}
	for _, f := range e.doc.Fields {
		if f.Field == dirsync.FieldUsername {
			t.username = f.After.Text()
		}
	}
	return t
}

// of reports whether an operation was one on the user.
func (t traces) of(o *report.Operation) bool {
	return t.id != "" && o.SourceID == t.id || t.user != "" && o.User == t.user ||
		t.username != "" && dirsync.FoldName(o.Username) == dirsync.FoldName(t.username)
}
