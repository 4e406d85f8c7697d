package pages

import (
	"io"
	"time"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
)

// Drift is what the last refresh found changed in Duo.
type Drift struct {
	Run      *report.Head // the run that read all of Duo; nil: none did
	At       time.Time    // when that was
	Mended   []report.Operation
	All      int                // of these
	Left     []report.Attention // what is only told of
	Command  string             // that looks now
	Refresh  string             // that reads all of Duo, and shows what a run would do
	Reading  bool               // the run is still being read
	Enforced string             // what the configuration says is done about it
}

type driftBody struct {
	*Drift
	Status page.Status
	Table  *runGroup
	More   string
	Left   page.Table
}

// ShowDrift writes it.
func (s *Site) ShowDrift(w io.Writer, d *Drift) error {
	b := &driftBody{Drift: d, Status: page.Status{Word: "No drift", Tone: page.Good, Reason: "Duo held what was left there."}}
	switch {
	case d.Run == nil:
		b.Status = page.Status{Word: "Not known", Reason: "No run of the history has read all of Duo."}
	case d.Reading:
		b.Status = page.Status{Word: "Being read", Reason: "The operations of that run are being read; this takes some seconds."}
	case d.All > 0 && len(d.Left) > 0:
		b.Status = page.Status{Word: "Drift", Tone: page.Attention, Reason: phrase.Plural(d.All, "change") + " made in Duo by hand; " + phrase.Plural(len(d.Left), "thing") + " left as others set it."}
	case d.All > 0:
		b.Status = page.Status{Word: "Drift", Tone: page.Change, Reason: phrase.Plural(d.All, "change") + " made in Duo by hand."}
	case len(d.Left) > 0:
		b.Status = page.Status{Word: "Drift", Tone: page.Attention, Reason: phrase.Plural(len(d.Left), "thing") + " left as others set it in Duo."}
	}
	if d.Run != nil {
		b.Status.Facts = []page.Fact{{Name: "all of Duo read", Text: ago(s.Now, d.At) + ", " + moment(d.At)}, {Name: "by the run", Text: d.Run.RunID, Href: RunPath(d.Run.RunID)}, {Name: "what is done about it", Text: d.Enforced}}
	}
	if len(d.Mended) > 0 {
		g := runGroup{Name: "Changed in Duo by hand, as the run took it up", Sign: "~", Tone: page.Change, Count: phrase.Count(d.All), Open: true}
		for i := range d.Mended {
			g.Operations = append(g.Operations, operationOf(&d.Mended[i]))
		}
		if len(d.Mended) < d.All {
			g.More = page.Link{Name: "All of the run", Href: RunPath(d.Run.RunID)}
		}
		b.Table = &g
	}
	b.Left = attentionTable(d.Left, s.Now, mostPeople)
	b.Left.Empty = "Nothing is left as others set it."
	return s.write(w, "drift", "Drift", DriftPath, b)
}
