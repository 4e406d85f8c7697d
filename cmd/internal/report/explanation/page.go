package explanation

import (
	"fmt"
	"slices"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Page answers in the order in which a helpdesk asks: what will happen and why,
// then what the directory, the state and Duo hold, then what was.
func (e *Document) Page() *form.Page {
	if len(e.Matches) > 0 {
		return e.matchesPage()
	}
	p := &form.Page{Title: e.name() + ": " + e.verdict(), Tone: e.tone()}
	p.Fact("directory", e.Entry.words())
	if e.Scope.Reason != "" {
		p.Fact("scope", e.Scope.Reason)
	}
	p.Fact("Duo", e.Duo.words())
	p.Fact("next run", e.Next.words())
	if a := e.Attention; a != nil {
		text := a.Reason
		if a.Since != "" {
			text += "; since " + phrase.Minute(a.Since) + " UTC"
		}
		p.Fact("attention", text)
	}
	p.Add(e.errorBlock(), e.remedyBlock(), e.Next.block(), e.Next.conflictBlock(e.name()), holdsBlock(e.Holds), e.Entry.block(), fieldsBlock(e.Fields),
		e.Snapshot.block(len(e.Fields) > 0, e.Duo.Standing == DuoOurs), e.Duo.block(), e.Duo.devicesBlock(), e.History.block(e.Entry),
		form.Items("warnings", e.Warnings))
	return p
}

func (e *Document) matchesPage() *form.Page {
	p := &form.Page{Title: fmt.Sprintf("%s: several people are meant", e.User), Tone: form.Bad}
	l := &form.List{Columns: []string{"directory id", "username", "DN", "found by", "Duo user"}, Lead: 1}
	for _, m := range e.Matches {
		id := phrase.Name(string(m.SourceID), dirsync.SourceID(m.User))
		flow := []string{phrase.Value(m.Username) + ",", "by its " + m.FoundBy}
		if m.DN != "" {
			flow = append(flow, "("+m.DN+")")
		}
		l.Add(form.Row{Cells: []string{id, m.Username, m.DN, m.FoundBy, m.User}, Flow: flow})
	}
	b := form.Block{List: l}
	b.Say(form.Plain, "Ask for one of them by its directory id:")
	p.Add(b)
	return p
}

// name is the best name there is for the user.
func (e *Document) name() string {
	for i := range e.Fields {
		if f := &e.Fields[i]; f.Field == dirsync.FieldUsername && f.After.Text() != "" {
			return f.After.Text()
		}
	}
	switch {
	case e.Duo.User != nil:
		return e.Duo.User.Username
	case e.Snapshot != nil && e.Snapshot.Answered.Username != "":
		return e.Snapshot.Answered.Username
	}
	return e.User
}

// remedyBlock gives the command that settles what needs a human, unless a conflict or a hold
// below has it.
func (e *Document) remedyBlock() form.Block {
	b := form.Block{Title: "what settles it"}
	if a := e.Attention; a != nil && a.Remedy != "" && !slices.ContainsFunc(e.Next.Conflicts, func(c report.Conflict) bool { return c.Remedy == a.Remedy }) &&
		!slices.ContainsFunc(e.Holds, func(h Hold) bool { return h.Remedy == a.Remedy }) {
		b.Command(a.Remedy)
	}
	return b
}

func (e *Document) errorBlock() form.Block {
	b := form.Block{Title: "not found out"}
	if e.Error != "" {
		b.Say(form.Bad, e.Error)
	}
	return b
}

// verdict is the answer in a few words.
func (e *Document) verdict() string {
	n := &e.Next
	if keptDisabled(e.Holds) {
		return "kept disabled by duosync disable"
	}
	switch n.Action {
	case NextNone:
		switch {
		case n.Result == dirsync.ResultHeld:
			return "HELD, a human has to decide"
		case e.Duo.ByOthers:
			return "NEEDS ATTENTION; " + e.Duo.User.Status + " in Duo, not by duosync"
		case e.Attention != nil:
			return "NEEDS ATTENTION"
		}
		return "nothing to do"
	case NextWait:
		w := n.Waiting[0]
		return fmt.Sprintf("%s, on %s", toCome(w.Action), phrase.Minute(w.Due)[:len("2006-01-02")])
	case NextConflict:
		return "CONFLICT, a human has to settle it"
	case NextSkip:
		return "left alone, by rule"
	case NextFail:
		if len(n.Operations) > 0 {
			return "can't be carried over"
		}
		return "the next run FAILS"
	case NextUnknown:
		return "not all could be found out"
	}
	text := toCome(n.Action)
	if len(n.Operations) > 1 {
		text += fmt.Sprintf(", and %s more", phrase.Plural(len(n.Operations)-1, "operation"))
	}
	switch {
	case slices.ContainsFunc(e.Holds, func(h Hold) bool { return h.Kind == HoldPaused }):
		return text + ", once writing is resumed"
	case n.Result == dirsync.ResultHeld:
		return text + ", but that is HELD"
	}
	return text + ", in the next run"
}

func (e *Document) tone() form.Tone {
	if keptDisabled(e.Holds) {
		return form.Bad
	}
	switch e.Next.Action {
	case NextNone, NextSkip:
		if e.Next.Result == dirsync.ResultHeld {
			return form.Bad
		}
		if e.Duo.ByOthers || e.Attention != nil {
			return form.Change
		}
		return form.Good
	case NextConflict:
		return form.Conflict
	case NextFail, NextUnknown:
		return form.Bad
	case NextWait:
		return form.Change
	}
	if e.Next.Result == dirsync.ResultHeld || (&report.Operation{Action: e.Next.Action}).Removes() {
		return form.Bad
	}
	return form.Change
}
