package report

import (
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// Summary counts a run. The operations are counted whatever their result;
// failed, held and skipped count again by result. Phones are made and deleted as
// part of operations on people; PhoneCreate and PhoneDelete count the phones.
type Summary struct {
	Unchanged   int `json:"unchanged"`
	Create      int `json:"create"`
	Recreate    int `json:"recreate"`
	Update      int `json:"update"`
	Disable     int `json:"disable"`
	Enable      int `json:"enable"`
	Restore     int `json:"restore"`
	Trash       int `json:"trash"`
	Delete      int `json:"delete"`
	Adopt       int `json:"adopt"`
	Release     int `json:"release"`
	GroupCreate int `json:"group_create"`
	GroupUpdate int `json:"group_update"`
	GroupDelete int `json:"group_delete"`
	PhoneCreate int `json:"phone_create"`
	PhoneDelete int `json:"phone_delete"`
	EnrollMail  int `json:"enroll_mail"`
	Conflict    int `json:"conflict"`
	Failed      int `json:"failed"`
	Held        int `json:"held"`
	Waiting     int `json:"waiting"`
	Skipped     int `json:"skipped"`
	Attention   int `json:"attention"`
}

// Summarize counts a run.
func Summarize(run *dirsync.Run) Summary {
	s := Summary{
		Unchanged: run.Unchanged,
		Conflict:  len(run.Conflicts),
		Failed:    run.Count(dirsync.ResultFailed),
		Held:      run.Count(dirsync.ResultHeld),
		Waiting:   len(run.Waiting),
		Attention: len(run.Attention),
		Skipped:   len(run.Skipped) + run.Count(dirsync.ResultSkipped),
	}
	counters := s.counters()
	for _, o := range run.Operations {
		s.count(counters, o.Action, o.Phones)
	}
	return s
}

// undoneOf counts what of the operations of a run was not done, by the words of its summary.
func undoneOf(run *dirsync.Run) map[string]int {
	var s Summary
	counters := s.counters()
	for _, o := range run.Operations {
		if o.Result != dirsync.ResultApplied {
			s.count(counters, o.Action, o.Phones)
		}
	}
	return s.byWord()
}

// byWord gives the counts of what is done that are not nought.
func (s *Summary) byWord() map[string]int {
	by := map[string]int{}
	for _, c := range s.counters() {
		if *c.n > 0 {
			by[c.word] = *c.n
		}
	}
	return by
}

// done tells of the counts of what is done how many were, and whether that is known: not of a dry
// run, of one that goes on, nor of each report of an earlier version.
func (h *Head) done() (done Summary, known bool) {
	done = h.Summary
	switch {
	case h.Outcome == dirsync.OutcomeApplied:
		return done, true
	case h.Undone == nil || h.GoesOn():
		return done, false
	}
	for _, c := range done.counters() {
		*c.n -= h.Undone[c.word]
	}
	return done, true
}

// count counts one operation, and what it does to phones. counters are those of s.
func (s *Summary) count(counters []counter, action dirsync.Action, phones []dirsync.PhoneStep) {
	for _, step := range phones {
		switch step.Do {
		case dirsync.PhoneMake:
			s.PhoneCreate++
		case dirsync.PhoneRemove:
			s.PhoneDelete++
		}
	}
	if action == dirsync.PhoneDelete {
		return // its steps were counted
	}
	for _, c := range counters {
		if c.word == string(action) {
			*c.n++
		}
	}
}

// counter is one of the counts of what is done, by its word in the JSON form; verb and
// what there is of it, in the plural and "" for users, say it to people.
type counter struct {
	word string
	n    *int
	todo string // such as "create": so many are to be
	done string // such as "created"
	what string // such as "group"
}

// say says a count, of what was done or is to be done.
func (c *counter) say(done bool) string {
	text := phrase.Count(*c.n)
	if c.what != "" {
		text = phrase.Plural(*c.n, c.what)
	}
	if done {
		return text + " " + c.done
	}
	return text + " to " + c.todo
}

// counters gives the counts of what is done, in their order. All but those of
// phones are of operations, by action.
func (s *Summary) counters() []counter {
	return []counter{
		{string(dirsync.Create), &s.Create, "create", "created", ""},
		{string(dirsync.Recreate), &s.Recreate, "recreate", "recreated", ""},
		{string(dirsync.Update), &s.Update, "update", "updated", ""},
		{string(dirsync.Disable), &s.Disable, "disable", "disabled", ""},
		{string(dirsync.Enable), &s.Enable, "enable", "enabled", ""},
		{string(dirsync.Restore), &s.Restore, "restore", "restored", ""},
		{string(dirsync.Trash), &s.Trash, "trash", "trashed", ""},
		{string(dirsync.Delete), &s.Delete, "delete", "deleted", ""},
		{string(dirsync.Adopt), &s.Adopt, "adopt", "adopted", ""},
		{string(dirsync.Release), &s.Release, "release", "released", ""},
		{string(dirsync.GroupCreate), &s.GroupCreate, "create", "created", "group"},
		{string(dirsync.GroupUpdate), &s.GroupUpdate, "change", "changed", "group"},
		{string(dirsync.GroupDelete), &s.GroupDelete, "delete", "deleted", "group"},
		{"phone_create", &s.PhoneCreate, "add", "added", "phone"},
		{string(dirsync.PhoneDelete), &s.PhoneDelete, "remove", "removed", "phone"},
		{string(dirsync.EnrollMail), &s.EnrollMail, "send", "sent", "enrollment mail"},
	}
}

// PlanWords count the operations by action: of a run that is over what was done, or where nothing
// was, what was to be. Then they count again what became of others.
func (h *Head) PlanWords() string {
	s := &h.Summary
	done, over := h.done()
	var parts []string
	add := func(n int, word string) {
		if n > 0 {
			parts = append(parts, phrase.Count(n)+" "+word)
		}
	}
	say := func(s *Summary, over bool) {
		for _, c := range s.counters() {
			if *c.n > 0 {
				parts = append(parts, c.say(over))
			}
		}
	}
	if over {
		say(&done, true)
	}
	switch {
	case len(parts) > 0:
	case h.Planned() == s.Failed:
		parts = append(parts, "no operations")
	default:
		if say(s, false); over {
			parts[0] = "not done: " + parts[0]
		}
	}
	add(s.Failed, "failed")
	add(s.Held, "held")
	add(s.Skipped, "skipped")
	add(s.Conflict, "in conflict")
	add(s.Waiting, "waiting")
	return strings.Join(parts, ", ")
}

// Planned counts the operations of a run, whatever became of them.
func (h *Head) Planned() int {
	n := h.Summary.Failed
	for _, c := range h.Summary.counters() {
		n += *c.n
	}
	return n
}

// tiles are the figures of a run: what went wrong, what needs a human, then what was done by
// action, or is to be.
func (h *Head) tiles() []form.Tile {
	s := &h.Summary
	done, over := h.done()
	if over = over && len(done.byWord()) > 0; !over {
		done = h.Summary
	}
	var tiles []form.Tile
	add := func(n int, label string, tone form.Tone, id string) {
		if n > 0 {
			tiles = append(tiles, form.Tile{Label: label, Count: phrase.Count(n), Tone: tone, ID: id})
		}
	}
	add(s.Failed, "failed", form.Bad, "")
	add(s.Held, "held", form.Bad, "")
	add(max(s.Attention, s.Conflict), "need attention", form.Change, "")
	for _, c := range done.counters() {
		label := "to " + c.todo
		if over {
			label = c.done
		}
		if c.what != "" {
			label = c.what + "s " + label
		}
		o := &Operation{Action: dirsync.Action(c.word)}
		id := c.word
		if c.what == "phone" {
			id = "" // they are parts of operations of any kind
		}
		tone := form.Plain
		if o.Removes() {
			tone = form.Bad
		}
		add(*c.n, label, tone, id)
	}
	add(s.Waiting, "waiting", form.Plain, "")
	if h.Source.Complete {
		add(s.Unchanged, "unchanged", form.Plain, "")
	}
	return tiles
}

// where names the account and the directory, as far as they are known.
func (h *Head) where() []form.Fact {
	var facts []form.Fact
	if h.Account != "" {
		facts = append(facts, form.Fact{Text: h.Account})
	}
	if h.Directory != "" {
		facts = append(facts, form.Fact{Name: "directory", Text: h.Directory})
	}
	return facts
}
