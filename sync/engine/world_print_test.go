package engine_test

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// report renders a run in words.
func (w *world) report(run *dirsync.Run) string {
	var b bytes.Buffer
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("%s: %d in scope, %d unchanged, %d skipped, %d calls", run.Outcome, run.InScope, run.Unchanged, len(run.Skipped), run.Usage.Calls)
	if run.Err != nil {
		p("error: %v", run.Err)
	}
	for _, o := range run.Operations {
		p("%s %s [%s]: %s", o.Action, o.Username, o.Result, o.Reason)
		for _, c := range o.Changes {
			if dirsync.IsList(c.Field) {
				p("  %s: %q -> %q", c.Field, dirsync.Items(c.Before), dirsync.Items(c.After))
			} else {
				p("  %s: %q -> %q", c.Field, c.Before, c.After)
			}
		}
		for _, s := range o.Phones {
			p("  %s phone %s %s", s.Do, s.Text(), s.ID)
		}
		if o.Error != "" {
			p("  error: %s", o.Error)
		}
	}
	for _, c := range run.Conflicts {
		again := "told before"
		if c.New {
			again = "new"
		}
		p("conflict %s %v (%s): %s", c.Username, c.Sources, again, c.Reason)
	}
	shown := map[dirsync.SourceID]bool{} // by a conflict or a failure
	for _, c := range run.Conflicts {
		for _, id := range c.Sources {
			shown[id] = true
		}
	}
	for _, o := range run.Operations {
		shown[o.Source] = shown[o.Source] || o.Result == dirsync.ResultFailed
	}
	for _, a := range run.Attention {
		if a.Apart || strings.HasPrefix(a.Reason, "there under a new id") || !shown[a.Source] && a.Source != "" {
			p("attention %s: %s", a.Username, a.Reason)
		}
	}
	for _, x := range run.Shadowed {
		locked := "unknown"
		if x.Locked != nil {
			locked = fmt.Sprint(*x.Locked)
		}
		p("shadowed %s of %s (%s), by %s, locked=%s", x.Username, x.Directory, x.Source, x.By, locked)
	}
	for _, x := range run.Waiting {
		p("waiting %s: %s on %s", x.Username, x.Action, x.Due.Format(time.DateTime))
	}
	for _, g := range run.Guards {
		if g.Held {
			p("held by %s %s %s: %d of %d", g.Name, g.About.Text(), g.Limit, g.Affected, g.Total)
			if g.Remedy != "" {
				p("  what ends it: %s", g.Remedy)
			}
		}
	}
	for _, text := range run.Warnings {
		p("warning: %s", text)
	}
	return b.String()
}

func (w *world) accounts() string {
	var b bytes.Buffer
	for _, a := range w.duo.sorted() {
		a = w.duo.account(a)
		fmt.Fprintf(&b, "%s %s %q realname=%q email=%q", a.ID, a.Username, a.Status, a.Realname, a.Email)
		for _, field := range dirsync.ListFields {
			if value := a.Field(field); value != "" {
				fmt.Fprintf(&b, " %s=%q", field, dirsync.Items(value))
			}
		}
		if n := w.duo.mails[a.ID]; n > 0 {
			fmt.Fprintf(&b, " mails=%d", n)
		}
		b.WriteString("\n")
	}
	for _, id := range slices.Sorted(maps.Keys(w.duo.groups)) {
		fmt.Fprintf(&b, "%s group %s %s\n", id, w.duo.groups[id].Name, w.duo.groups[id].Status)
	}
	for _, id := range slices.Sorted(maps.Keys(w.duo.phones)) {
		p := w.duo.phones[id]
		fmt.Fprintf(&b, "%s phone %s %s activated=%v users=%v\n", id, p.Text(), p.Type, p.Activated, p.Users)
	}
	return b.String()
}

func (w *world) links() string {
	var b bytes.Buffer
	for _, id := range slices.Sorted(maps.Keys(w.store.links)) {
		l := w.store.links[id]
		fmt.Fprintf(&b, "link %s -> %s", id, l.User)
		for _, field := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
			if value, asked := l.Asked[field]; asked && value != "" {
				fmt.Fprintf(&b, " %s=%q", field, value)
			}
		}
		if len(l.Joined) > 0 {
			fmt.Fprintf(&b, " joined=%v", l.Joined)
		}
		for _, p := range l.Phones {
			fmt.Fprintf(&b, " made %s %s", p.ID, p.Number)
		}
		if len(l.Unfinished) > 0 {
			fmt.Fprintf(&b, " unfinished=%v", l.Unfinished)
		}
		if l.Mail != "" {
			fmt.Fprintf(&b, " mail=%s", l.Mail)
		}
		if l.Missing != nil {
			fmt.Fprintf(&b, " missing: %s, step %q", l.Missing.Why, l.Missing.Step)
		}
		if l.LetGo != "" {
			fmt.Fprintf(&b, " let go: %s", l.LetGo)
		}
		if l.ByHand {
			b.WriteString(" disabled by hand")
		}
		b.WriteString("\n")
	}
	return b.String()
}
