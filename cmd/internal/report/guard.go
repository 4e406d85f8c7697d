package report

import (
	"cmp"
	"slices"
	"strings"

	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Guard is one limit or doubt, and how the plan stands to it. WholeRun: where it
// holds, nothing is written; else what follows from it is held, and all else goes
// on. Approve is the command that lets it through, Remedy what else ends it; both
// are "" where nothing is held.
type Guard struct {
	Name       string        `json:"name"`
	Limit      string        `json:"limit"`
	Affected   int           `json:"affected"`
	Total      int           `json:"total"`
	Held       bool          `json:"held"`
	WholeRun   bool          `json:"whole_run"`
	About      dirsync.About `json:"about"`
	ApprovalID string        `json:"approval_id"`
	Approve    string        `json:"approve"`
	Remedy     string        `json:"remedy"`
	Since      string        `json:"since"`  // start of the first run that it held
	Names      []string      `json:"names"`  // of people concerned, ten at most
	Detail     string        `json:"detail"` // what was seen, where the figures do not say it all
	// ApprovedBy names who gave the approvals that let through what it held, or a part of
	// that; "" where none did, and in a report of an earlier version.
	ApprovedBy string `json:"approved_by"`
}

// GuardOf gives a guard's form in a report. flags are those of dirsync.Engine.
func GuardOf(g *dirsync.Guard, flags string) Guard {
	told := Guard{Name: g.Name, Limit: g.Limit, Affected: g.Affected, Total: g.Total, Held: g.Held, WholeRun: !g.Partial, About: g.About,
		Names: append([]string{}, g.Names...), Detail: g.Detail, ApprovedBy: g.ApprovedBy}
	if g.Held {
		told.ApprovalID, told.Approve, told.Remedy = g.ApprovalID, approveCommand(g.ApprovalID, flags, g.Again), g.Remedy
		told.Since = phrase.Stamp(g.Since)
	}
	return told
}

// guardOfHold gives what a guard held, as the state keeps it.
func guardOfHold(h *dirsync.Hold) Guard {
	return Guard{Name: h.Guard, Limit: h.Limit, Affected: h.Affected, Total: h.Total, Held: true, WholeRun: h.Whole, About: h.About, Names: []string{}}
}

// approveCommand gives the command that lets through what has this approval id, ""
// where there is none. flags are those of engine.Engine; again are those with which a run
// has to be asked for it, see [dirsync.Guard].
func approveCommand(id, flags string, again []string) string {
	switch {
	case id == "":
		return ""
	case again != nil:
		return printed.Command(flags, append([]string{"sync", "--approve", id}, again...)...)
	}
	return printed.Command(flags, "approve", id)
}

// HeldWhole reports whether a guard holds the whole run.
func HeldWhole(run *dirsync.Run) bool {
	return slices.ContainsFunc(run.Guards, func(g dirsync.Guard) bool { return g.Held && !g.Partial })
}

// GuardTitle names a guard, with what it is about.
func GuardTitle(g *dirsync.Guard) string {
	told := GuardOf(g, "")
	return told.Title()
}

// GuardWords say what a guard has seen, beginning with its name.
func GuardWords(g *dirsync.Guard) string {
	told := GuardOf(g, "")
	return told.Words()
}

// WayOut gives the command that lets through what a guard holds, or what else ends
// it.
func WayOut(run *dirsync.Run, g *dirsync.Guard) string {
	told := GuardOf(g, run.Flags)
	return cmp.Or(told.Approve, told.Remedy)
}

// Title names the guard, with what it is about.
func (g *Guard) Title() string { return strings.TrimSpace(g.Name + " " + g.About.Text()) }
