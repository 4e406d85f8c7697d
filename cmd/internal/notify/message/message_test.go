package message_test

import (
	"encoding/json"
	"encoding/xml"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"

	"duosync/cmd/internal/notify/message"
	"duosync/cmd/internal/notify/news"
	"duosync/cmd/internal/report/reporttest"
	dirsync "duosync/sync"
	"duosync/sync/secrets"
)

var about = message.About{
	Account: "api-1a2b3c4d.duosecurity.com", Directory: "ou=people,dc=example,dc=org", PublicURL: "https://duosync.example.org/",
	Secrets: secrets.New("planted-secret"),
}

// ourLink is what a link may be, whatever people are called: no sign in it is markup anywhere.
var ourLink = regexp.MustCompile(`^https://duosync\.example\.org/([a-z]*(/[A-Za-z0-9%._~:@$&+=-]*)?(\?status=attention)?)?$`)

var all = []string{"failure", "held", "conflict", "attention", "change", "success"}

// messageOf gives what a channel is told that knows before.
func messageOf(t *testing.T, before news.Memory, run *dirsync.Run, on ...string) *message.Message {
	t.Helper()
	told, _ := news.Of(before, run, on, false, run.Started)
	if len(told) == 0 {
		t.Fatal("nothing is told")
	}
	return message.Of(told, run, about)
}

func op(action dirsync.Action, name, result string) *dirsync.Operation {
	return &dirsync.Operation{Op: &dirsync.Op{Action: action, Username: name}, Result: result}
}

// ordinary are runs as they come, one for each event.
func ordinary() map[string]*dirsync.Run {
	base := func(outcome string) *dirsync.Run {
		return &dirsync.Run{ID: "20260304T120000Z-0a1b2c", Command: "run", By: "schedule", Outcome: outcome, Started: reporttest.Noon,
			Finished: reporttest.Noon.Add(3 * time.Second), Complete: true, InScope: 12300, Unchanged: 12290, Flags: " --config /srv/duo/config.yaml"}
	}
	failed := base(dirsync.OutcomeFailed)
	failed.Complete = false
	failed.Err = dirsync.WithHint(errors.New("ldaps://ldap.example.org:636: the server's certificate (CN=ldap) has expired, on 2026-03-04 00:00 UTC"), "Have it renewed; `duosync check` tells more.")
	held := base(dirsync.OutcomeHeld)
	held.ApprovalID = "fedcba98765400112233"
	held.Guards = []dirsync.Guard{{Name: "max_remove", Limit: "5%", Affected: 1024, Total: 12300, Held: true, ApprovalID: "fedcba98765400112233",
		Since: reporttest.Noon.Add(-time.Hour), Names: []string{"asilva", "bokoye"}}}
	part := base(dirsync.OutcomeHeld)
	part.Guards = []dirsync.Guard{{Name: "min_group", About: dirsync.About{Group: "staff"}, Affected: 7, Total: 7, Held: true, Partial: true, Remedy: "duosync rebuild", Since: reporttest.Noon}}
	part.Operations = []*dirsync.Operation{op(dirsync.Create, "anna", dirsync.ResultApplied)}
	people := base(dirsync.OutcomePartial)
	people.Conflicts = []dirsync.Conflict{{Username: "rkim", Sources: []dirsync.SourceID{"6b1f"}, Reason: "a Duo user of that name exists that is not ours", Remedy: "duosync sync --adopt rkim --config /srv/duo/config.yaml",
		People: []dirsync.Who{{Source: "6b1f", DN: "uid=rkim,ou=people,dc=example,dc=org", Username: "rkim"}}}}
	for i := range 14 {
		people.Attention = append(people.Attention, dirsync.Attention{Username: fmt.Sprintf("user%02d", i), Source: dirsync.SourceID(fmt.Sprint("id", i)), Reason: "Duo refused the disable", Since: reporttest.Noon.Add(-time.Hour)})
	}
	people.Operations = []*dirsync.Operation{op(dirsync.Create, "anna", dirsync.ResultApplied), op(dirsync.Disable, "user00", dirsync.ResultFailed)}
	changed := base(dirsync.OutcomeApplied)
	for i := range 12 {
		changed.Operations = append(changed.Operations, op(dirsync.Create, fmt.Sprintf("new%02d", i), dirsync.ResultApplied))
	}
	changed.Operations = append(changed.Operations, op(dirsync.Disable, "lefty", dirsync.ResultApplied))
	return map[string]*dirsync.Run{"failure": failed, "held": held, "part": part, "people": people, "change": changed, "success": base(dirsync.OutcomeNoChanges)}
}

// The subject says the account, what, how many, and what to do; no subject says that all is
// well above something that is not.
func TestSubjects(t *testing.T) {
	const account = "duosync api-1a2b3c4d.duosecurity.com: "
	was := news.Memory{news.Failure: {Since: reporttest.Noon.Add(-7*time.Hour - 10*time.Minute), Told: reporttest.Noon.Add(-time.Hour)}}
	told := news.Memory{news.Held: {Since: reporttest.Noon.Add(-48 * time.Hour), Told: reporttest.Noon.Add(-25 * time.Hour)}}
	_, told = news.Of(told, ordinary()["held"], all, false, reporttest.Noon.Add(-25*time.Hour))
	told[news.Held].Since = reporttest.Noon.Add(-48 * time.Hour)
	runs := ordinary()
	_, stillHeld := news.Of(nil, runs["part"], all, false, reporttest.Noon.Add(-time.Hour))
	stillHeld[news.Failure] = was[news.Failure]
	late := news.Memory{"missed": {Since: reporttest.Noon.Add(-time.Hour), Known: map[string]int{"runs": 2, "create": 2, "disable": 3}}}
	for name, test := range map[string]struct {
		run    *dirsync.Run
		before news.Memory
		on     []string
		want   string
	}{
		"a failure":                         {runs["failure"], nil, all, "run FAILED, nothing was written: ldaps[:]//ldap.example.org:636: the server's certificate (CN=ldap) has expired, on 2026-03-04 00:00 UTC"},
		"a hold":                            {runs["held"], nil, all, "run HELD, nothing was written: max_remove: 1,024 of 12,300 people would be disabled, put into the Trash, deleted or released; the limit is 5%; approve it, or mend the cause"},
		"the same, a day on":                {runs["held"], told, all, "reminder (since 2026-03-02 12:00 UTC): run HELD, nothing was written: max_remove: 1,024 of 12,300 people would be disabled, put into the Trash, deleted or released; the limit is 5%; approve it, or mend the cause"},
		"a hold in part":                    {runs["part"], nil, all, "run HELD in part, all else was done: min_group: the group staff, which decides something, has lost its last member or is gone; at the last good run it had 7 people…; it wants a human"},
		"a conflict":                        {runs["people"], nil, all, "1 conflict to be decided: rkim"},
		"people":                            {runs["people"], nil, []string{"attention"}, "14 people need attention: user00, user01, user02 and 11 more"},
		"changes":                           {runs["change"], nil, all, "13 changes: 12 created, 1 disabled"},
		"changes above people":              {runs["people"], nil, []string{"change"}, "1 change: 1 created, but 1 operation failed or left out and 14 people need attention"},
		"changes above a hold":              {runs["part"], nil, []string{"change"}, "1 change: 1 created, but 1 guard still holding something"},
		"success":                           {runs["success"], nil, all, "in step, nothing was to be done for 12,300 people"},
		"success above people":              {runs["people"], nil, []string{"success"}, "in step after 1 change: 1 created, but 1 operation failed or left out and 14 people need attention"},
		"the end of a failure":              {runs["success"], was, []string{"failure"}, "runs again, after failing since 2026-03-04 04:50 UTC (7h10m)"},
		"an end above people":               {runs["people"], was, []string{"failure"}, "runs again, after failing since 2026-03-04 04:50 UTC (7h10m), but 1 operation failed or left out and 14 people need attention"},
		"an end beside a hold":              {runs["held"], was, all, "run HELD, nothing was written: max_remove: 1,024 of 12,300 people would be disabled, put into the Trash, deleted or released; the limit is 5%; approve it, or mend the cause; runs again, after failing since 2026-03-04 04:50 UTC (7h10m)"},
		"an end, and a hold that goes on":   {runs["held"], stillHeld, []string{"failure"}, "runs again, after failing since 2026-03-04 04:50 UTC (7h10m); still HELD: max_remove: 1,024 of 12,300 people would be disabled, put into the Trash, deleted or released; the limit is 5%"},
		"an end above a hold that was told": {runs["part"], stillHeld, []string{"failure", "held", "change"}, "runs again, after failing since 2026-03-04 04:50 UTC (7h10m); still HELD: min_group: the group staff, which decides something, has lost its last member or is gone; at the last good run it had 7 people…"},
		"changes of earlier runs, too":      {runs["change"], late, []string{"change"}, "13 changes: 12 created, 1 disabled; and 5 changes: 2 created, 3 disabled (by 2 earlier runs since 2026-03-04 11:00 UTC, of which no message could be delivered)"},
		"changes of earlier runs alone":     {runs["success"], late, []string{"change"}, "5 changes: 2 created, 3 disabled (by 2 earlier runs since 2026-03-04 11:00 UTC, of which no message could be delivered)"},
		"success, and those":                {runs["success"], late, []string{"success"}, "in step after 5 changes: 2 created, 3 disabled (by 2 earlier runs since 2026-03-04 11:00 UTC, of which no message could be delivered)"},
		"the end of a long hold":            {runs["change"], told, all, "no longer held, as it was since 2026-03-02 12:00 UTC (2 days)"},
	} {
		t.Run(name, func(t *testing.T) {
			m := messageOf(t, test.before, test.run, test.on...)
			if m.Subject != account+test.want {
				t.Errorf("the subject is\n%s\nwant\n%s", m.Subject, account+test.want)
			}
			if first, _, _ := strings.Cut(m.Text, "\n"); first != m.Subject {
				t.Errorf("the text begins with %q", first)
			}
		})
	}
}

// TestText has each kind of message as people read it.
func TestText(t *testing.T) {
	var b strings.Builder
	runs := ordinary()
	for _, name := range []string{"failure", "held", "part", "people", "change", "success"} {
		fmt.Fprintf(&b, "-- %s --\n%s\n", name, messageOf(t, nil, runs[name], all...).Text)
	}
	fmt.Fprintf(&b, "-- test --\n%s", message.Test("test-1", about).Text)
	reporttest.GoldenText(t, "messages.txt", b.String())
}

// All forms have all that the text has to say.
func TestSameContent(t *testing.T) {
	for name, run := range ordinary() {
		m := messageOf(t, nil, run, all...)
		for form, texts := range formsOf(t, m) {
			whole := strings.Join(strings.Fields(strings.Join(texts, " ")), " ")
			for line := range strings.Lines(m.Text) {
				line = strings.TrimPrefix(strings.TrimSpace(line), "- ")
				if line == "" || strings.HasPrefix(line, "https://") || line == strings.ToUpper(line) {
					continue
				}
				if !strings.Contains(whole, line) {
					t.Errorf("%s as %s lacks %q:\n%s", name, form, line, whole)
				}
			}
		}
	}
}

// formsOf gives what each form shows to people, piece by piece, with its markup undone: a
// form that lets markup through shows something else than was meant.
func formsOf(t *testing.T, m *message.Message) map[string][]string {
	t.Helper()
	slack, err := m.Slack()
	must(t, err)
	teams, err := m.Teams()
	must(t, err)
	page, err := m.HTML()
	must(t, err)
	return map[string][]string{"slack": slackShows(t, slack), "teams": teamsShows(t, teams), "html": pageShows(t, page)}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// slackShows reads a message as Slack does: no text may hold a sign that is not escaped, and
// none but the link is markup.
func slackShows(t *testing.T, data []byte) (shown []string) {
	t.Helper()
	var got struct {
		Text   string
		Blocks []struct {
			Type string
			Text struct {
				Type, Text string
				Emoji      *bool
			}
		}
	}
	must(t, json.Unmarshal(data, &got))
	unescape := func(text string) string {
		if strings.ContainsAny(text, "<>") || regexp.MustCompile(`&(?:[^alg]|a[^m]|$)`).MatchString(text) {
			t.Errorf("Slack reads markup in %q", text)
		}
		return strings.NewReplacer("&lt;", "<", "&gt;", ">", "&amp;", "&").Replace(text)
	}
	unescape(got.Text)
	if len(got.Blocks) == 0 || len(got.Blocks) > 50 {
		t.Errorf("%d blocks", len(got.Blocks))
	}
	for i, b := range got.Blocks {
		most := 3000
		if b.Type == "header" {
			most = 150
		}
		if n := len([]rune(b.Text.Text)); n == 0 || n > most {
			t.Errorf("a %s of %d characters", b.Type, n)
		}
		if b.Text.Type == "mrkdwn" {
			if i != len(got.Blocks)-1 || !ourLink.MatchString(strings.TrimSuffix(strings.TrimPrefix(b.Text.Text, "<"), "|Open duosync>")) {
				t.Errorf("block %d is markup: %q", i, b.Text.Text)
			}
			continue
		}
		if b.Text.Type != "plain_text" || b.Text.Emoji == nil || *b.Text.Emoji {
			t.Errorf("block %d is %+v", i, b.Text)
		}
		shown = append(shown, unescape(strings.ReplaceAll(b.Text.Text, "• ", "")))
	}
	return shown
}

// teamsShows reads a message of a workflow: nothing from outside is in a TextBlock, where
// Markdown would be.
func teamsShows(t *testing.T, data []byte) (shown []string) {
	t.Helper()
	var got struct {
		Type        string
		Attachments []struct {
			ContentType string
			Content     struct {
				Type, Version string
				Body          []struct {
					Type    string
					Text    string
					Inlines []struct{ Type, Text string }
				}
				Actions []map[string]string
			}
		}
	}
	must(t, json.Unmarshal(data, &got))
	if len(data) > 28<<10 {
		t.Errorf("a card of %d bytes", len(data))
	}
	if got.Type != "message" || len(got.Attachments) != 1 || got.Attachments[0].ContentType != "application/vnd.microsoft.card.adaptive" || got.Attachments[0].Content.Type != "AdaptiveCard" {
		t.Fatalf("no message with a card: %s", data)
	}
	card := got.Attachments[0].Content
	for _, b := range card.Body {
		if b.Type != "RichTextBlock" || b.Text != "" {
			t.Errorf("a %s with the text %q", b.Type, b.Text)
		}
		for _, x := range b.Inlines {
			if x.Type != "TextRun" || strings.Contains(x.Text, "{{") {
				t.Errorf("a %s with the text %q", x.Type, x.Text)
			}
			shown = append(shown, strings.TrimPrefix(x.Text, "• "))
		}
	}
	if len(card.Actions) != 1 || card.Actions[0]["type"] != "Action.OpenUrl" || !ourLink.MatchString(card.Actions[0]["url"]) {
		t.Errorf("actions %v", card.Actions)
	}
	return shown
}

// pageShows reads a page strictly: only what the template has may be there.
func pageShows(t *testing.T, page string) (shown []string) {
	t.Helper()
	_, body, _ := strings.Cut(page, "<body")
	d := xml.NewDecoder(strings.NewReader("<body" + strings.TrimSuffix(strings.TrimRight(body, "\n"), "</html>")))
	links := 0
	for {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatalf("the page is not well-formed: %v\n%s", err, page)
		}
		switch token := token.(type) {
		case xml.CharData:
			shown = append(shown, strings.TrimPrefix(strings.TrimSpace(string(token)), "• "))
		case xml.StartElement:
			if !strings.Contains(" body div h1 h2 p pre code bdi a ", " "+token.Name.Local+" ") {
				t.Errorf("an element <%s>", token.Name.Local)
			}
			for _, a := range token.Attr {
				switch {
				case a.Name.Local == "style" && !strings.Contains(a.Value, "url("):
				case a.Name.Local == "href" && ourLink.MatchString(a.Value):
					links++
				default:
					t.Errorf("an attribute %s=%q", a.Name.Local, a.Value)
				}
			}
		}
	}
	if links != 1 {
		t.Errorf("%d links", links)
	}
	return shown
}

// hostile is what somebody who may write his own entry could put there.
const hostile = reporttest.Hostile + " ftp://evil.example slack://evil foo.evil.com/path mailto:x@evil.example  <!channel> <@U123> <https://evil.example|click> @everyone <at>all</at> {{DATE(2017-02-14T06:08:39Z,SHORT)}} :fire: *b* ~s~\r\nBcc: victim@example.org\r\n\r\nplanted-secret \u200e\ufeff"

func TestHostile(t *testing.T) {
	run := reporttest.HostileRun()
	run.DryRun = false
	run.By, run.Guards[0].Names[1], run.Guards[0].Detail = hostile, hostile, hostile
	run.Guards[1].About.Attribute = hostile
	run.Conflicts[0].Username, run.Conflicts[0].Reason, run.Conflicts[0].Remedy = hostile, hostile, "duosync sync --adopt '"+hostile+"'"
	run.Attention[0].Username, run.Attention[0].Reason, run.Attention[0].Source = hostile, hostile, hostile
	for _, o := range run.Operations {
		o.Username, o.Result = hostile, dirsync.ResultApplied
	}
	failed := &dirsync.Run{ID: "r", Started: reporttest.Noon, Outcome: dirsync.OutcomeFailed, Err: dirsync.WithHint(errors.New(hostile), hostile)}
	for name, run := range map[string]*dirsync.Run{"a run": run, "a failure": failed} {
		m := messageOf(t, nil, run, all...)
		data, err := m.JSON()
		must(t, err)
		if strings.Contains(string(data), "planted") {
			t.Error("the JSON has a secret")
		}
		for _, c := range string(data) {
			if !unicode.IsPrint(c) {
				t.Errorf("the JSON lets %U out as such", c)
			}
		}
		var back any
		must(t, json.Unmarshal(data, &back))
		forms := formsOf(t, m)
		forms["json"] = stringsIn(back)
		forms["text"] = []string{m.Text}
		forms["subject"] = []string{m.Subject}
		for form, texts := range forms {
			for _, text := range texts {
				checkHarmless(t, name+" as "+form, text)
			}
		}
		if strings.ContainsAny(m.Subject, "\r\n") {
			t.Errorf("the subject has several lines: %q", m.Subject)
		}
	}
}

func checkHarmless(t *testing.T, what, text string) {
	t.Helper()
	for _, c := range text {
		if c != '\n' && unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control) || c == '\ufeff' || c == '\u2028' {
			t.Errorf("%s lets %U out", what, c)
			return
		}
	}
	for _, word := range []string{"planted", "://evil", "www.evil", "evil.com/", "mailto:", "{{"} {
		if strings.Contains(text, word) {
			t.Errorf("%s has %q in it: %q", what, word, text)
		}
	}
	for line := range strings.Lines(text) {
		if strings.HasPrefix(line, "Bcc:") {
			t.Errorf("%s has a line of its own: %q", what, line)
		}
	}
}

func stringsIn(v any) (all []string) {
	switch v := v.(type) {
	case string:
		return []string{v}
	case []any:
		for _, x := range v {
			all = append(all, stringsIn(x)...)
		}
	case map[string]any:
		for key, x := range v { // but for those that are exact, for a program
			if !slices.Contains([]string{"username", "source_id", "remedy", "names", "command", "approve_all"}, key) {
				all = append(all, stringsIn(x)...)
			}
		}
	}
	return all
}

// A message has an end, however much there is to say.
func TestLong(t *testing.T) {
	run := ordinary()["people"]
	for i := range 20_000 {
		run.Attention = append(run.Attention, dirsync.Attention{Username: fmt.Sprint("more", i), Source: "x", Reason: strings.Repeat("long ", 1000)})
		run.Guards = append(run.Guards[:min(len(run.Guards), 15)], dirsync.Guard{Name: "max_group_loss", About: dirsync.About{Group: fmt.Sprint("cn=", i)}, Held: true, Partial: true,
			Affected: 9, Total: 10, Names: []string{strings.Repeat("n", 200), "b", "c"}, Detail: strings.Repeat("d", 5000)})
		run.Operations = append(run.Operations, op(dirsync.Update, fmt.Sprint("u", i), dirsync.ResultApplied))
	}
	m := messageOf(t, nil, run, all...)
	if m.PeopleTotal != 20_015 || len(m.People) != 10 {
		t.Errorf("%d people of %d", len(m.People), m.PeopleTotal)
	}
	formsOf(t, m)
	if len(m.Text) > 64<<10 {
		t.Errorf("%d bytes of text", len(m.Text))
	}
}

// Who is new comes first, however many were told before.
func TestNewFirst(t *testing.T) {
	run := ordinary()["people"]
	_, memory := news.Of(nil, run, all, false, run.Started)
	run.Attention = append(run.Attention, dirsync.Attention{Username: "zoe", Source: "z", Reason: "Duo refused the disable", Since: run.Started})
	m := messageOf(t, memory, run, all...)
	if m.People[0].Username != "zoe" || !m.People[0].New || m.People[1].New || m.PeopleTotal != 16 {
		t.Errorf("%d people, the first are %+v", m.PeopleTotal, m.People[:2])
	}
}

// FuzzForms: whatever a person, a reason or an error is called, each form stays what it is.
func FuzzForms(f *testing.F) {
	f.Add(hostile, "a reason")
	f.Add("www.wwwhttp://", "{{{{")
	f.Add("\u202e", strings.Repeat("<", 4000))
	f.Fuzz(func(t *testing.T, name, reason string) {
		run := ordinary()["people"]
		run.Conflicts[0].Username, run.Conflicts[0].Reason, run.Conflicts[0].Remedy = name, reason, name
		run.Attention[0].Username, run.Attention[0].Reason = name, reason
		failed := ordinary()["failure"]
		failed.Err = dirsync.WithHint(errors.New(reason), name)
		for _, run := range []*dirsync.Run{run, failed} {
			m := messageOf(t, nil, run, all...)
			forms := formsOf(t, m)
			forms["text"], forms["subject"] = []string{m.Text}, []string{m.Subject}
			for form, texts := range forms {
				for _, text := range texts {
					if i := strings.IndexFunc(text, func(c rune) bool {
						return c != '\n' && unicode.IsControl(c) || unicode.In(c, unicode.Bidi_Control)
					}); i >= 0 || strings.Contains(text, "{{") || strings.Contains(text, "http://") && form != "text" {
						t.Errorf("%s lets %q out", form, text)
					}
				}
			}
			if strings.Contains(m.Subject, "\n") {
				t.Errorf("the subject has several lines: %q", m.Subject)
			}
		}
	})
}

// TestLinks: each message leads to the page that it is about.
func TestLinks(t *testing.T) {
	runs := ordinary()
	one := *runs["people"]
	one.Conflicts, one.Attention = nil, []dirsync.Attention{{Username: "rkim", Source: "students/..", Reason: "x"}}
	const at = "https://duosync.example.org/"
	for name, test := range map[string]struct {
		run  *dirsync.Run
		want string
	}{
		"a failure":   {runs["failure"], at},
		"a hold":      {runs["held"], at},
		"people":      {runs["people"], at + "people?status=attention"},
		"one person":  {&one, at + "people/students%2F.."},
		"changes":     {runs["change"], at + "runs/20260304T120000Z-0a1b2c"},
		"all is well": {runs["success"], at + "runs/20260304T120000Z-0a1b2c"},
	} {
		m := messageOf(t, nil, test.run, all...)
		if m.Links.Page != test.want || m.Links.Console != at || m.Links.Run != at+"runs/20260304T120000Z-0a1b2c" {
			t.Errorf("%s: %+v, want %s", name, m.Links, test.want)
		}
		if !strings.HasSuffix(m.Text, "\n"+test.want+"\n") {
			t.Errorf("%s: the text ends with %q", name, m.Text[max(0, len(m.Text)-80):])
		}
	}
	silent := about
	silent.PublicURL = ""
	told, _ := news.Of(nil, &one, all, false, one.Started)
	if m := message.Of(told, &one, silent); m.Links != (message.Links{}) || m.People[0].Link != "" {
		t.Errorf("without pages: %+v", m.Links)
	}
}

// A subject that is cut ends behind a word, and leaves no bracket open; hints are sentences.
func TestCut(t *testing.T) {
	failed := ordinary()["failure"]
	for text, want := range map[string]string{
		strings.Repeat("word ", 40): "word word…",
		strings.Repeat("word ", 28) + "(" + strings.Repeat("in brackets ", 9) + ")": "word word…",
		strings.Repeat("x", 400): "xxxx…",
		"short (and whole)":      "short (and whole)",
		strings.Repeat("word ", 20) + "(whole) " + strings.Repeat("and on, ", 9) + "so it": "and…",
	} {
		failed.Err = dirsync.WithHint(errors.New(text), "check that `duosync check` passes")
		m := messageOf(t, nil, failed, all...)
		if !strings.HasSuffix(m.Subject, want) || strings.Count(m.Subject, "(") != strings.Count(m.Subject, ")") || strings.Contains(m.Text, "..") {
			t.Errorf("the subject is %q, want … %q\n%s", m.Subject, want, m.Text)
		}
		if m.Hint != "Check that `duosync check --config /srv/duo/config.yaml` passes." && m.Hint != "Check that duosync check --config /srv/duo/config.yaml passes." {
			t.Errorf("the hint is %q", m.Hint)
		}
	}
}

// No message promises another one that nobody can send.
func TestForgets(t *testing.T) {
	failed := ordinary()["failure"]
	told, _ := news.Of(nil, failed, all, false, failed.Started)
	without := about
	without.Forgets = true
	if m := message.Of(told, failed, without); strings.Contains(m.Next, "You are told") || !strings.Contains(m.Next, "no message says when it is over") {
		t.Errorf("next: %s", m.Next)
	}
	if m := message.Of(told, failed, about); !strings.Contains(m.Next, "You are told when one does.") {
		t.Errorf("next: %s", m.Next)
	}
}

// No text becomes a link, and what is none is left as it is; a program gets the names and commands of
// people as they are.
func TestUnlinked(t *testing.T) {
	for name, want := range map[string]string{
		"ftp://evil.org/x": "ftp[:]//evil.org/x", "slack://open?x=1": "slack[:]//open?x=1", "mailto:x@evil.org": "mailto[:]x@evil.org", "HTTPS://EVIL": "HTTPS[:]//EVIL",
		"foo.evil.com/path": "foo.evil[.]com/path", "evil.com?x": "evil[.]com?x", "evil.com:8080/x": "evil[.]com:8080/x", "www.evil.org": "www[.]evil.org", "//evil.org/x": "//evil[.]org/x",
		"javascript:alert(1)": "javascript[:]alert(1)", "tel:0123": "tel[:]0123", "x:mailto:a": "x[:]mailto[:]a", "ärzte.example/x": "ärzte[.]example/x", "a@evil.com/x": "a@evil[.]com/x",
		"https://a.b/ ftp://c.d/": "https[:]//a.b/ ftp[:]//c.d/", ".evil.com/x": ".evil[.]com/x",
		"anna@example.org": "anna@example.org", "uid=anna,ou=people,dc=example": "uid=anna,ou=people,dc=example", "12:30": "12:30", "ldap.example.org:636": "ldap.example.org:636",
		"role: admin": "role: admin", "a.b": "a.b", "and/or": "and/or", "/etc/duosync.d/config.yaml": "/etc/duosync.d/config.yaml", "anna.b": "anna.b",
	} {
		run := ordinary()["people"]
		run.Attention[0].Username, run.Attention[0].Remedy = name, "duosync sync --adopt '"+name+"'"
		m := messageOf(t, nil, run, all...)
		if !strings.Contains(m.Text, "- "+want+": Duo refused") || !strings.Contains(m.Text, "--adopt '"+want+"'") {
			t.Errorf("%q is shown as something else than %q:\n%s", name, want, m.Text)
		}
		data, err := m.JSON()
		must(t, err)
		var back struct {
			People []struct{ Username, Remedy string }
		}
		must(t, json.Unmarshal(data, &back))
		if !slices.ContainsFunc(back.People, func(p struct{ Username, Remedy string }) bool {
			return p.Username == name && p.Remedy == "duosync sync --adopt '"+name+"'"
		}) {
			t.Errorf("a program does not get %q: %+v", name, back.People)
		}
	}
}
