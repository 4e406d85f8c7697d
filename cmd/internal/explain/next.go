package explain

import (
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/report"
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
	reason := fmt.Sprintf("nothing yet: %s on %s, missing since %s", w.Action, report.ShortTime(w.Due), report.ShortTime(w.Since))
	if delayed && !w.Due.After(e.past.At) {
		reason += "; it is due, and waits one more complete read, since another server answered than last time"
	}
	e.doc.Next.Action, e.doc.Next.Reason = report.NextWait, reason
}

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
