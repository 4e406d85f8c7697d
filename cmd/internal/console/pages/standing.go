package pages

import (
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
)

// The words for how things stand.
const (
	InStep    = "In step"
	Attention = "Attention"
	Held      = "Held"
	Paused    = "Paused"
	Failing   = "Failing"
	Writing   = "Writing"
	NoRun     = "No run yet"
)

// Standing says how things stand, in a word and with the reason.
type Standing struct {
	Word    string
	Tone    page.Tone
	Reason  string
	Running bool // a run is under way
}

// Facts are what a [Standing] follows from; "" and nought where there is nothing.
type Facts struct {
	Paused  string // since when writing is stopped, by whom and why
	Broken  string // why the state can't be used or read
	Failed  string // why the last run, or the last over all people, failed
	Held    string // what guards hold
	Running string // what a run under way does; "": none is
	Left    string // what the last run left undone
	Needs   string // how many need somebody
	Done    string // what the last run did; "": there was none yet
}

// Standing gives the word: the gravest first. No word says that all is well while somebody
// needs attention.
func (f *Facts) Standing() Standing {
	s := Standing{Running: f.Running != ""}
	say := func(word string, tone page.Tone, reasons ...string) Standing {
		s.Word, s.Tone, s.Reason = word, tone, sentences(reasons...)
		return s
	}
	switch {
	case f.Broken != "":
		return say(Failing, page.Bad, f.Broken)
	case f.Paused != "":
		return say(Paused, page.Paused, f.Paused, f.Failed, f.Held, f.Needs)
	case f.Failed != "":
		return say(Failing, page.Bad, f.Failed, f.Held, f.Needs, f.Running)
	case f.Held != "":
		return say(Held, page.Held, f.Held, f.Left, f.Needs, f.Running)
	case f.Running != "":
		return say(Writing, page.Writing, f.Running, f.Left, f.Needs)
	case f.Needs != "" || f.Left != "":
		return say(Attention, page.Attention, f.Left, f.Needs)
	case f.Done == "":
		return say(NoRun, page.Plain, "The first run is to come.")
	}
	return say(InStep, page.Good, f.Done)
}

// sentences puts texts into sentences.
func sentences(texts ...string) string {
	all := ""
	for _, text := range nonempty(texts...) {
		if all != "" {
			all += " "
		}
		all += page.Heading(text)
		switch text[len(text)-1] {
		case '.', '!', '?':
		default:
			all += "."
		}
	}
	return all
}

// outcomeWord says how a run went.
func outcomeWord(h *report.Head) string {
	switch {
	case h.Interrupted:
		return "interrupted"
	case h.Outcome == dirsync.OutcomeNoChanges:
		return "unchanged"
	case h.GoesOn():
		return "under way"
	}
	return h.Outcome
}

// outcomeTone colours an outcome: no run in which somebody needs attention is good.
func outcomeTone(h *report.Head) page.Tone {
	switch {
	case h.GoesOn():
		return page.Writing
	case h.Outcome == dirsync.OutcomeFailed:
		return page.Bad
	case h.Outcome == dirsync.OutcomeHeld:
		return page.Held
	case h.Outcome == dirsync.OutcomePartial, h.Summary.Attention > 0, h.Summary.Failed > 0, h.Summary.Conflict > 0:
		return page.Attention
	}
	return page.Good
}

// actionTone colours an action by what it does to a person.
func actionTone(o *report.Operation) page.Tone {
	switch {
	case o.Removes():
		return page.Bad
	case o.Action == dirsync.Update, o.Action == dirsync.Adopt, o.Action == dirsync.GroupUpdate:
		return page.Change
	}
	return page.Good
}
