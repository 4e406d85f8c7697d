package report

import (
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
)

// Act is what somebody asked for beside the runs: an approval, a pause, a mark, or that
// one of them was taken back. About is the approval's id, or the Duo user's name; Reason is
// why, and of an approval what it lets through.
type Act struct {
	At     string `json:"at"`
	By     string `json:"by"`
	What   string `json:"what"`
	About  string `json:"about"`
	Reason string `json:"reason"`
}

// ActOf gives an act, as the state keeps it.
func ActOf(at time.Time, by, what, about, reason string) Act {
	return Act{At: phrase.Stamp(at), By: by, What: what, About: about, Reason: reason}
}

func actsBlock(acts []Act) form.Block {
	l := &form.List{Columns: []string{"when (UTC)", "by", "what", "why"}, Lead: 2}
	for _, a := range acts {
		what := a.What
		if a.About != "" {
			what += " " + phrase.Value(a.About)
		}
		row := form.Row{Cells: []string{phrase.Minute(a.At), a.By, what, ""}, Flow: []string{what}}
		if a.Reason != "" {
			row.Cells[3] = phrase.Value(a.Reason)
			row.Flow = []string{what + ": " + row.Cells[3]}
		}
		l.Add(row)
	}
	return form.Block{Title: "by hand", List: l}
}

// Trouble is something beside the runs that does not work, until it does again.
type Trouble struct {
	What  string `json:"what"` // audit, webhook or email
	Since string `json:"since"`
	Why   string `json:"why"`
}

// Words says it in short.
func (t *Trouble) Words() string {
	if t.What == "audit" {
		return "the audit file can't be written"
	}
	return "nobody can be told by " + t.What
}

// Warning says it whole, as a run has it.
func (t *Trouble) Warning() string {
	next := "what is to be told waits"
	if t.What == "audit" {
		next = "its lines wait"
	}
	return t.Words() + " since " + phrase.Minute(t.Since) + " UTC; " + next + ": " + t.Why
}

func troublesBlock(all []Trouble) form.Block {
	b := form.Block{Title: "not working"}
	for i := range all {
		b.Say(form.Bad, all[i].Warning())
	}
	return b
}
