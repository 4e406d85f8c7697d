package report

import (
	"cmp"
	"fmt"
	"io"
	"iter"
	"strings"
	"time"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Write renders the report of a run. Only the table is ever coloured.
func (d *Document) Write(out io.Writer, format form.Format, look form.Look) error {
	return form.Write(out, d, format, look)
}

// Page tells of a run: the verdict first, then what is held and why, then each
// operation, then what a human should know.
func (d *Document) Page() *form.Page {
	d = d.WithDirectories()
	p := &form.Page{Title: d.kind() + ": " + d.Verdict(), Tone: outcomeTone(&d.Head), Word: d.word(), Where: d.where(), Tiles: d.tiles()}
	d.facts(p)
	if d.Error != "" {
		var failed form.Block
		failed.Say(form.Bad, d.Error)
		failed.First = 1
		p.Add(failed)
	}
	if d.held() {
		p.Add(d.heldBlock())
	}
	p.Add(d.approvedBlock())
	p.Add(OperationsBlock("operations", d.shown()), ConflictsBlock(d.Conflicts), AttentionBlock(d.Attention), shadowedBlock(d.Shadowed), waitingBlock("waiting", d.Waiting), d.skippedBlock(), form.Items("warnings", d.Warnings))
	p.Summary = d.summary(p.Title)
	return p
}

// skippedBlock lists for whom nothing is done by rule, where that is asked for.
func (d *Document) skippedBlock() form.Block {
	l := &form.List{Columns: []string{"user", "why"}, Lead: 1}
	if d.Verbose {
		for _, s := range d.Skipped {
			l.Add(form.Row{Cells: []string{phrase.Name(s.Username, s.SourceID), s.words()}})
		}
	}
	return form.Block{Title: "skipped", List: l}
}

func (s *SkippedPerson) words() string {
	switch s.Reason {
	case dirsync.SkippedProtected:
		return "protected (sync.scope.protect), and never touched"
	case dirsync.SkippedLocked:
		return "disabled in the directory, and not in Duo"
	}
	return string(s.Reason)
}

// summary says in a line what the run does, and how it went, as the title has it.
func (d *Document) summary(title string) string {
	if d.Planned() == 0 {
		if d.Source.Complete {
			title += "; " + phrase.Count(d.Summary.Unchanged) + " unchanged"
		}
		return title
	}
	what, how, _ := strings.Cut(title, ": ")
	for _, it := range []string{"the run", "it"} {
		how = strings.TrimPrefix(how, "this is what "+it+" would do; ") // the figures say that
	}
	return what + ": " + d.PlanWords() + "; " + how
}

// kind says what kind of run it was.
func (d *Document) kind() string {
	switch {
	case d.Command == "undo":
		return "Undo"
	case d.Command == "rebuild":
		return "Rebuild"
	case d.dryRun():
		return "Dry run"
	}
	return "Run"
}

func (d *Document) facts(p *form.Page) {
	switch {
	case d.Source.Complete:
		p.Fact("directory", fmt.Sprintf("%s read%s, %s in scope, %s unchanged",
			phrase.Count(d.Source.Read), d.Source.each(), phrase.Count(d.Source.InScope), phrase.Count(d.Summary.Unchanged)))
	case d.Source.Read > 0:
		p.Fact("directory", phrase.Count(d.Source.Read)+" read, then the read failed")
	}
	p.Fact("plan", d.PlanWords())
	if needs := d.needs(); needs != "" && d.Attention != nil {
		p.Fact("attention", needs+"; see below")
	}
	p.Fact("Duo", d.callWords())
	run := d.RunID + ", started " + phrase.Minute(d.Started) + " UTC"
	if _, ended := d.took(); ended {
		run += ", took " + tookWords(&d.Head)
	}
	if made := d.Made(); made != "" {
		run += ", " + made
	}
	p.Fact("run", run)
}

func (d *Document) callWords() string {
	text := phrase.Plural(d.Duo.Calls, "call") + " made"
	if d.Duo.Retries > 0 {
		text += fmt.Sprintf(", %s of them retries", phrase.Count(d.Duo.Retries))
	}
	if d.Refresh.Done {
		text += fmt.Sprintf("; read whole (%s)", RefreshWords(d.Refresh.Reason))
	}
	if d.dryRun() && d.Duo.ExpectedCalls > 0 {
		text += fmt.Sprintf("; the run would make %s, about %s", phrase.Plural(d.Duo.ExpectedCalls, "call"), phrase.Seconds(d.Duo.ExpectedSeconds))
	}
	return text
}

// heldBlock says what each guard holds and how that goes on, then what it means for
// the run.
func (d *Document) heldBlock() form.Block {
	b := form.Block{Title: "held", First: 1}
	started, _ := time.Parse(time.RFC3339, d.Started)
	sayGuards(&b, d.Guards, started)
	switch {
	case !d.Stopped() && approvable(d.Guards) == 0:
		b.Say(form.Plain, "What follows from it is left as it is, in each run until the cause is gone. All else goes on.")
	case d.Stopped():
		b.Say(form.Plain, "Nothing was written, and each further run will be held the same way.")
	case d.dryRun():
		b.Say(form.Plain, "What is marked HELD would not be done, and all else would. It is held in each run until it is approved or the cause is gone.")
	default:
		b.Say(form.Plain, "What is marked HELD was not done, and all else was. It is held in each run until it is approved or the cause is gone.")
	}
	if d.ApprovalID == "" {
		return b
	}
	b.Say(form.Plain, "If it is wrong, mend the directory or the configuration. If it is right, approve it and run again: these operations pass once, others do not.")
	if approvable(d.Guards) > 1 {
		b.Say(form.Plain, "All of it at once:")
		b.Command(approveAll(d.Guards, d.ApprovalID))
	}
	return b
}

// approvedBlock says what was let through, and who approved it.
func (d *Document) approvedBlock() form.Block {
	b := form.Block{Title: "approved"}
	for i := range d.Guards {
		if g := &d.Guards[i]; g.ApprovedBy != "" && !g.Held {
			b.Item(form.Good, g.Words()+". Approved by "+g.ApprovedBy)
		}
	}
	return b
}

// shown gives the operations as they are told to people: what a run did not come to, or
// a guard over all of it held, was not done.
func (d *Document) shown() Operations {
	stopped := d.Stopped()
	ended := !d.dryRun() && d.Outcome != underWay
	if !stopped && !ended {
		return d.Operations
	}
	return d.Operations.As(func(o *Operation) {
		switch {
		case o.Result != dirsync.ResultPlanned:
		case stopped:
			o.Result = dirsync.ResultHeld
		default:
			o.Result, o.Error = dirsync.ResultSkipped, cmp.Or(o.Error, "the run did not come to it")
		}
	})
}

// ConflictsBlock tells of each conflict: the people, with where they are in the directory,
// and the command that settles it.
func ConflictsBlock(conflicts []Conflict) form.Block {
	b := form.Block{Title: "conflicts", First: 3}
	for i := range conflicts {
		c := &conflicts[i]
		b.Item(form.Conflict, phrase.Name(c.Username, c.Sources...)+": "+c.Words())
		if c.Remedy != "" {
			b.Command(c.Remedy)
		}
	}
	return b
}

// Words say why there is a conflict, and who is meant.
func (c *Conflict) Words() string {
	text := c.Reason + c.Again()
	if len(c.People) == 0 {
		if len(c.Sources) > 1 && c.Username != "" {
			text += " (" + phrase.Name("", c.Sources...) + ")"
		}
		return text
	}
	var people []string
	for _, p := range c.People {
		who := phrase.Name(p.Username, p.SourceID)
		if p.DN != "" {
			who += " (" + p.DN + ")"
		} else if p.Username != "" {
			who += " (id " + string(p.SourceID) + ")"
		}
		people = append(people, who)
	}
	return text + ". In the directory: " + strings.Join(people, "; ")
}

func waitingBlock(title string, waiting []Waiting) form.Block {
	l := &form.List{Columns: []string{"user", "what", "when (UTC)", "missing since (UTC)"}, Lead: 1}
	for _, w := range waiting {
		l.Rows = append(l.Rows, form.Row{
			Cells: []string{phrase.Name(w.Username, w.SourceID), string(w.Action), phrase.Minute(w.Due), phrase.Minute(w.Since)},
			Flow:  []string{fmt.Sprintf("%s on %s UTC;", w.Action, phrase.Minute(w.Due)), fmt.Sprintf("missing since %s UTC", phrase.Minute(w.Since))},
		})
	}
	return form.Block{Title: title, List: l}
}

// Sheet gives a row for each change of an operation; one without changes has a
// row without a field. The items of a list have a comma between them. Then there is a row
// for each person of a conflict, and one for each who needs attention.
func (d *Document) Sheet() *form.Sheet {
	s := form.NewSheet("action", "username", "source_id", "duo_user_id", "field", "before", "after", "reason", "result", "error", "since", "dn", "remedy")
	s.AddMade(cellsOf(d.Operations))
	for _, c := range d.Conflicts {
		for _, p := range c.everybody() {
			s.Add("conflict", cmp.Or(p.Username, c.Username), string(p.SourceID), "", "", "", "", c.Reason, "", "", "", p.DN, c.Remedy)
		}
	}
	for i := range d.Shadowed {
		x := &d.Shadowed[i]
		s.Add("shadowed", x.Username, string(x.SourceID), "", "", "", "", "its name has "+string(x.By)+"; "+x.status()+" in "+x.Directory, "", "", "", "", "")
	}
	for i := range d.Skipped {
		x := &d.Skipped[i]
		s.Add("skipped", x.Username, string(x.SourceID), "", "", "", "", x.words(), "", "", "", "", "")
	}
	for _, a := range d.Attention {
		s.Add("attention", a.Username, string(a.SourceID), "", "", "", "", a.Reason, "", "", a.Since, "", a.Remedy)
	}
	return s
}

// cellsOf gives the rows of a sheet.
func cellsOf(all Operations) iter.Seq[[]string] {
	return func(yield func([]string) bool) {
		for o := range all.All() {
			changes := o.Changes
			if len(changes) == 0 {
				changes = []dirsync.Change{{}}
			}
			for _, c := range changes {
				if dirsync.IsList(c.Field) {
					c.Before, c.After = phrase.Cell(dirsync.Items(c.Before)), phrase.Cell(dirsync.Items(c.After))
				}
				if !yield([]string{string(o.Action), o.Username, string(o.SourceID), o.User, c.Field, c.Before, c.After, o.Reason, o.Result, o.Error, "", "", ""}) {
					return
				}
			}
		}
	}
}

// everybody gives the people of a conflict, as far as they are known; at least one.
func (c *Conflict) everybody() []Who {
	if len(c.People) > 0 {
		return c.People
	}
	all := make([]Who, 0, len(c.Sources)+1)
	for _, id := range c.Sources {
		all = append(all, Who{SourceID: id})
	}
	if len(all) == 0 {
		all = append(all, Who{})
	}
	return all
}
