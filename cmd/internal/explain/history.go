package explain

import (
	"context"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	"duosync/state"
	dirsync "duosync/sync"
)

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
			e.doc.Warnings = append(e.doc.Warnings, phrase.Error(err))
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
		doc, err := e.past.Unfinished(ctx, r)
		if err == nil {
			e.doc.History.Add(doc, pastSteps, meant.of)
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
	return e.doc.History.AddStored(r.ID, phrase.Stamp(r.Started), run.Report, pastSteps, meant.of)
}
