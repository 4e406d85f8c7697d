// Package message puts into words what people are told, once, and gives it the form that
// each receiver reads: duosync's own JSON, a message of Slack, a card of Microsoft Teams, a
// mail. Whatever comes from outside is made harmless before it gets into any of them.
package message

import (
	"maps"
	"slices"

	"duosync/cmd/internal/notify/news"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
	"duosync/sync/printed"
	"duosync/sync/secrets"
)

// schema is the version of the JSON form. It rises when a key changes its meaning or goes
// away; new keys come without.
const schema = 1

// mostPeople is how many people a message names; the others are counted.
const mostPeople = 10

// Message is what people are told of a run, and its JSON form at once. Its texts are
// harmless and hold no secret; names of people and commands are as they are, for a program to use,
// and made harmless where a page shows them. Times are RFC 3339 in UTC.
type Message struct {
	Schema int `json:"schema"`
	// ID is the same for each try to deliver a message, and for no other one.
	ID string `json:"id"`
	// Event is the gravest of Events. A reminder is of something that was told before.
	Event    news.Event   `json:"event"`
	Events   []news.Event `json:"events"`
	Reminder bool         `json:"reminder"`
	Test     bool         `json:"test"`
	// Subject says it in one line, and Text all of it as plain text.
	Subject string `json:"subject"`
	Text    string `json:"text"`
	// Account is the host of Duo's API, and Directory where people come from.
	Account   string `json:"account"`
	Directory string `json:"directory"`
	Run       Run    `json:"run"`
	// Error is why the run failed, and Hint what to do about it.
	Error string `json:"error"`
	Hint  string `json:"hint"`
	// Since is when a failure or hold began.
	Since string `json:"since"`
	// Ended are the failures and holds that are over.
	Ended   []Ended        `json:"ended"`
	Summary report.Summary `json:"summary"`
	Guards  []Guard        `json:"guards"`
	// ApproveAll lets through all that several guards hold, at once; "" where one does.
	ApproveAll string `json:"approve_all"`
	// People are those who need somebody, new ones first; PeopleTotal counts all of them.
	People      []Person `json:"people"`
	PeopleTotal int      `json:"people_total"`
	// Changes count what was written to Duo, by action.
	Changes []Change `json:"changes"`
	// Missed is what earlier runs have written, of which no message could be delivered.
	Missed *Missed `json:"missed"`
	// Next says what happens next, and what to do.
	Next  string `json:"next"`
	Links Links  `json:"links"`

	page page
}

// Run says which run it was; that of a test has no id.
type Run struct {
	RunID    string `json:"run_id"`
	Outcome  string `json:"outcome"`
	Command  string `json:"command"`
	By       string `json:"by"`
	Started  string `json:"started"`
	Finished string `json:"finished"`
}

// Ended is an event that is over.
type Ended struct {
	Event news.Event `json:"event"`
	Since string     `json:"since"`
}

// Guard is one that holds. Command lets it through; where none does, Remedy says what ends
// it.
type Guard struct {
	Name     string   `json:"name"`
	About    string   `json:"about"`
	WholeRun bool     `json:"whole_run"`
	Affected int      `json:"affected"`
	Total    int      `json:"total"`
	Limit    string   `json:"limit"`
	Text     string   `json:"text"`
	Since    string   `json:"since"`
	Names    []string `json:"names"`
	Command  string   `json:"command"`
	Remedy   string   `json:"remedy"`
}

// Person is somebody, or a group, that needs somebody. Remedy is a command or words.
type Person struct {
	Username string           `json:"username"`
	SourceID dirsync.SourceID `json:"source_id"`
	Reason   string           `json:"reason"`
	Remedy   string           `json:"remedy"`
	Since    string           `json:"since"`
	New      bool             `json:"new"`
	Link     string           `json:"link"` // the page of the person; "" where there is none
}

// Change counts what was done of a kind.
type Change struct {
	Action dirsync.Action `json:"action"`
	Count  int            `json:"count"`
}

// Missed is what earlier runs have written; Since is the start of the first of them.
type Missed struct {
	Runs    int      `json:"runs"`
	Since   string   `json:"since"`
	Changes []Change `json:"changes"`
}

// About is what a message says beside the run.
type About struct {
	Account, Directory string
	PublicURL          string
	Secrets            secrets.Hider
	// Skipped: the run did not begin, since writing is paused or the state in use.
	Skipped bool
	// Unit is the unit of systemd that failed, where that is what the message is about; "": a run
	// that told of itself.
	Unit string
	// Forgets: what is told now can't be kept, so no later message tells of its end.
	Forgets bool
}

// Of gives the message about a run. told is not empty, and the gravest event comes first.
func Of(told []news.Told, run *dirsync.Run, about About) *Message {
	w := writer{told: told, run: run, hide: about.Secrets, skip: about.Skipped, forgets: about.Forgets}
	w.unit = w.line(about.Unit)
	m := &Message{
		Schema: schema, ID: run.ID, Account: w.line(about.Account), Directory: w.line(about.Directory),
		Event: told[0].Event, Reminder: !slices.ContainsFunc(told, func(t news.Told) bool { return !t.Reminder }),
		Run: Run{RunID: run.ID, Outcome: run.Outcome, Command: run.Command, By: w.line(run.By),
			Started: phrase.Stamp(run.Started), Finished: phrase.Stamp(run.Finished)},
		Ended: []Ended{}, Summary: report.Summarize(run), Guards: w.guards(), ApproveAll: w.exact(report.ApproveAll(run)), Changes: w.changes(),
	}
	for _, t := range told {
		if !slices.Contains(m.Events, t.Event) {
			m.Events = append(m.Events, t.Event)
		}
		if t.Missed != nil {
			m.Missed = missedOf(t.Missed)
		}
		switch t.Event {
		case news.Failure, news.Held:
			if m.Since == "" {
				m.Since = phrase.Stamp(t.Since)
			}
		case news.Recovered:
			m.Ended = append(m.Ended, Ended{Event: t.Was, Since: phrase.Stamp(t.Since)})
		}
	}
	if run.Err != nil {
		m.Error = w.cut(printed.Runnable(run.Err.Error(), run.Flags), longText)
		m.Hint = sentence(w.cut(printed.Runnable(dirsync.Hint(run.Err), run.Flags), longText))
	}
	m.People, m.PeopleTotal = w.people()
	for i := range m.People {
		m.People[i].Link = personLink(about.PublicURL, m.People[i].SourceID)
	}
	m.Links = linksOf(about.PublicURL, m, about.Skipped)
	m.Next = w.next(m)
	m.Subject = w.subject(m)
	m.page = w.page(m)
	m.Text = m.page.text()
	return m
}

// Test is a message that says no more than that messages arrive.
func Test(id string, about About) *Message {
	w := writer{hide: about.Secrets, run: &dirsync.Run{}}
	m := &Message{Schema: schema, ID: id, Event: "test", Events: []news.Event{}, Test: true, Account: w.line(about.Account), Directory: w.line(about.Directory),
		Ended: []Ended{}, Guards: []Guard{}, People: []Person{}, Changes: []Change{}, Links: Links{Console: about.PublicURL, Page: about.PublicURL}}
	m.Subject = "duosync " + m.Account + ": test message"
	m.Next = "Nothing is to be done: somebody ran duosync notify test."
	m.page = page{title: m.Subject, link: m.Links.Page}
	m.page.say("Messages of duosync about the directory " + m.Directory + " arrive here.")
	m.page.say(m.Next)
	m.Text = m.page.text()
	return m
}

// writer puts one run into words.
type writer struct {
	told    []news.Told
	run     *dirsync.Run
	hide    secrets.Hider
	skip    bool // the run did not begin, see About
	unit    string
	forgets bool // see About
}

// guards gives those that hold. Where the run failed there are none.
func (w *writer) guards() []Guard {
	all := []Guard{}
	for i := range w.run.Guards {
		g := report.GuardOf(&w.run.Guards[i], w.run.Flags)
		if !g.Held {
			continue
		}
		told := Guard{Name: g.Name, About: w.line(g.About.Text()), WholeRun: g.WholeRun, Affected: g.Affected, Total: g.Total, Limit: g.Limit,
			Text: w.cut(g.Words(), longText), Since: g.Since, Names: []string{}, Command: w.exact(g.Approve)}
		for _, name := range g.Names {
			told.Names = append(told.Names, w.exact(name))
		}
		if g.Approve == "" {
			told.Remedy = w.exact(g.Remedy)
		}
		all = append(all, told)
	}
	return all
}

// people gives who needs somebody, the new ones first, as many as a message names. All who
// are in a conflict need somebody, too.
func (w *writer) people() ([]Person, int) {
	fresh := map[string]bool{}
	for _, t := range w.told {
		if t.Event == news.Conflict || t.Event == news.Attention {
			for key := range t.New {
				fresh[key] = true
			}
		}
	}
	shown, total, seen := []Person{}, 0, map[string]bool{}
	add := func(p Person, key string) {
		person := news.Person(p.Username, p.SourceID)
		if seen[person] {
			return
		}
		seen[person] = true
		p.New = fresh[key] || fresh[person]
		total++
		if len(shown) < mostPeople {
			shown = append(shown, p)
			return
		}
		if last := len(shown) - 1; p.New && !shown[last].New { // new ones first
			shown[last] = p
			slices.SortStableFunc(shown, newFirst)
		}
	}
	for i := range w.run.Conflicts {
		c := &w.run.Conflicts[i]
		told := report.ConflictOf(c)
		told.New = true // "told before" is about reports
		p := Person{Username: c.Username, Reason: told.Words(), Remedy: c.Remedy}
		if len(c.Sources) > 0 {
			p.SourceID = c.Sources[0]
		}
		add(p, news.ConflictKey(c))
	}
	for _, a := range report.AttentionOf(w.run.Attention) {
		add(Person{Username: a.Username, SourceID: a.SourceID, Reason: a.Reason, Remedy: a.Remedy, Since: a.Since}, "")
	}
	slices.SortStableFunc(shown, newFirst)
	for i := range shown {
		p := &shown[i]
		p.Username, p.SourceID = w.exact(p.Username), dirsync.SourceID(w.exact(string(p.SourceID)))
		p.Reason, p.Remedy = w.cut(printed.Runnable(p.Reason, w.run.Flags), longText), w.exact(p.Remedy)
	}
	return shown, total
}

func newFirst(a, b Person) int {
	switch {
	case a.New == b.New:
		return 0
	case a.New:
		return -1
	}
	return 1
}

// changes counts what was written, in the order of the actions in the run.
func (w *writer) changes() []Change {
	all := []Change{}
	for _, o := range w.run.Operations {
		if o.Result != dirsync.ResultApplied {
			continue
		}
		at := slices.IndexFunc(all, func(c Change) bool { return c.Action == o.Action })
		if at < 0 {
			all, at = append(all, Change{Action: o.Action}), len(all)
		}
		all[at].Count++
	}
	return all
}

// missedOf gives what was written and not told, in the order of the words of actions.
func missedOf(late *news.Missed) *Missed {
	m := &Missed{Runs: late.Runs, Since: phrase.Stamp(late.Since), Changes: []Change{}}
	for _, action := range slices.Sorted(maps.Keys(late.Counts)) {
		m.Changes = append(m.Changes, Change{Action: action, Count: late.Counts[action]})
	}
	return m
}

// has reports whether an event is told.
func (m *Message) has(event news.Event) bool { return slices.Contains(m.Events, event) }

// whole reports whether a guard holds the whole run.
func (m *Message) whole() bool {
	return slices.ContainsFunc(m.Guards, func(g Guard) bool { return g.WholeRun })
}
