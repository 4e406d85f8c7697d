package pages_test

import (
	"bytes"
	"encoding/xml"
	"errors"
	"io"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"pgregory.net/rapid"

	"duosync/cmd/internal/console/pages"
	"duosync/cmd/internal/notify/message"
	"duosync/cmd/internal/notify/news"
	"duosync/cmd/internal/page"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
)

var site = pages.Site{Version: "test", Now: reporttest.Noon.Add(time.Hour), Account: reporttest.Hostile, Directory: reporttest.Hostile, Word: pages.Held}

// all writes every page with a text wherever one comes from outside.
func all(text string) map[string]func(io.Writer) error {
	run := reporttest.HostileRun()
	run.By, run.Command, run.Only = text, text, text
	doc := report.Of(run)
	var some []report.Operation
	for o := range doc.Operations.All() {
		o.Username, o.Reason, o.Error = text, text, text
		some = append(some, *o)
	}
	days := []dirsync.Day{{Date: "2026-03-01", Seats: dirsync.Seats{Active: 3}, Groups: map[string]int{text: 3}}, {Date: "2026-03-02", Seats: dirsync.Seats{Active: 5, Bypass: 1}, Groups: map[string]int{text: 4}}}
	link := &dirsync.Link{ID: dirsync.SourceID(text), User: text, Origin: dirsync.Adopted, Asked: dirsync.Fields{dirsync.FieldUsername: text, dirsync.FieldEmail: "a"},
		Answered: dirsync.Account{ID: text, Username: text, Realname: text, Email: text, Notes: text, Status: text, Groups: []dirsync.Membership{{ID: text, Name: text}}},
		Missing:  &dirsync.Missing{Why: text, Since: reporttest.Noon}, LetGo: text, Unfinished: []string{text}}
	attention := []report.Attention{{Username: text, SourceID: dirsync.SourceID(text), Reason: text, Remedy: "duosync " + text, Since: text}, {Username: text, Reason: text, Remedy: text}}
	mark := dirsync.Mark{User: text, Username: text, Source: dirsync.SourceID(text), Reason: text, By: text, Since: reporttest.Noon}
	head := doc.Head
	s := site
	s.Account, s.Directory = text, text
	return map[string]func(io.Writer) error{
		"now": func(w io.Writer) error {
			return s.ShowNow(w, &pages.Now{Standing: pages.Standing{Word: text, Tone: page.Held, Reason: text}, Last: &head, Attention: attention, Held: doc.Guards, HeldBy: &head, HeldOps: some, HeldAll: 99, Approved: 1,
				Resume: text, Days: days, Recent: []report.Head{head, head}, Waiting: 3})
		},
		"runs": func(w io.Writer) error {
			return s.ShowRuns(w, &pages.Runs{Outcome: text, Time: text, Heads: []report.Head{head, {RunID: text, Outcome: text, Error: text}}, Before: text, After: text})
		},
		"run": func(w io.Writer) error {
			return s.ShowRun(w, &pages.Run{Doc: doc, Older: text, Newer: text, Command: text, Groups: []pages.Operations{{Action: dirsync.Update, All: 900, Some: some}, {Action: dirsync.Action(text), All: 1, Some: some[:1]}}})
		},
		"a part of a run": func(w io.Writer) error {
			return s.ShowRun(w, &pages.Run{Doc: doc, Only: dirsync.Action(text), Page: 2, Pages: 3, Groups: []pages.Operations{{Action: dirsync.Action(text), All: 900, Some: some}}})
		},
		"people": func(w io.Writer) error {
			return s.ShowPeople(w, &pages.People{Text: text, Status: text, Found: []pages.Found{{ID: dirsync.SourceID(text), Username: text, Name: text, Mail: text, Status: text, Note: text}}, All: 900, Page: 2, Each: 50, AsOf: text, Note: text})
		},
		"who needs somebody": func(w io.Writer) error {
			return s.ShowPeople(w, &pages.People{Status: pages.NeedsSomebody, Attention: attention, All: 2, Page: 1, Each: 1})
		},
		"person": func(w io.Writer) error {
			return s.ShowPerson(w, &pages.Person{Person: &past.Person{ID: dirsync.SourceID(text), Link: link, Mark: &mark, Steps: []past.Step{{RunID: text, At: reporttest.Noon, Operation: some[0]}}},
				Attention: attention, Conflicts: doc.Conflicts, Held: doc.Guards, HeldWhat: dirsync.Action(text), Explain: text, Enable: text, Waiting: &dirsync.Waiting{Action: dirsync.Action(text), Due: reporttest.Noon}})
		},
		"nobody of Duo": func(w io.Writer) error {
			return s.ShowPerson(w, &pages.Person{Person: &past.Person{ID: dirsync.SourceID(text)}, Attention: attention, Explain: text})
		},
		"waiting": func(w io.Writer) error {
			return s.ShowWaiting(w, &pages.Waiting{Removals: []pages.Removal{{Username: text, Name: text, Mail: text, ID: dirsync.SourceID(text), Action: dirsync.Action(text), Due: reporttest.Noon.Add(99 * time.Hour)}}, All: 300, Page: 2, Each: 100, AsOf: text, Unenrolled: -1,
				Approvals: []dirsync.Approval{{ID: text, By: text, Holds: []dirsync.Hold{{Guard: text}}}}, Revoke: func(string) string { return text }, Marks: []dirsync.Mark{mark}, Enable: func(string) string { return text }})
		},
		"groups": func(w io.Writer) error {
			return s.ShowGroups(w, &pages.Groups{Links: []dirsync.GroupLink{{ID: text, Name: text, Missed: true}, {ID: "x", Name: "b"}}, Days: days, Page: 1, Each: 1})
		},
		"drift": func(w io.Writer) error {
			return s.ShowDrift(w, &pages.Drift{Run: &head, At: reporttest.Noon, Mended: some, All: 99, Left: attention, Command: text, Refresh: text, Enforced: text})
		},
		"settings": func(w io.Writer) error {
			return s.ShowSettings(w, &pages.Settings{File: text, Text: "ldap:\n  bind_dn: " + text + "   # " + text + "\nodd: x # default\n" + text, Command: text})
		},
		"problem": func(w io.Writer) error {
			return s.Problem(w, &pages.Problem{Title: text, Text: text, Commands: []string{text}, Links: []page.Link{{Name: text, Href: pages.NowPath}}})
		},
		"empty":        func(w io.Writer) error { return s.ShowNow(w, &pages.Now{}) },
		"empty runs":   func(w io.Writer) error { return s.ShowRuns(w, &pages.Runs{}) },
		"empty people": func(w io.Writer) error { return s.ShowPeople(w, &pages.People{Making: text}) },
		"empty groups": func(w io.Writer) error { return s.ShowGroups(w, &pages.Groups{Page: 1, Each: 1}) },
		"empty drift":  func(w io.Writer) error { return s.ShowDrift(w, &pages.Drift{}) },
	}
}

// TestNoPageDoesHarm: each is well-formed, has no element or attribute but its own, nothing
// that a browser acts on, and leads nowhere else.
func TestNoPageDoesHarm(t *testing.T) {
	for _, text := range []string{reporttest.Hostile, "", `" onmouseover="alert(1)`, "javascript:alert(1)", "</style></title><script>", "https://evil.example/", "//evil.example", "..", "a/b?c#d%2e", "{{.}}"} {
		for name, write := range all(text) {
			if problem := checked(write); problem != nil {
				t.Errorf("%s with %.40q: %v", name, text, problem)
			}
		}
	}
}

// TestAnyText: the same for whatever text.
func TestAnyText(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(rapid.String(), rapid.StringOf(rapid.SampledFrom([]rune("<>\"'&=/\\ \n\r\t\x00\x1b\u202e\u2066\u2028\ufffd`{}:;#?%.a")))).Draw(t, "text")
		for name, write := range all(text) {
			if problem := checked(write); problem != nil {
				t.Fatalf("%s: %v", name, problem)
			}
		}
	})
}

var attributes = strings.Fields("class scope data-column href id aria-labelledby aria-label aria-hidden aria-current role lang charset name content rel tabindex viewBox d fill stroke stroke-width stroke-linecap stroke-linejoin focusable preserveAspectRatio title method action type value placeholder maxlength autocomplete spellcheck selected open dir")

// checked makes a page, and says what is wrong with it.
func checked(write func(io.Writer) error) error {
	var out bytes.Buffer
	if err := write(&out); err != nil {
		return err
	}
	for _, c := range out.String() {
		if unicode.IsControl(c) && c != '\n' && c != '\t' || unicode.In(c, unicode.Bidi_Control) || c == unicode.ReplacementChar || c == '\u2028' || c == '\u2029' {
			return errors.New("it lets " + string(c) + " out")
		}
	}
	d := xml.NewDecoder(strings.NewReader(strings.TrimPrefix(out.String(), "<!DOCTYPE html>")))
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		start, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		if slices.Contains([]string{"script", "style", "img", "iframe", "object", "embed", "base"}, start.Name.Local) {
			return errors.New("an element " + start.Name.Local)
		}
		for _, a := range start.Attr {
			if !slices.Contains(attributes, a.Name.Local) {
				return errors.New("an attribute " + a.Name.Local)
			}
			if a.Name.Local != "href" && a.Name.Local != "action" {
				continue
			}
			if at, err := url.Parse(a.Value); err != nil || at.Scheme != "" || at.Host != "" || !strings.HasPrefix(a.Value, "/") && !strings.HasPrefix(a.Value, "#") {
				return errors.New("it leads to " + a.Value)
			}
		}
	}
}

// TestStanding: the gravest word wins, and none says that all is well while somebody needs
// attention.
func TestStanding(t *testing.T) {
	const needs = "2 people need attention"
	for name, test := range map[string]struct {
		facts pages.Facts
		word  string
		tone  page.Tone
		says  []string
	}{
		"nothing yet":               {pages.Facts{}, pages.NoRun, page.Plain, []string{"The first run is to come."}},
		"all well":                  {pages.Facts{Done: "nothing was to be done for 9 people"}, pages.InStep, page.Good, []string{"Nothing was to be done for 9 people."}},
		"people":                    {pages.Facts{Done: "x", Needs: needs}, pages.Attention, page.Attention, []string{"2 people need attention."}},
		"people before a run":       {pages.Facts{Needs: needs}, pages.Attention, page.Attention, nil},
		"left":                      {pages.Facts{Done: "x", Left: "the last run left some people out"}, pages.Attention, page.Attention, []string{"left some people out"}},
		"a run":                     {pages.Facts{Done: "x", Running: "a run is under way"}, pages.Writing, page.Writing, []string{"A run is under way."}},
		"a run above people":        {pages.Facts{Done: "x", Running: "a run is under way", Needs: needs}, pages.Writing, page.Writing, []string{"need attention"}},
		"the first run":             {pages.Facts{Running: "a run is under way"}, pages.Writing, page.Writing, nil},
		"held":                      {pages.Facts{Done: "x", Held: "max_remove holds"}, pages.Held, page.Held, []string{"Max_remove holds."}},
		"held during a run":         {pages.Facts{Done: "x", Held: "max_remove holds", Running: "a run is under way", Needs: needs}, pages.Held, page.Held, []string{"under way", "need attention"}},
		"failed above held":         {pages.Facts{Done: "x", Failed: "the last run failed: down", Held: "max_remove holds"}, pages.Failing, page.Bad, []string{"down", "Max_remove"}},
		"paused above failed":       {pages.Facts{Done: "x", Failed: "down", Paused: "since noon"}, pages.Paused, page.Paused, []string{"Since noon.", "Down."}},
		"no state above all":        {pages.Facts{Done: "x", Broken: "gone", Paused: "since noon"}, pages.Failing, page.Bad, []string{"Gone."}},
		"a sentence has one period": {pages.Facts{Done: "done."}, pages.InStep, page.Good, []string{"Done."}},
	} {
		got := test.facts.Standing()
		if got.Word != test.word || got.Tone != test.tone {
			t.Errorf("%s: %s (%s), want %s (%s)", name, got.Word, got.Tone, test.word, test.tone)
		}
		for _, want := range test.says {
			if !strings.Contains(got.Reason, want) {
				t.Errorf("%s: %q lacks %q", name, got.Reason, want)
			}
		}
		if strings.Contains(got.Reason, "..") || got.Running != (test.facts.Running != "") {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

// TestPaths: whatever an id is, its page is one below the people.
func TestPaths(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{".", "..", "/", "a/b", "a//b", "%2f", "students/6d1f", "?q", "#"})).Draw(t, "id")
		path := pages.PersonPath(dirsync.SourceID(id))
		if id == "" {
			if path != "" {
				t.Fatal(path)
			}
			return
		}
		rest, below := strings.CutPrefix(path, pages.PeoplePath+"/")
		if back, err := url.PathUnescape(rest); err != nil || back != id || !below || strings.ContainsAny(rest, "/?#") || rest == "." || rest == ".." {
			t.Fatalf("%q: %q", id, path)
		}
	})
}

// TestPersonSaysWhatCounts: what keeps somebody out stands at the top, with what to do.
func TestPersonSaysWhatCounts(t *testing.T) {
	link := &dirsync.Link{ID: "6a1f", User: "DU1", Origin: dirsync.Created, Asked: dirsync.Fields{dirsync.FieldUsername: "ann", dirsync.FieldNotes: "planted"},
		Answered: dirsync.Account{ID: "DU1", Username: "ann", Status: dirsync.StatusDisabled, Notes: "planted"}, Missing: &dirsync.Missing{Why: "gone from the directory", Since: reporttest.Noon}}
	p := &pages.Person{Person: &past.Person{ID: "6a1f", Link: link, Mark: &dirsync.Mark{User: "DU1", By: "carla", Reason: "left in anger", Since: reporttest.Noon}},
		Waiting: &dirsync.Waiting{Action: dirsync.Trash, Due: site.Now.Add(72 * time.Hour)}, Enable: "duosync enable ann", Explain: "duosync explain DU1",
		Hidden: func(field string) bool { return field == dirsync.FieldNotes }}
	var out bytes.Buffer
	if err := site.ShowPerson(&out, p); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"In Duo: disabled.", "Kept disabled by duosync disable.", "Goes into the Trash on 2026-03-07, in 3 days.", "by carla: left in anger", ">duosync enable ann</code>", ">duosync explain DU1</code>", "(hidden)", "gone from the directory since"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("it lacks %q", want)
		}
	}
	if strings.Contains(out.String(), "planted") {
		t.Error("it shows what is hidden")
	}
	if t.Failed() {
		t.Log(out.String())
	}
}

// TestMessagesLeadHere: a message links to a person's and a run's page as these are called.
func TestMessagesLeadHere(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		id := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{".", "..", "a/b", "%2f"})).Filter(func(s string) bool { return s != "" }).Draw(t, "id")
		if strings.ContainsFunc(id, func(r rune) bool {
			return unicode.IsControl(r) || !unicode.IsPrint(r) || unicode.IsSpace(r) || r == unicode.ReplacementChar
		}) {
			t.Skip() // such an id is made harmless in a message
		}
		run := &dirsync.Run{ID: "20260304T120000Z-0a1b2c", Outcome: dirsync.OutcomeNoChanges, Started: reporttest.Noon, Complete: true, Attention: []dirsync.Attention{{Username: "ann", Source: dirsync.SourceID(id), Reason: "x"}}}
		told, _ := news.Of(nil, run, []string{"attention"}, false, reporttest.Noon)
		m := message.Of(told, run, message.About{PublicURL: "https://sync.example.org"})
		if m.Links.Page != "https://sync.example.org"+pages.PersonPath(dirsync.SourceID(id)) || m.Links.Run != "https://sync.example.org"+pages.RunPath(run.ID) {
			t.Fatalf("%q: %+v", id, m.Links)
		}
	})
}
