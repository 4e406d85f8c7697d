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
