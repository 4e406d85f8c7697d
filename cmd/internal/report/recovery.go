package report

import (
	"fmt"
	"io"

	dirsync "duosync/sync"
)

// Undoing is the report of a run that undoes another.
type Undoing struct {
	Document
	// Undoes is the id of the run that is undone; "" where none was found.
	Undoes string `json:"undoes"`
}

// UndoingOf gives the report of a run that undoes another.
func UndoingOf(run *dirsync.Run, undoes string) *Undoing {
	return &Undoing{Document: *Of(run), Undoes: undoes}
}

// Write renders the report. Only the table is ever coloured.
func (u *Undoing) Write(w io.Writer, format Format, colour bool) error {
	return write(w, u, format, colour)
}

func (u *Undoing) encode() ([]byte, error) { return encode(u) }

func (u *Undoing) page() *page {
	p := u.Document.page()
	what := "Undo"
	if u.Undoes != "" {
		what += " of run " + u.Undoes
	}
	p.title = what + ": " + u.doneWords()
	return p
}

// doneWords tells how far a run got that is not a run of the ordinary kind.
func (d *Document) doneWords() string {
	if d.dryRun() && (d.Outcome == dirsync.OutcomePlanned || d.Outcome == dirsync.OutcomePartial) {
		text := "this is what it would do"
		if d.Outcome == dirsync.OutcomePartial {
			text = "this is what it would do, but for some"
		}
		return text + "; nothing was written. Add --write to do it"
	}
	return outcomeWords(&d.Head)
}

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
}

// RebuildingOf gives the report of a pairing anew. formerKey is "" unless the state
// changes its integration key.
func RebuildingOf(b *dirsync.Rebuilt, formerKey string) *Rebuilding {
	return &Rebuilding{Document: *Of(b.Run), Rebuild: Figures{Known: b.Known, Found: b.Found, Paired: b.Paired, Moved: b.Moved, Differ: b.Differ,
		Absent: b.Absent, Strangers: b.Strangers, Active: b.Open, FormerKey: formerKey}}
}

// Write renders the report. Only the table is ever coloured.
func (r *Rebuilding) Write(w io.Writer, format Format, colour bool) error {
	return write(w, r, format, colour)
}

func (r *Rebuilding) encode() ([]byte, error) { return encode(r) }

func (r *Rebuilding) page() *page {
	p := r.Document.page()
	p.title = "Rebuild: " + r.doneWords()
	f := &r.Rebuild
	if r.Outcome == dirsync.OutcomeNoChanges {
		p.title = "Rebuild: there is nobody to pair"
		if f.FormerKey != "" && r.dryRun() {
			p.title += ". Add --write to bind the state to its new keys"
		}
	}
	if !r.Refresh.Done { // it did not come to that
		return p
	}
	facts := []fact{
		{"paired", fmt.Sprintf("%s; the next run updates %s of them", people(f.Paired), count(f.Differ))},
		{"not paired", fmt.Sprintf("%s without a user in Duo, whom the next run creates unless the directory disables them; %s in conflict", people(f.Absent), count(r.Summary.Conflict))},
		{"nobody's", fmt.Sprintf("%s in Duo, %s of them can log in; they stay as they are", plural(f.Strangers, "user"), count(f.Active))},
	}
	if f.Moved > 0 {
		facts = append(facts, fact{"new ids", fmt.Sprintf("%s of the paired were duosync's own under another id, and keep all that is known of them", people(f.Moved))})
	}
	if f.Known > 0 {
		facts = append(facts, fact{"state", fmt.Sprintf("it knew %s before, %s of them are in this account", plural(f.Known, "user"), count(f.Found))})
	}
	if f.FormerKey != "" {
		verb := "is"
		if r.dryRun() {
			verb = "would be"
		}
		facts = append(facts, fact{"keys", fmt.Sprintf("the state belonged to the integration key %s, and %s bound to the new one", f.FormerKey, verb)})
	}
	for _, old := range p.facts {
		if old.name != "plan" {
			facts = append(facts, old)
		}
	}
	p.facts = facts
	return p
}
