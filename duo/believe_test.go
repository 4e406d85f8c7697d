package duo_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"duosync/duo"
	"duosync/duo/api"
	"duosync/duo/api/apitest"
	"duosync/duo/callrate"
	dirsync "duosync/sync"
)

// TestAnAnswerToACreateIsHeldAgainstIt has a create answered with all that it may not have
// made. What became of it is looked up then, as after no answer at all.
func TestAnAnswerToACreateIsHeldAgainstIt(t *testing.T) {
	create := op(dirsync.Create, "ann", "username", "Ann", "email", "a@example.org", "status", "active")
	post := exchange{Call: post, Params: map[string]string{"username": "Ann", "email": "a@example.org", "status": "active"}}
	look := func(body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": "Ann"}, Body: ok("[" + body + "]")}
	}
	see := func(body string) exchange {
		return exchange{Call: "GET /admin/v1/users/DU7", Apart: true, Body: ok(body)}
	}
	as := func(id, name string, more ...any) string {
		return user(id, name, append([]any{"email", "a@example.org"}, more...)...)
	}
	mine := as("DU7", "ann")
	runKnowing := func(name string, script []exchange, told string) {
		t.Run(name, func(t *testing.T) {
			target := newPlay(t, append([]exchange{probe}, script...)...).target()
			target.Know(func(id string) dirsync.SourceID {
				return map[string]dirsync.SourceID{"DU5": "id-bob", "DU4": "id-ann"}[id]
			}, met)
			var l ledger
			if err := target.Apply(t.Context(), []*dirsync.Op{create}, l.intend, freely, l.record); err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, r := range l.results {
				got = append(got, inWords(r))
			}
			if strings.Join(got, "; ") != told {
				t.Errorf("got %q, want %q (%s)", got, told, reasons(l.results[0]))
			}
		})
	}
	runKnowing("as sent", []exchange{answer(post, ok(mine))}, "DU7")
	runKnowing("another name, made", []exchange{answer(post, ok(user("DU8", "bob"))), look(mine)}, "DU7")
	runKnowing("another name, not made", []exchange{answer(post, ok(user("DU8", "bob"))), look(""), answer(post, ok(mine))}, "DU7")
	runKnowing("the id of another of ours", []exchange{answer(post, ok(as("DU5", "ann"))), look(mine)}, "DU7")
	runKnowing("the id of before", []exchange{answer(post, ok(as("DU4", "ann"))), look(mine)}, "DU7")
	runKnowing("another of ours holds the name", []exchange{answer(post, ok(user("DU8", "bob"))), look(as("DU5", "ann"))}, "taken, DU5")
	runKnowing("a user of long ago", []exchange{answer(post, ok(as("DU8", "ann", "created", stageTime-3600))), look(as("DU8", "ann", "created", stageTime-3600))}, "taken, DU8")
	runKnowing("a synced user", []exchange{answer(post, ok(as("DU8", "ann", "last_directory_sync", stageTime))), look(mine)}, "DU7")
	runKnowing("made when Duo does not say", []exchange{answer(post, ok(as("DU7", "ann", "created", nil)))}, "DU7")
	runKnowing("another address, and so it is", []exchange{answer(post, ok(user("DU7", "ann", "email", "x"))), see(user("DU7", "ann", "email", "x"))}, "DU7")
	runKnowing("another address, and so it is not", []exchange{answer(post, ok(user("DU7", "ann", "email", "x"))), see(mine)}, "DU7")
	runKnowing("another address, of no such user", []exchange{
		answer(post, ok(user("DU7", "ann", "email", "x"))), refuse(see(""), 40401, ""), look(as("DU3", "ann")),
	}, "DU3")
	runKnowing("another status", []exchange{answer(post, ok(as("DU7", "ann", "status", "bypass"))), see(as("DU7", "ann", "status", "bypass"))}, "DU7, status failed")
	runKnowing("the refusal of what was not sent", []exchange{refuse(post, 40002, "notes"), look(""), answer(post, ok(mine))}, "DU7")
	runKnowing("the refusal of what was not sent, twice", []exchange{
		refuse(post, 40002, "notes"), look(""), refuse(post, 40002, "notes"),
		answer(exchange{Call: post.Call, Params: map[string]string{"username": "Ann", "status": "active"}}, ok(user("DU7", "ann"))),
	}, "refused; DU7, email refused")
	runKnowing("the refusal of what was not sent, made", []exchange{refuse(post, 40002, "realname"), look(mine)}, "DU7")
}

// TestTwoCreatesWithSwappedAnswers: each user is bound to the own person.
func TestTwoCreatesWithSwappedAnswers(t *testing.T) {
	create := func(name string) *dirsync.Op { return op(dirsync.Create, name, "username", name) }
	by := func(name, body string) exchange {
		return exchange{Call: list, Params: map[string]string{"username": name}, Body: ok("[" + body + "]")}
	}
	ann, bob := user("DU7", "ann"), user("DU8", "bob")
	for name, script := range map[string][]exchange{
		"by name": {probe, {Call: post, Body: ok(bob)}, by("ann", ann), {Call: post, Body: ok(ann)}, by("bob", bob)},
		"by id":   {probe, {Call: post, Body: ok(ann)}, {Call: post, Body: ok(user("DU7", "bob"))}, by("bob", bob)},
	} {
		var l ledger
		if err := newPlay(t, script...).target().Apply(t.Context(), []*dirsync.Op{create("ann"), create("bob")}, l.intend, freely, l.record); err != nil {
			t.Fatal(err)
		}
		if got := inWords(l.results[0]) + "; " + inWords(l.results[1]); got != "DU7; DU8" {
			t.Errorf("%s: %s", name, got)
		}
	}
}

// TestAnAnswerToAChangeIsHeldAgainstIt has changes answered with something else: an
// answer of a minute ago, another user's, another id.
func TestAnAnswerToAChangeIsHeldAgainstIt(t *testing.T) {
	change := update()
	change.Changes = []dirsync.Change{{Field: "email", Before: "old", After: "new"}}
	sent := func(email string) exchange {
		return exchange{Call: edit, Params: map[string]string{"email": "new"}, Body: ok(user("DU1", "ann", "email", email))}
	}
	see := func(email string) exchange {
		return exchange{Call: one, Apart: true, Body: ok(user("DU1", "ann", "email", email))}
	}
	others := answer(sent(""), ok(user("DU2", "bob", "email", "new")))
	byName := func(body string) exchange {
		return exchange{Call: list, Apart: true, Params: map[string]string{"username": "ann"}, Body: ok("[" + body + "]")}
	}
	runListTests(t, map[string]listTest{
		"as sent":                          {change, []exchange{sent("new")}, "DU1", ""},
		"of a minute ago, done":            {change, []exchange{sent("old"), see("new")}, "DU1", ""},
		"of a minute ago, not done":        {change, []exchange{sent("old"), see("old"), apart(sent("new"))}, "DU1", ""},
		"another user's, done":             {change, []exchange{others, see("new")}, "DU1", ""},
		"another user's, not done":         {change, []exchange{others, see("old"), apart(sent("new"))}, "DU1", ""},
		"another user's, twice":            {change, []exchange{others, see("old"), apart(others)}, "unknown", "who was not asked for"},
		"kept in another form":             {change, []exchange{sent("n."), see("n.")}, "DU1", ""},
		"kept as it was, whatever is sent": {change, []exchange{sent("old"), see("old"), apart(sent("old"))}, "DU1", ""},
		"another id, and the old one gone": {
			change, []exchange{others, refuse(see(""), 40401, ""), refuse(see(""), 40401, ""), byName(user("DU2", "ann"))}, "vanished", "404",
		},
		"another id, and by name the old one": {
			change, []exchange{others, refuse(see(""), 40401, ""), refuse(see(""), 40401, ""), byName(user("DU1", "ann"))}, "unknown", "found by name",
		},
		"vanished, but for a second look":         {change, []exchange{refuse(sent(""), 40401, ""), see("old"), apart(sent("new"))}, "DU1", ""},
		"vanished, but for a second look, done":   {change, []exchange{refuse(sent(""), 40401, ""), see("new")}, "DU1", ""},
		"vanished for every change":               {change, []exchange{refuse(sent(""), 40401, ""), see("old"), apart(refuse(sent(""), 40401, "")), see("old")}, "failed, DU1", "said not to exist"},
		"vanished for every change, and done":     {change, []exchange{refuse(sent(""), 40401, ""), see("old"), apart(refuse(sent(""), 40401, "")), see("new")}, "DU1", ""},
		"vanished, and no second look":            {change, then([]exchange{refuse(sent(""), 40401, "")}, times(4, exchange{Call: one, Status: 502})), "unknown", "502"},
		"the refusal of what was not sent":        {change, []exchange{refuse(sent(""), 40002, "realname"), see("old"), apart(sent("new"))}, "DU1", ""},
		"the refusal of what was not sent, twice": {change, []exchange{refuse(sent(""), 40002, "realname"), see("old"), refuse(apart(sent("")), 40002, "realname")}, "refused", "realname"},
		"the refusal of what was sent":            {change, []exchange{refuse(sent(""), 40002, "email")}, "refused", "email"},
		"restored, another's answer, at last":     {op(dirsync.Restore, "ann"), []exchange{restore, inTrash, apart(active)}, "DU1", ""},
	})
}

// TestAChangeThatIsNotSentOnceMore has the second try of a change not let through. After a
// refusal, and a look that shows the user as before, nothing was done; an answer about
// somebody else says nothing of the call, which may be under way.
func TestAChangeThatIsNotSentOnceMore(t *testing.T) {
	change := update()
	change.Changes = []dirsync.Change{{Field: "email", Before: "old", After: "new"}}
	sent := exchange{Call: edit, Params: map[string]string{"email": "new"}}
	before := exchange{Call: one, Apart: true, Body: ok(user("DU1", "ann", "email", "old"))}
	for name, test := range map[string]struct {
		first exchange
		fate  dirsync.Fate
	}{
		"not found":                        {refuse(sent, 40401, ""), dirsync.Failed},
		"the refusal of what was not sent": {refuse(sent, 40002, "realname"), dirsync.Failed},
		"another user's":                   {answer(sent, ok(user("DU2", "bob", "email", "new"))), dirsync.Unknown},
	} {
		for why, stop := range map[string]func(*watched){
			"paused": func(w *watched) { w.closed = true },
			"marked": func(w *watched) { w.barred = change.Source },
		} {
			gate, l := &watched{}, ledger{}
			look := before
			look.Before = func() { gate.set(stop) }
			err := newPlay(t, test.first, look).target().Apply(t.Context(), []*dirsync.Op{change}, l.intend, gate.recheck, l.record)
			if paused := why == "paused"; errors.Is(err, dirsync.ErrPaused) != paused || !paused && err != nil || len(l.results) != 1 {
				t.Fatalf("%s, %s: ended with %v, %d results", name, why, err, len(l.results))
			}
			r := l.results[0]
			var withdrawn dirsync.Withdrawn
			told := errors.Is(r.Err, dirsync.ErrPaused) || errors.As(r.Err, &withdrawn)
			if r.Fate != test.fate || told != (test.fate == dirsync.Failed) {
				t.Errorf("%s, %s: fate %d, %v", name, why, r.Fate, r.Err)
			}
		}
	}
}

// TestTwoCreatesUnderWayWithOneAnswer: of two creates that are under way at once, and that Duo
// answers with the same id, one has the user; what became of the other is looked up by name.
// The one whom the user is not was answered first, and is seen by that name last.
func TestTwoCreatesUnderWayWithOneAnswer(t *testing.T) {
	looked, recorded := make(chan struct{}), make(chan struct{})
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Date", apitest.Created.Format(http.TimeFormat))
		sent := map[string]string{}
		if r.Method == http.MethodPost {
			if err := json.NewDecoder(r.Body).Decode(&sent); err != nil {
				t.Errorf("reading %s: %v", r.URL.Path, err)
			}
		}
		body := ""
		switch query := r.URL.Query(); {
		case sent["username"] == "ann":
			body = ok(user("DU7", "ann", "email", "in another form"))
		case sent["username"] == "bob":
			<-looked
			body = ok(user("DU7", "bob"))
		case r.URL.Path == "/admin/v1/users/DU7":
			close(looked)
			<-recorded
			body = ok(user("DU7", "ann", "email", "in another form"))
		case query.Get("username") == "ann":
			body = ok("[" + user("DU9", "ann", "email", "a@example.org") + "]")
		case query.Get("limit") == "1":
			body = probe.Body
		default:
			t.Errorf("called %s %s", r.Method, r.URL)
		}
		_, _ = io.WriteString(w, body)
	}))
	server.StartTLS()
	t.Cleanup(server.Close)
	stage := apitest.NewStage(apitest.Created)
	client := apitest.Connect(t, api.Options{
		Host: server.Listener.Addr().String(), IntegrationKey: apitest.IntegrationKey, SecretKey: apitest.SecretKey,
		RootCAs: apitest.RootsOf(server), Rate: callrate.Rate{Calls: 1_000_000, Per: time.Second}, Now: stage.Now, Sleep: stage.Sleep,
	})
	wave := []*dirsync.Op{op(dirsync.Create, "ann", "username", "ann", "email", "a@example.org"), op(dirsync.Create, "bob", "username", "bob")}
	var l ledger
	err := duo.NewTarget(client, duo.Options{InFlight: 2}).Apply(t.Context(), wave, l.intend, freely, func(results []dirsync.Result) error {
		if results[0].Op == wave[1] {
			close(recorded)
		}
		return l.record(results)
	})
	if err != nil || len(l.results) != 2 {
		t.Fatalf("ended with %v, %d results", err, len(l.results))
	}
	if got := inWords(l.results[0]) + "; " + inWords(l.results[1]); got != "DU7; DU9" {
		t.Errorf("bob and ann are %s", got)
	}
}
