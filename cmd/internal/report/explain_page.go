package report

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// page answers in the order in which a helpdesk asks: what will happen and why,
// then what the directory, the state and Duo hold, then what was.
func (e *Explanation) page() *page {
	if len(e.Matches) > 0 {
		return e.matchesPage()
	}
	p := &page{title: e.name() + ": " + e.verdict(), tone: e.tone()}
	p.facts = []fact{
		{"directory", e.entryWords()},
		{"scope", e.Scope.Reason},
		{"Duo", e.duoWords()},
		{"next run", e.nextWords()},
	}
	if e.Scope.Reason == "" {
		p.facts = slices.Delete(p.facts, 1, 2)
	}
	for _, b := range []block{
		e.errorBlock(), e.nextBlock(), e.conflictBlock(), e.holdsBlock(), e.entryBlock(), e.fieldsBlock(), e.snapshotBlock(),
		e.duoBlock(), e.devicesBlock(), e.pastBlock(), e.warningsBlock(),
	} {
		if len(b.paras) > 0 || b.list != nil && len(b.list.rows) > 0 {
			p.blocks = append(p.blocks, b)
		}
	}
	return p
}

func (e *Explanation) matchesPage() *page {
	p := &page{title: fmt.Sprintf("%s: several people are meant", e.User), tone: bad}
	l := &list{columns: []string{"directory id", "username", "DN", "found by", "Duo user"}, lead: 1}
	for _, m := range e.Matches {
		id := name(string(m.SourceID), dirsync.SourceID(m.User))
		flow := []string{value(m.Username) + ",", "by its " + m.FoundBy}
		if m.DN != "" {
			flow = append(flow, "("+m.DN+")")
		}
		l.rows = append(l.rows, row{cells: []string{id, m.Username, m.DN, m.FoundBy, m.User}, flow: flow})
	}
	b := block{list: l}
	b.say(prose, plain, "Ask for one of them by its directory id:")
	p.blocks = append(p.blocks, b)
	return p
}

// name is the best name there is for the user.
func (e *Explanation) name() string {
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

func (e *Explanation) errorBlock() block {
	b := block{title: "not found out"}
	if e.Error != "" {
		b.say(prose, bad, e.Error)
	}
	return b
}

func (e *Explanation) nextBlock() block {
	b := block{title: "in the next run"}
	if len(e.Next.Operations) == 0 {
		return b
	}
	d := Document{Operations: e.Next.Operations}
	b.list = d.operationsBlock().list
	if e.Next.Refresh != "" {
		b.say(prose, plain, "It reads all of Duo before ("+reasonWords(e.Next.Refresh)+"). What it finds there about others is not foreseen here.")
	}
	return b
}

func (e *Explanation) conflictBlock() block {
	b := block{title: "conflicts"}
	for _, c := range e.Next.Conflicts {
		text := c.Reason
		if dirsync.FoldName(c.Username) != dirsync.FoldName(e.name()) && c.Username != "" {
			text = c.Username + ": " + text
		}
		if len(c.Sources) > 1 {
			text += " (" + name("", c.Sources...) + ")"
		}
		if !c.New {
			text += " (told before)"
		}
		b.say(item, conflicting, text)
	}
	return b
}

func (e *Explanation) holdsBlock() block {
	b := block{title: "held"}
	for _, h := range e.Holds {
		switch h.Kind {
		case HoldGuard:
			b.say(item, bad, "the next run will be held: "+h.Reason)
		case HoldRun:
			b.say(item, bad, fmt.Sprintf("held in the run %s: %s", h.RunID, h.Reason))
		case HoldApproved:
			b.say(item, good, h.Reason)
		default:
			b.say(item, bad, h.Reason)
		}
	}
	var ways []string
	for _, h := range e.Holds {
		if h.Approve != "" && !slices.Contains(ways, h.Approve) {
			ways = append(ways, h.Approve)
		}
		if h.Remedy != "" {
			b.say(prose, plain, "No approval lifts "+h.Name+". What ends it: "+h.Remedy)
		}
	}
	if len(ways) > 0 {
		b.say(prose, plain, "Whoever answers for it reads that run and, if it is right, lets it through once with")
	}
	for _, way := range ways {
		b.say(command, strong, way)
	}
	return b
}

func (e *Explanation) entryBlock() block {
	b := block{title: "directory"}
	if e.Entry == nil || e.Entry.Found == FoundNowhere || e.Entry.Found == FoundUnknown {
		return b
	}
	l := &list{columns: []string{"what", "value"}, lead: 1}
	add := func(what, text string) {
		if text != "" {
			l.rows = append(l.rows, row{cells: []string{what, text}})
		}
	}
	add("DN", e.Entry.DN)
	add("id", string(e.Entry.SourceID))
	add("below", e.Entry.Base)
	add("server", e.Entry.Server)
	add("status", string(e.Entry.Standing))
	for _, attribute := range slices.Sorted(maps.Keys(e.Entry.Attributes)) {
		values := e.Entry.Attributes[attribute]
		if slices.Equal(values, []string{string(e.Entry.SourceID)}) {
			continue // it stands above
		}
		add(attribute, Values{Items: values, List: len(values) > 1}.words())
	}
	if len(e.Entry.Groups) > 0 {
		add("groups", listWords(e.Entry.Groups))
	}
	b.list = l
	return b
}

func (e *Explanation) fieldsBlock() block {
	l := &list{columns: []string{"field", "directory", "after mapping", "last asked for", "Duo"}, lead: 1}
	for i := range e.Fields {
		f := &e.Fields[i]
		origin := strings.Join(f.From, ", ")
		after := f.After.words()
		for _, text := range f.Warnings {
			after += "; " + text
		}
		asked, held := "", ""
		if f.Asked != nil {
			asked = f.Asked.words()
		}
		if f.Duo != nil {
			held = f.Duo.words()
		}
		l.rows = append(l.rows, row{tone: f.tone(), cells: []string{f.Field, origin + " " + f.Before.words(), after, asked, held}, flow: f.words()})
	}
	return block{title: "fields, before and after mapping", list: l}
}

func (f *FieldStep) tone() tone {
	switch {
	case len(f.Warnings) > 0:
		return change
	case f.Duo != nil && !f.Duo.same(f.After) && !f.Once:
		return change
	}
	return plain
}

// words follow a field from the directory to Duo. What is the same is not
// repeated.
func (f *FieldStep) words() []string {
	to := " → "
	if rightToLeft(strings.Join(f.Before.Items, "")) || rightToLeft(strings.Join(f.After.Items, "")) {
		to = " becomes "
	}
	text := strings.Join(f.From, ", ") + ": " + f.Before.words()
	if f.Before.words() != f.After.words() {
		text += to + f.After.words()
	}
	parts := []string{text}
	switch {
	case f.Duo == nil:
	case f.Duo.same(f.After):
		parts[0] += "; the same in Duo"
	default:
		parts[0] += "; in Duo: " + f.Duo.words()
	}
	if f.Once {
		parts = append(parts, "(given to a new user only)")
	}
	if f.Asked != nil && !f.Asked.same(f.After) {
		parts = append(parts, "(last asked for: "+f.Asked.words()+")")
	}
	for _, text := range f.Warnings {
		parts = append(parts, "("+text+")")
	}
	return parts
}

func (e *Explanation) devicesBlock() block {
	if e.Duo.User == nil {
		return block{}
	}
	l := &list{columns: []string{"phone or group", "what"}, lead: 1}
	for _, p := range e.Duo.User.Phones {
		l.rows = append(l.rows, row{cells: []string{cmp.Or(p.Number, p.ID), p.words()}})
	}
	for _, g := range e.Duo.User.Groups {
		r := row{cells: []string{g.Name, g.words()}}
		if g.overrides() {
			r.tone = bad
		}
		l.rows = append(l.rows, r)
	}
	return block{title: "phones and groups in Duo", list: l}
}

func (e *Explanation) pastBlock() block {
	l := &list{columns: []string{"run (UTC)", "action", "changes", "reason", "result"}, lead: 2}
	for i := range e.History {
		h := &e.History[i]
		changes, result := changeWords(&h.Operation), resultWords(&h.Operation)
		reason := h.Reason
		if e.Entry != nil && h.SourceID != e.Entry.SourceID && h.SourceID != "" {
			reason = fmt.Sprintf("of another person, %s: %s", h.SourceID, reason)
		}
		flow := commas(changes)
		if reason != "" {
			flow = append(flow, "("+reason+")")
		}
		if result != "" {
			flow = append(flow, result)
		}
		l.rows = append(l.rows, row{tone: operationTone(&h.Operation), cells: []string{minute(h.Started), string(h.Action), strings.Join(changes, ", "), reason, cmp.Or(result, h.Result)}, flow: flow})
	}
	return block{title: "past runs, newest first", list: l}
}

func (e *Explanation) warningsBlock() block {
	d := Document{Warnings: e.Warnings}
	return d.warningsBlock()
}
