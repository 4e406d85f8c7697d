package message

import (
	"strings"

	"duosync/cmd/internal/notify/news"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// subject says in one line what it is: the account, what happened, how many, what to do.
// What is over is told beside what is graver.
func (w *writer) subject(m *Message) string {
	text := "duosync " + m.Account + ": "
	if m.Reminder && m.Event != news.Success {
		text += "reminder (since " + phrase.ShortTime(w.told[0].Since) + "): "
	}
	text += w.headline(m, m.Event)
	if m.Event != news.Recovered && m.has(news.Recovered) {
		text += "; " + w.over()
		if m.Event != news.Held && m.Event != news.Failure {
			text += w.stillHeld(m)
		}
	}
	return text
}

// stillHeld tells of a hold that goes on, beside what is over.
func (w *writer) stillHeld(m *Message) string {
	if len(m.Guards) == 0 {
		return ""
	}
	text := "; still HELD: " + w.short(m.Guards[0].Text)
	if more := len(m.Guards) - 1; more > 0 {
		text += ", and " + phrase.Plural(more, "more guard")
	}
	return text
}

// headline says an event in words, with what does not go with it.
func (w *writer) headline(m *Message, event news.Event) string {
	text := w.brief(m, event)
	switch event {
	case news.Recovered:
		return report.But(text, w.undone(), w.needs()) + w.stillHeld(m)
	case news.Change, news.Success:
		return report.But(text, w.undone(), w.needs(), stillHeld(m))
	}
	return text
}

// brief says it alone, where the rest is told besides.
func (w *writer) brief(m *Message, event news.Event) string {
	switch event {
	case news.Failure:
		return w.failed()
	case news.Held:
		return w.held(m)
	case news.Conflict:
		var who []string
		for i := range w.run.Conflicts {
			c := &w.run.Conflicts[i]
			who = append(who, phrase.Name(c.Username, c.Sources...))
		}
		return phrase.Plural(len(who), "conflict") + " to be decided: " + w.few(who)
	case news.Attention:
		var who []string
		for i := range w.run.Attention {
			a := &w.run.Attention[i]
			who = append(who, phrase.Name(a.Username, a.Source))
		}
		return w.needs() + ": " + w.few(who)
	case news.Recovered:
		return w.over()
	case news.Change:
		return w.wrote(m)
	}
	if len(m.Changes) > 0 || m.Missed != nil {
		return "in step after " + w.wrote(m)
	}
	return "in step, nothing was to be done for " + phrase.People(w.run.InScope)
}

// few gives the first of some names, and counts the others.
func (w *writer) few(all []string) string {
	const most, longest = 3, 40
	var shown []string
	for _, name := range all[:min(len(all), most)] {
		shown = append(shown, w.cut(name, longest))
	}
	text := strings.Join(shown, ", ")
	if more := len(all) - len(shown); more > 0 {
		text += " and " + phrase.Count(more) + " more"
	}
	return text
}

func (w *writer) failed() string {
	why := w.short(printed.Runnable(w.run.Err.Error(), w.run.Flags))
	if w.unit != "" {
		return w.unit + " FAILED: " + why
	}
	if w.skip {
		return "no run for a day: " + why
	}
	if n := w.run.Count(dirsync.ResultApplied); n > 0 {
		return "run FAILED after " + phrase.Plural(n, "change") + ": " + why
	}
	return "run FAILED, nothing was written: " + why
}

func (w *writer) held(m *Message) string {
	what := "run HELD in part, all else was done: "
	if m.whole() {
		what = "run HELD, nothing was written: "
	}
	if len(m.Guards) == 0 {
		return strings.TrimSuffix(what, ": ")
	}
	what += w.short(m.Guards[0].Text)
	if more := len(m.Guards) - 1; more > 0 {
		what += ", and " + phrase.Plural(more, "more guard")
	}
	if m.Guards[0].Command != "" {
		return what + "; approve it, or mend the cause"
	}
	return what + "; it wants a human"
}

// over says what has ended.
func (w *writer) over() string {
	var parts []string
	for _, t := range w.told {
		if t.Event != news.Recovered {
			continue
		}
		text := "runs again, after failing since "
		if t.Was == news.Held {
			text = "no longer held, as it was since "
		}
		text += phrase.ShortTime(t.Since)
		if lasted := w.run.Started.Sub(t.Since); lasted > 0 {
			text += " (" + phrase.Span(lasted) + ")"
		}
		parts = append(parts, text)
	}
	return strings.Join(parts, "; ")
}

// undone counts what failed or was left out; "" for none.
func (w *writer) undone() string {
	if n := w.run.Count(dirsync.ResultFailed) + w.run.Count(dirsync.ResultSkipped); n > 0 {
		return phrase.Plural(n, "operation") + " failed or left out"
	}
	return ""
}

func (w *writer) needs() string { return report.NeedsAttention(report.AttentionOf(w.run.Attention)) }

func stillHeld(m *Message) string {
	if len(m.Guards) == 0 {
		return ""
	}
	return phrase.Plural(len(m.Guards), "guard") + " still holding something"
}

// done are what actions are called once they are done.
var done = map[dirsync.Action]string{
	dirsync.Create: "created", dirsync.Recreate: "created again", dirsync.Update: "updated", dirsync.Disable: "disabled",
	dirsync.Enable: "enabled", dirsync.Restore: "restored", dirsync.Trash: "put into the Trash", dirsync.Delete: "deleted",
	dirsync.Adopt: "adopted", dirsync.Release: "released", dirsync.GroupCreate: "groups created", dirsync.GroupUpdate: "groups updated",
	dirsync.GroupDelete: "groups deleted", dirsync.PhoneDelete: "phones deleted", dirsync.EnrollMail: "sent an enrollment mail",
}

// changed counts what was written: "12 changes: 10 created, 2 disabled".
func changed(changes []Change) string {
	total := 0
	var parts []string
	for _, c := range changes {
		total += c.Count
		word := done[c.Action]
		if word == "" {
			word = string(c.Action)
		}
		parts = append(parts, phrase.Count(c.Count)+" "+word)
	}
	return phrase.Plural(total, "change") + ": " + strings.Join(parts, ", ")
}

// wrote counts what was written, by the run and by earlier ones that could not be told.
func (w *writer) wrote(m *Message) string {
	late := ""
	if m.Missed != nil {
		late = changed(m.Missed.Changes) + " (by " + phrase.Plural(m.Missed.Runs, "earlier run") + " since " + phrase.Minute(m.Missed.Since) + " UTC, of which no message could be delivered)"
	}
	switch {
	case late == "":
		return changed(m.Changes)
	case len(m.Changes) == 0:
		return late
	}
	return changed(m.Changes) + "; and " + late
}

// next says what happens next, and what is to be done.
func (w *writer) next(m *Message) string {
	switch {
	case w.skip:
		return "No run writes to Duo meanwhile, so who leaves is not disabled there. This is told once a day until a run begins."
	case w.unit != "":
		return "What was written until then stands, and the next run goes on from there. You are told when one succeeds."
	case w.run.Err != nil && w.forgets:
		return "The next run tries again; people stay in Duo as they are until one succeeds. While the state can't be opened each run tells this anew, and no message says when it is over."
	case w.run.Err != nil:
		return "The next run tries again; people stay in Duo as they are until one succeeds. You are told when one does."
	case m.whole():
		return "Nothing was written, and each further run is held the same way. If it is right, approve it and run again; if it is wrong, mend the directory or the configuration."
	case len(m.Guards) > 0:
		return "What the guards hold was not done, and all else was. It is held in each run until it is approved or the cause is gone."
	case m.PeopleTotal > 0:
		return "They stay as they are until somebody acts; nobody else waits for that."
	}
	return "Nothing is to be done."
}
