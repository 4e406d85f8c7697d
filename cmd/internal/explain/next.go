package explain

import (
	"slices"
	"strings"

	"duosync/cmd/internal/report/explanation"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// next says what the next run does about a person, and why.
func (e *explainer) next(d *dirsync.Decision) {
	n := &e.doc.Next
	n.Decided(d)
	n.Refresh = e.x.Run.RefreshReason
	e.doc.Warnings = append(e.doc.Warnings, d.Warnings...)
	switch l := d.Link; {
	case e.x.Run.Err != nil:
		n.Because(explanation.RunFails, phrase.Error(e.x.Run.Err))
	case len(d.Operations) > 0:
		e.nextOperations(d)
	case len(d.Conflicts) > 0:
		n.Because(explanation.Unsettled, d.Conflicts[0].Reason)
	case d.Heir+d.Ancestor != "":
		n.Because(explanation.Undecided, d.Heir+d.Ancestor) // one of them is set
		n.Result = dirsync.ResultHeld
	case d.Waiting != nil:
		e.nextWaits(d.Waiting, d.Delayed)
	case d.Shadowed != "":
		n.Because(explanation.InShadow, d.Shadowed)
	case d.Skipped == dirsync.SkippedProtected:
		n.Because(explanation.Protected)
	case d.Skipped == dirsync.SkippedLocked:
		n.Because(explanation.Locked, standing(d.Person))
	case e.doc.Scope.Excluded():
		n.Because(explanation.Excluded, e.doc.Scope.Rule)
	case l == nil:
		n.Because(explanation.OutsideNotOurs)
	case d.Ends:
		n.Because(explanation.Forgotten)
	case l.LetGo != "":
		n.Because(explanation.LetGo)
	case e.doc.Attention != nil && l.Missing != nil:
		n.Because(explanation.NeedsHuman, e.doc.Attention.Reason)
	case l.Missing != nil || !e.doc.Scope.In:
		e.nextKept(l)
	case e.doc.Attention != nil:
		n.Because(explanation.NeedsHuman, e.doc.Attention.Reason)
	case len(e.doc.Duo.Changed) > 0:
		n.Because(explanation.ChangedByOthers)
	case l.Marked:
		n.Because(explanation.KeptDisabled)
	default:
		n.Because(explanation.InStep)
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
		n.Because(explanation.Blocked, first.Blocked)
		return
	}
	if n.Result == dirsync.ResultHeld || slices.ContainsFunc(d.Guards, func(g dirsync.Guard) bool { return !g.Partial }) {
		n.Result = dirsync.ResultHeld
		n.Reason += "; but a guard holds it"
	}
}

func (e *explainer) nextWaits(w *dirsync.Waiting, delayed bool) {
	why := explanation.NotDue
	if delayed && !w.Due.After(e.past.At) {
		why = explanation.OneMoreRead
	}
	e.doc.Next.Because(why, w.Action, phrase.ShortTime(w.Due), phrase.ShortTime(w.Since))
}

// nextKept is for a person who is missing, and to whom nothing more will happen.
func (e *explainer) nextKept(l *dirsync.Link) {
	key := "sync.on_missing"
	if e.doc.Entry.Found != explanation.FoundNowhere {
		key = "sync.on_out_of_scope"
	}
	why := explanation.Kept
	if l.Missing != nil && l.Missing.Step != "" {
		why = explanation.AllStepsDone
	}
	e.doc.Next.Because(why, key)
}
