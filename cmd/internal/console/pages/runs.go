package pages

import (
	"io"
	"slices"

	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Runs is a part of the history.
type Runs struct {
	Outcome, Time string        // what was chosen, as [Outcomes] and [Times] have it
	Heads         []report.Head // newest first
	Before, After string        // the ids behind which it goes on, to older and newer ones; ""
}

// Outcomes that can be chosen: the first is for all.
func Outcomes() []page.Option {
	return []page.Option{{Value: "", Text: "Any outcome"}, {Value: ChangedOnly, Text: "With changes"}, {Value: "trouble", Text: "Failed, held or partial"},
		{Value: dirsync.OutcomeApplied, Text: "Applied"}, {Value: dirsync.OutcomePartial, Text: "Partial"}, {Value: dirsync.OutcomeHeld, Text: "Held"},
		{Value: dirsync.OutcomeFailed, Text: "Failed"}, {Value: dirsync.OutcomeNoChanges, Text: "Unchanged"}}
}

// ChangedOnly is the choice of runs that changed something.
const ChangedOnly = "changed"

// OutcomesOf gives the outcomes that a choice stands for; nil: any.
func OutcomesOf(choice string) []string {
	switch choice {
	case "trouble":
		return []string{dirsync.OutcomePartial, dirsync.OutcomeHeld, dirsync.OutcomeFailed}
	case dirsync.OutcomeApplied, dirsync.OutcomePartial, dirsync.OutcomeHeld, dirsync.OutcomeFailed, dirsync.OutcomeNoChanges:
		return []string{choice}
	}
	return nil
}

// Times that can be chosen, in hours: the first is for all.
func Times() []page.Option {
	return []page.Option{{Value: "", Text: "Any time"}, {Value: "24", Text: "Last 24 hours"}, {Value: "168", Text: "Last 7 days"}, {Value: "720", Text: "Last 30 days"}, {Value: "2160", Text: "Last 90 days"}}
}

func chosen(options []page.Option, value string) string {
	if slices.ContainsFunc(options, func(o page.Option) bool { return o.Value == value }) {
		return value
	}
	return ""
}

type runsBody struct {
	*Runs
	Find  page.Find
	Table page.Table
	Pager page.Pager
}

// ShowRuns writes the list.
func (s *Site) ShowRuns(w io.Writer, r *Runs) error {
	b := &runsBody{Runs: r}
	b.Find = page.Find{Action: RunsPath, Button: "Show", Selects: []page.Select{
		{Name: "outcome", Label: "Outcome", Value: chosen(Outcomes(), r.Outcome), Options: Outcomes()},
		{Name: "hours", Label: "Started", Value: chosen(Times(), r.Time), Options: Times()},
	}}
	b.Table = page.Table{Columns: page.Columns("started|time", "outcome", "what", "attention|num", "took|num", "made"), Heads: true, Empty: "No run of that kind."}
	if r.Outcome == "" && r.Time == "" && r.Before == "" && r.After == "" {
		b.Table.Empty = "No run yet."
	}
	var rows []page.Row
	started := times(r.Heads)
	for i := range r.Heads {
		h := &r.Heads[i]
		made := h.Made()
		if h.Only != "" {
			made += ", only " + h.Only
		}
		needs := ""
		if h.Summary.Attention > 0 {
			needs = phrase.Count(h.Summary.Attention)
		}
		what := page.Cell{Text: h.PlanWords()}
		if h.Error != "" {
			what = page.Cell{Text: short(h.Error)}
		}
		rows = append(rows, page.Row{Tone: outcomeTone(h), Cells: []page.Cell{
			{Text: started(h), Href: RunPath(h.RunID)}, {Text: outcomeWord(h), Tag: true, Tone: outcomeTone(h)},
			what, {Text: needs}, {Text: h.Took()}, {Text: made}}})
	}
	b.Table.Rows = page.Rows(rows...)
	if r.After != "" {
		b.Pager.Prev = with(RunsPath, "outcome", r.Outcome, "hours", r.Time, "after", r.After)
	}
	if r.Before != "" {
		b.Pager.Next = with(RunsPath, "outcome", r.Outcome, "hours", r.Time, "before", r.Before)
	}
	b.Pager.PrevText, b.Pager.NextText, b.Pager.Text = "Newer", "Older", phrase.Plural(len(rows), "run")
	return s.write(w, "runs", "Runs", RunsPath, b)
}

// times gives how the times at which runs of a list started are shown: to the minute, and with the
// seconds where several of them started in the same one.
func times(heads []report.Head) func(*report.Head) string {
	in := map[string]int{}
	for i := range heads {
		in[moment(stamped(heads[i].Started))]++
	}
	return func(h *report.Head) string {
		at := stamped(h.Started)
		if text := moment(at); in[text] < 2 || at.IsZero() {
			return text
		}
		return at.UTC().Format("2006-01-02 15:04:05 UTC")
	}
}

// short cuts a long text.
func short(text string) string {
	const most = 240
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}
