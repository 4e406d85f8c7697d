package report

import (
	"fmt"
	"io"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Rebuilding is the report of a pairing anew.
type Rebuilding struct {
	Document
	Rebuild Figures `json:"rebuild"`
}

// Figures counts a pairing anew.
type Figures struct {
	// Known is how many users the state knew before, Found how many of them are in
	// this account.
	Known  int `json:"known"`
	Found  int `json:"found"`
	Paired int `json:"paired"`
	// Moved counts those of the paired who were ours under another id.
	Moved int `json:"moved"`
	// Differ counts those of the paired whom the next run updates.
	Differ int `json:"differ"`
	// Absent counts people in scope who have no user in Duo.
	Absent int `json:"absent"`
	// Strangers counts users in Duo who are nobody's, Active those of them who can
	// log in.
	Strangers int `json:"strangers"`
	Active    int `json:"strangers_active"`
	// FormerKey is the integration key that the state belonged to, where it is, or
	// would be, bound to another one; else "".
	FormerKey string `json:"former_integration_key"`
	// Unpaired are all in scope who are not paired, those in conflict included, and Nobodys
	// the usernames of the strangers who can log in.
	Unpaired []Unpaired `json:"unpaired"`
	Nobodys  []string   `json:"strangers_active_users"`
}

// Unpaired is somebody who is not paired, and why.
type Unpaired struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Reason   string           `json:"reason"`
}

// RebuildingOf gives the report of a pairing anew. formerKey is "" unless the state
// changes its integration key.
func RebuildingOf(b *dirsync.Rebuilt, formerKey string) *Rebuilding {
	r := &Rebuilding{Document: *Of(b.Run), Rebuild: Figures{Known: b.Known, Found: b.Found, Paired: b.Paired, Moved: b.Moved, Differ: b.Differ,
		Absent: b.Absent, Strangers: b.Strangers, Active: b.Open, FormerKey: formerKey,
		Unpaired: []Unpaired{}, Nobodys: append([]string{}, b.Nobodys...)}}
	for _, u := range b.Unpaired {
		r.Rebuild.Unpaired = append(r.Rebuild.Unpaired, Unpaired{Username: u.Username, SourceID: u.Source, Reason: u.Reason})
	}
	return r
}

// Short implements [form.Long].
func (r *Rebuilding) Short() any {
	short := *r
	short.Operations = Operations{}
	return &short
}

// Write renders the report. Only the table is ever coloured.
func (r *Rebuilding) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, r, format, look)
}

// Page is that of a run, with what was paired in the place of the plan.
func (r *Rebuilding) Page() *form.Page {
	p := r.Document.Page()
	p.Title = "Rebuild: " + r.asked()
	f := &r.Rebuild
	if r.Outcome == dirsync.OutcomeNoChanges {
		p.Title = But("Rebuild: there is nobody to pair", r.undone(), r.needs())
		if f.FormerKey != "" && r.dryRun() {
			p.Title += ". Add --write to bind the state to its new keys"
		}
	}
	p.Summary = p.Title
	if !r.Refresh.Done { // it did not come to that
		return p
	}
	ordinary := p.Facts
	p.Facts = nil
	p.Fact("paired", fmt.Sprintf("%s; the next run updates %s of them", phrase.People(f.Paired), phrase.Count(f.Differ)))
	p.Fact("not paired", fmt.Sprintf("%s without a user in Duo, whom the next run creates unless the directory disables them; %s in conflict",
		phrase.People(f.Absent), phrase.Count(r.Summary.Conflict)))
	p.Fact("unmanaged", fmt.Sprintf("%s in Duo, %s of them can log in; they stay as they are", phrase.Plural(f.Strangers, "user"), phrase.Count(f.Active)))
	if f.Moved > 0 {
		p.Fact("new ids", fmt.Sprintf("%s of the paired were duosync's own under another id, and keep all that is known of them", phrase.People(f.Moved)))
	}
	if f.Known > 0 {
		p.Fact("state", fmt.Sprintf("it knew %s before, %s of them are in this account", phrase.Plural(f.Known, "user"), phrase.Count(f.Found)))
	}
	if f.FormerKey != "" {
		verb := "is"
		if r.dryRun() {
			verb = "would be"
		}
		p.Fact("keys", fmt.Sprintf("the state belonged to the integration key %s, and %s bound to the new one", f.FormerKey, verb))
	}
	for _, fact := range ordinary {
		if fact.Name != "plan" {
			p.Fact(fact.Name, fact.Text)
		}
	}
	p.Add(f.blocks()...)
	return p
}

// blocks list who is not paired, and the users who are unmanaged and can log in.
func (f *Figures) blocks() []form.Block {
	alone := &form.List{Columns: []string{"user", "id", "why"}, Lead: 1}
	for _, u := range f.Unpaired {
		alone.Add(form.Row{Tone: form.Change, Cells: []string{phrase.Name(u.Username, u.SourceID), string(u.SourceID), u.Reason}, Flow: []string{u.Reason}})
	}
	nobodys := &form.List{Columns: []string{"Duo user", "what"}, Lead: 1}
	for _, name := range f.Nobodys {
		nobodys.Add(form.Row{Tone: form.Change, Cells: []string{name, "can log in, and nobody in the directory has the name"}})
	}
	return []form.Block{{Title: "not paired", List: alone}, {Title: "unmanaged", List: nobodys}}
}

// Sheet is that of a run, with a row for each who is not paired, and one for each user who
// is unmanaged and can log in.
func (r *Rebuilding) Sheet() *form.Sheet {
	s := r.Document.Sheet()
	for _, u := range r.Rebuild.Unpaired {
		s.Add("unpaired", u.Username, string(u.SourceID), "", "", "", "", u.Reason, "", "", "", "", "")
	}
	for _, name := range r.Rebuild.Nobodys {
		s.Add("unmanaged", name, "", "", "", "", "", "can log in, and nobody in the directory has the name", "", "", "", "", "")
	}
	return s
}
