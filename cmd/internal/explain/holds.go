package explain

import (
	"context"
	"slices"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// holds tells what keeps the person's operations back, and what has been let
// through.
func (e *explainer) holds(ctx context.Context, d *dirsync.Decision) error {
	meta, err := e.past.Meta(ctx)
	if err != nil {
		return err
	}
	add := func(h explanation.Hold) {
		h.Reason = printed.Runnable(h.Reason, e.Flags)
		e.doc.Holds = append(e.doc.Holds, h)
	}
	if meta.Paused != nil {
		why := meta.Paused.Reason
		if why != "" {
			why = " (" + why + ")"
		}
		since := phrase.ShortTime(meta.Paused.Since)
		if meta.Paused.By != "" {
			since += " by " + meta.Paused.By
		}
		add(explanation.PausedSince.With(since, why))
	}
	for i := range d.Guards {
		if g := &d.Guards[i]; len(d.Operations) > 0 || names(g, d.ID) {
			add(e.guardHold(g))
		}
	}
	approvals, err := e.past.Approvals(ctx, e.past.At)
	if err != nil {
		return err
	}
	for i := range approvals {
		if a := &approvals[i]; slices.ContainsFunc(d.Operations, func(o *dirsync.Operation) bool { return covers(a, o.Op) }) {
			add(explanation.ApprovedUntil.With(a.ID, phrase.ShortTime(a.Until)))
		}
	}
	if err := e.marked(ctx, d, add); err != nil || d.ID == "" {
		return err
	}
	last, settled, err := e.past.LastHold(ctx)
	if err != nil || last == nil {
		return err
	}
	concerns := func(g *report.Guard) bool {
		if slices.ContainsFunc(d.Guards, func(now dirsync.Guard) bool { return now.Name == g.Name && now.About == g.About }) {
			return true
		}
		held, found, err := e.past.Hold(ctx, g.ApprovalID)
		return err == nil && found && slices.ContainsFunc(d.Operations, func(o *dirsync.Operation) bool { return covers(held, o.Op) })
	}
	for _, h := range explanation.HeldIn(last, func(o *report.Operation) bool { return o.SourceID == d.ID }, settled, concerns) {
		add(h)
	}
	return nil
}

// names reports whether a guard holds a person, be an operation held or not.
func names(g *dirsync.Guard, id dirsync.SourceID) bool {
	return g.Partial && slices.Contains(g.Hold.People, id)
}

// guardHold tells of a guard that will hold the next run. Of ids_changed it gives the
// command that is about the one person.
func (e *explainer) guardHold(g *dirsync.Guard) explanation.Hold {
	h := explanation.GuardHold(g)
	if a := e.doc.Attention; g.Name == dirsync.GuardIDsChanged && a != nil && a.Remedy != "" {
		h.Remedy = a.Remedy
	}
	return h
}

// covers reports whether an operation is among those that an approval lets through.
func covers(a *dirsync.Approval, op *dirsync.Op) bool {
	return slices.ContainsFunc(a.Holds, func(h dirsync.Hold) bool { return slices.Contains(h.Keys, op.Key()) })
}

// marked tells that the user is kept disabled by hand.
func (e *explainer) marked(ctx context.Context, d *dirsync.Decision, add func(explanation.Hold)) error {
	m, err := e.mark(ctx, d)
	if err != nil || m == nil || !m.Stands() {
		return err
	}
	add(explanation.DisabledSince.With(phrase.ShortTime(m.Since), m.By, m.Reason, printed.ShellWord(m.Username)))
	return nil
}
