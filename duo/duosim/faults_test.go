package duosim_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

// Each effect: what the client gets, and whether the user is there afterwards.
func TestEffects(t *testing.T) {
	fails := func(code any, status int, message, detail string) func(*testing.T, *answer) {
		return func(t *testing.T, a *answer) {
			t.Helper()
			same(t, "stat", a.Stat, "FAIL")
			same(t, "code", a.Code, code)
			same(t, "status", a.status, status)
			same(t, "message", a.Message, message)
			same(t, "detail", a.Detail, detail)
		}
	}
	cut := func(t *testing.T, a *answer) { a.cut() }
	html := func(status int) func(*testing.T, *answer) {
		return func(t *testing.T, a *answer) {
			t.Helper()
			same(t, "status", a.status, status)
			same(t, "HTML", strings.HasPrefix(a.body, "<html>"), true)
			same(t, "type", a.header.Get("Content-Type"), "text/html")
		}
	}
	tests := []struct {
		fault  duosim.Fault
		check  func(*testing.T, *answer)
		exists bool
	}{
		{duosim.Fault{Effect: duosim.Status429}, func(t *testing.T, a *answer) {
			fails(42901.0, 429, "Too Many Requests", "")(t, a)
			same(t, "Retry-After", a.header.Get("Retry-After"), "")
		}, false},
		{duosim.Fault{Effect: duosim.Status429, RetryAfter: 1500 * time.Millisecond, Reply: "html"}, func(t *testing.T, a *answer) {
			html(429)(t, a)
			same(t, "Retry-After", a.header.Get("Retry-After"), "2")
		}, false},
		{duosim.Fault{Effect: duosim.Status429, Reply: "empty"}, func(t *testing.T, a *answer) { same(t, "reply", fmt.Sprint(a.status, a.body), "429") }, false},
		{duosim.Fault{Effect: duosim.Error500}, fails(50000.0, 500, "Internal server error", ""), false},
		{duosim.Fault{Effect: duosim.Error50001}, fails(50001.0, 500, "Unknown internal server error", ""), false},
		{duosim.Fault{Effect: duosim.HTML502}, html(502), false},
		{duosim.Fault{Effect: duosim.Fail200}, fails(50000.0, 200, "Internal server error", ""), false},
		{duosim.Fault{Effect: duosim.Fail200, Code: 40002, Detail: "email"}, fails(40002.0, 200, "Invalid request parameters", "email"), false},
		{duosim.Fault{Effect: duosim.EmptyCode}, fails("", 400, "Invalid request parameters", ""), false},
		{duosim.Fault{Effect: duosim.NoCode, Status: 503, Message: "down"}, fails(nil, 503, "down", ""), false},
		{duosim.Fault{Effect: duosim.Refuse, Code: 40301, Detail: "no"}, fails(40301.0, 403, "Access forbidden", "no"), false},
		{duosim.Fault{Effect: duosim.CutBefore}, cut, false},
		{duosim.Fault{Effect: duosim.CutAfter}, cut, true},
		{duosim.Fault{Effect: duosim.CutAfter, Delay: time.Millisecond}, cut, true},
		{duosim.Fault{Effect: duosim.ErrorAfter}, fails(50000.0, 500, "Internal server error", ""), true},
		{duosim.Fault{Effect: duosim.Slow, Delay: time.Millisecond}, func(t *testing.T, a *answer) { a.ok(nil) }, true},
	}
	for i, test := range tests {
		t.Run(fmt.Sprint(i, " ", test.fault.Effect), func(t *testing.T) {
			server, c := start(t, duosim.Options{})
			test.fault.Name, test.fault.Nth = "it", 2
			if err := server.AddFault(test.fault); err != nil {
				t.Fatal(err)
			}
			c.get("/admin/v1/users", nil).ok(nil)
			test.check(t, c.post("/admin/v1/users", params{"username": "zoe"}))
			_, exists := server.User("zoe")
			same(t, "exists", exists, test.exists)
			same(t, "hits", server.FaultHits()["it"], 1)
			call := server.Calls()[1]
			same(t, "recorded", fmt.Sprint(call.Fault, call.Wrote), fmt.Sprint("it", test.exists))
			c.get("/admin/v1/users", nil).ok(nil)
		})
	}
}

// A slow reply: the client gives up, the write is there, and Close does not wait.
// givesUp breaks a call off once it has arrived.
type givesUp struct {
	http.RoundTripper
	arrived <-chan struct{}
}

func (g givesUp) RoundTrip(r *http.Request) (*http.Response, error) {
	ctx, cancel := context.WithCancel(r.Context())
	defer cancel()
	go func() {
		<-g.arrived
		cancel()
	}()
	return g.RoundTripper.RoundTrip(r.WithContext(ctx))
}

func TestSlowReply(t *testing.T) {
	arrived := make(chan struct{}, 2)
	server, c := start(t, duosim.Options{OnCall: func(duosim.Call) { arrived <- struct{}{} }})
	if err := server.AddFault(duosim.Fault{Name: "slow", Effect: duosim.Slow, Delay: time.Hour}); err != nil {
		t.Fatal(err)
	}
	impatient := *c.http
	impatient.Transport = givesUp{c.http.Transport, arrived}
	reply := c.with(func(c *client) { c.http = &impatient }).post("/admin/v1/users", params{"username": "zoe"})
	if !errors.Is(reply.err, context.Canceled) {
		t.Fatalf("got %v %d", reply.err, reply.status)
	}
	if _, exists := server.User("zoe"); !exists {
		t.Error("the write is lost")
	}
	done := make(chan *answer)
	go func() { done <- c.get("/admin/v1/users", nil) }()
	<-arrived
	if err := server.Close(); err != nil {
		t.Error(err)
	}
	if reply := <-done; reply.err == nil {
		t.Errorf("a reply after Close: %d", reply.status)
	}
}

// Which calls a rule strikes, of twelve creations and one listing after each.
func TestWhichCalls(t *testing.T) {
	tests := []struct {
		name  string
		fault duosim.Fault
		want  string
	}{
		{"all", duosim.Fault{Method: "POST"}, "XXXXXXXXXXXX"},
		{"nth", duosim.Fault{Method: "POST", Nth: 3}, "..X........."},
		{"every", duosim.Fault{Method: "POST", Every: 5}, "....X....X.."},
		{"after", duosim.Fault{Method: "POST", After: 10}, "..........XX"},
		{"times", duosim.Fault{Method: "POST", Times: 2}, "XX.........."},
		{"after and times", duosim.Fault{Method: "POST", After: 2, Times: 2}, "..XX........"},
		{"every, after and times", duosim.Fault{Method: "POST", Every: 2, After: 3, Times: 2}, "...X.X......"},
		{"another method", duosim.Fault{Method: "DELETE"}, "............"},
		{"path", duosim.Fault{Method: "POST", Path: "/admin/v1/users"}, "XXXXXXXXXXXX"},
		{"path within a segment", duosim.Fault{Method: "POST", Path: "/admin/*/users"}, "XXXXXXXXXXXX"},
		{"path not across segments", duosim.Fault{Method: "POST", Path: "/admin/*"}, "............"},
		{"path across segments", duosim.Fault{Method: "POST", Path: "/**s"}, "XXXXXXXXXXXX"},
		{"path by expression", duosim.Fault{Method: "POST", Path: "re:users$"}, "XXXXXXXXXXXX"},
		{"one by name", duosim.Fault{Params: map[string]string{"username": "user3"}}, "...X........"},
		{"some by name", duosim.Fault{Params: map[string]string{"username": "user1?"}}, "..........XX"},
		{"by expression", duosim.Fault{Params: map[string]string{"username": "re:[24]$"}}, "..X.X......."},
		{"by two", duosim.Fault{Params: map[string]string{"username": "*", "notes": "a/b*"}}, "XXXXXXXXXXXX"},
		{"by an absent one", duosim.Fault{Params: map[string]string{"username": "*", "email": "*"}}, "............"},
		{"nth of those by name", duosim.Fault{Params: map[string]string{"username": "re:[24]$"}, Nth: 2}, "....X......."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			test.fault.Name, test.fault.Effect = "it", duosim.Error500
			server, c := start(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{test.fault}}})
			same(t, "struck", struck(c), test.want)
			same(t, "hits", server.FaultHits()["it"], strings.Count(test.want, "X"))
		})
	}
}

// struck creates twelve users and tells which creations met a fault.
func struck(c *client) string {
	c.t.Helper()
	pattern := ""
	for i := range 12 {
		switch reply := c.post("/admin/v1/users", params{"username": fmt.Sprint("user", i), "notes": "a/b\nc"}); reply.status {
		case 200:
			pattern += "."
		default:
			pattern += "X"
		}
		c.get("/admin/v1/groups", nil).ok(nil)
	}
	return pattern
}

func TestProbability(t *testing.T) {
	run := func(seed uint64) string {
		_, c := start(t, duosim.Options{Faults: duosim.Faults{Seed: seed, Rules: []duosim.Fault{
			{Name: "maybe", Method: "POST", Effect: duosim.Error500, Probability: 0.5},
		}}})
		return struck(c)
	}
	first := run(1)
	same(t, "the same seed", run(1), first)
	if second := run(2); first == second || !strings.Contains(first, "X") || !strings.Contains(first, ".") {
		t.Errorf("seeds 1 and 2 gave %s and %s", first, second)
	}
}

func TestFirstRuleThatStrikes(t *testing.T) {
	server, c := start(t, duosim.Options{})
	rules := duosim.Faults{Rules: []duosim.Fault{
		{Name: "second", Nth: 2, Effect: duosim.Error500},
		{Name: "all", Effect: duosim.HTML502},
	}}
	if err := server.SetFaults(rules); err != nil {
		t.Fatal(err)
	}
	for _, want := range []int{502, 500, 502} {
		same(t, "status", c.get("/admin/v1/users", nil).status, want)
	}
	if diff := cmp.Diff(map[string]int{"second": 1, "all": 2}, server.FaultHits()); diff != "" {
		t.Error(diff)
	}
	if err := server.AddFault(duosim.Fault{Name: "all", Effect: duosim.Error500}); err == nil {
		t.Error("a name twice was taken")
	}
	if err := server.SetFaults(duosim.Faults{Rules: []duosim.Fault{{Name: "new", Effect: duosim.Slow}}}); err == nil {
		t.Error("a bad rule was taken")
	}
	same(t, "the old ones stay", c.get("/admin/v1/users", nil).status, 502)
	server.ClearFaults()
	c.get("/admin/v1/users", nil).ok(nil)
	same(t, "cleared", len(server.FaultHits()), 0)
}

func TestFaultsHideNoWrongSignature(t *testing.T) {
	server, c := start(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{{Name: "all", Effect: duosim.Error500}}}})
	c.with(func(c *client) { c.key.Secret = "wrong" }).get("/admin/v1/users", nil).refused(40103, "")
	same(t, "hits", server.FaultHits()["all"], 0)
}

func TestFailPage(t *testing.T) {
	server, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{UsersPage: 2}}})
	for i := range 6 {
		c.create(fmt.Sprint("user", i))
	}
	if err := server.AddFault(duosim.Fault{Name: "third", Effect: duosim.FailPage, Page: 3, Path: "/admin/v1/users"}); err != nil {
		t.Fatal(err)
	}
	if err := server.AddFault(duosim.Fault{Name: "first", Effect: duosim.FailPage, Page: 1, Path: "/admin/v1/users/*"}); err != nil {
		t.Fatal(err)
	}
	for offset, want := range map[int]int{0: 200, 2: 200, 4: 500} {
		same(t, fmt.Sprint("offset ", offset), c.get("/admin/v1/users", params{"limit": 300, "offset": offset}).status, want)
	}
	c.get("/admin/v1/users/"+server.Users()[0].ID, nil).ok(nil) // not a list
}

func TestRateLimit(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now, RateLimits: []duosim.RateLimit{
		{Calls: 3, Window: time.Minute, RetryAfter: true},
		{Calls: 1, Window: time.Hour, Path: "/admin/v1/groups"},
	}})
	list := func() *answer { return c.get("/admin/v1/users", nil) }
	list().ok(nil)
	clock.advance(10 * time.Second)
	list().ok(nil)
	c.get("/admin/v1/groups", nil).ok(nil)
	clock.advance(9500 * time.Millisecond)
	full := list()
	full.refused(42901, "")
	same(t, "Retry-After", full.header.Get("Retry-After"), "41")
	c.as(duosim.KeyReader).get("/admin/v1/users", nil).ok(nil) // each key has its own
	same(t, "kept so far", len(server.Violations()), 0)

	clock.advance(40 * time.Second)
	list().refused(42901, "")
	violations := server.Violations()
	if len(violations) != 1 || violations[0].Since != 40*time.Second || violations[0].Call.Path != "/admin/v1/users" ||
		!violations[0].Until.Equal(violations[0].Call.Time.Add(time.Second)) {
		t.Errorf("violations %+v", violations)
	}
	clock.advance(time.Second)
	list().ok(nil)
	clock.advance(20 * time.Second)
	quiet := c.get("/admin/v1/groups", nil)
	quiet.refused(42901, "")
	same(t, "no Retry-After", quiet.header.Get("Retry-After"), "")
	list().ok(nil)
	same(t, "violations", len(server.Violations()), 1)
	server.ResetCalls()
	same(t, "reset", len(server.Violations())+len(server.Calls()), 0)
}

func TestFaultTellsToWait(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	if err := server.AddFault(duosim.Fault{Name: "wait", Nth: 1, Effect: duosim.Status429, RetryAfter: 2 * time.Second}); err != nil {
		t.Fatal(err)
	}
	c.get("/admin/v1/users", nil).refused(42901, "")
	clock.advance(time.Second)
	c.get("/admin/v1/groups", nil).ok(nil)
	same(t, "too early", len(server.Violations()), 1)
	clock.advance(time.Second)
	c.get("/admin/v1/groups", nil).ok(nil)
	same(t, "in time", len(server.Violations()), 1)
}

// A part of a bulk call is refused by the fault for the call that it stands for;
// the other parts go on.
func TestFaultsWithinBulk(t *testing.T) {
	server, c := start(t, duosim.Options{})
	ada := c.create("ada")
	g, err := server.AddGroup(duosim.Group{Name: "staff"})
	if err != nil {
		t.Fatal(err)
	}
	if err := server.SetFaults(duosim.Faults{Rules: []duosim.Fault{
		{Name: "name", Params: map[string]string{"username": "bob"}, Effect: duosim.Refuse, Code: 40002, Detail: "username"},
		{Name: "full", Method: "POST", Path: "/admin/v1/users/*/groups", Effect: duosim.Error50001},
		{Name: "other", Path: "/admin/v1/users", Nth: 1, Effect: duosim.Error500},
		{Name: "whole", Nth: 2, Effect: duosim.Refuse, Code: 40301},
	}}); err != nil {
		t.Fatal(err)
	}
	bulk := []operation{
		{"POST", "/admin/v1/users", params{"username": "eve"}},
		{"POST", "/admin/v1/users", params{"username": "bob"}},
		{"POST", "/admin/v1/users/" + ada.ID + "/groups", params{"group_id": g.ID}},
		{"DELETE", "/admin/v1/users/" + ada.ID + "/groups/" + g.ID, nil},
	}
	var got []envelope
	c.post("/admin/v1/bulk", params{"operations": bulk}).ok(&got)
	want := []envelope{{Stat: "OK"}, {Stat: "FAIL", Code: 40002, Detail: "username"}, {Stat: "FAIL", Code: 50001}, {Stat: "OK"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	calls := server.Calls()
	same(t, "fault", calls[len(calls)-1].Fault, "name")
	if diff := cmp.Diff(map[string]int{"name": 1, "full": 1, "other": 0, "whole": 0}, server.FaultHits()); diff != "" {
		t.Error(diff)
	}
	server.ClearFaults()
	if err := server.AddFault(duosim.Fault{Name: "name", Path: "/admin/v1/users", Every: 2, Effect: duosim.Refuse, Code: 40003}); err != nil {
		t.Fatal(err)
	}
	var created []envelope
	c.post("/admin/v1/users/bulk_create", params{"users": []params{{"username": "a"}, {"username": "b"}, {"username": "c"}}}).ok(&created)
	want = []envelope{{Username: "a"}, {Stat: "FAIL", Code: 40003}, {Username: "c"}}
	if diff := cmp.Diff(want, created); diff != "" {
		t.Error(diff)
	}
}

// Every endpoint can be aimed at, with every kind of effect.
func TestFaultsOfTheNewerEndpoints(t *testing.T) {
	for _, effect := range []duosim.Fault{
		{Effect: duosim.Status429}, {Effect: duosim.Error500}, {Effect: duosim.CutBefore}, {Effect: duosim.CutAfter},
		{Effect: duosim.ErrorAfter}, {Effect: duosim.Slow, Delay: time.Millisecond},
	} {
		t.Run(string(effect.Effect), func(t *testing.T) {
			server, c := start(t, duosim.Options{})
			u := c.create("zoe")
			g, err := server.AddGroup(duosim.Group{Name: "staff"})
			if err != nil {
				t.Fatal(err)
			}
			p, err := server.AddPhone(duosim.Phone{Number: "+12025550100", Type: "mobile", Platform: "apple ios"})
			if err != nil {
				t.Fatal(err)
			}
			for _, call := range []struct {
				path, pattern string
				send          params
			}{
				{"/admin/v1/users/enroll", "/admin/v1/users/enroll", params{"username": "zoe", "email": "a@b"}},
				{"/admin/v1/users/" + u.ID + "/groups", "/admin/v1/users/*/groups", params{"group_id": g.ID}},
				{"/admin/v1/users/" + u.ID + "/phones", "/admin/v1/users/*/phones", params{"phone_id": p.ID}},
				{"/admin/v1/groups", "/admin/v1/groups", params{"name": "crew"}},
				{"/admin/v1/phones", "/admin/v1/phones", params{"number": "+12025550101"}},
				{"/admin/v1/phones/" + p.ID + "/activation_url", "re:/activation_url$", nil},
				{"/admin/v1/phones/" + p.ID + "/send_sms_activation", "/admin/v1/phones/*/send_*", nil},
			} {
				fault := effect
				fault.Name, fault.Method, fault.Path, fault.Every, fault.Times = call.path, "POST", call.pattern, 1, 1
				if err := server.AddFault(fault); err != nil {
					t.Fatal(err)
				}
				_ = c.post(call.path, call.send) // what it answers is TestEffects'
				calls := server.Calls()
				last := calls[len(calls)-1]
				same(t, call.path, last.Fault, call.path)
				applied := effect.Effect == duosim.CutAfter || effect.Effect == duosim.ErrorAfter || effect.Effect == duosim.Slow
				same(t, call.path+" wrote", last.Wrote, applied)
			}
		})
	}
}

// TestAnswersToOtherCalls: whom the client is told of, and who is there afterwards.
func TestAnswersToOtherCalls(t *testing.T) {
	for effect, want := range map[duosim.Effect]string{duosim.Stale: "a a a, a", duosim.Swap: "a a b, a b c"} {
		server, c := start(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{{Name: "it", Method: "POST", Path: "/admin/v1/users", Effect: effect}}}})
		var told, there []string
		for _, name := range []string{"a", "b", "c"} {
			told = append(told, c.create(name).Username)
		}
		for _, u := range server.Users() {
			there = append(there, u.Username)
		}
		same(t, string(effect), strings.Join(told, " ")+", "+strings.Join(there, " "), want)
		same(t, "hits", server.FaultHits()["it"], 2)
	}
}

func TestWrongID(t *testing.T) {
	server, c := start(t, duosim.Options{Faults: duosim.Faults{Rules: []duosim.Fault{{Name: "it", Method: "POST", Path: "/admin/v1/users", Effect: duosim.WrongID}}}})
	told := c.create("ann")
	u, there := server.User("ann")
	same(t, "there", there, true)
	same(t, "name", told.Username, "ann")
	same(t, "another id of its kind", told.ID != u.ID && strings.HasPrefix(told.ID, "DU") && len(told.ID) == len(u.ID), true)
}

func TestEndlessList(t *testing.T) {
	server, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{UsersPage: 2}}})
	for i := range 3 {
		c.create(fmt.Sprint("user", i))
	}
	if err := server.AddFault(duosim.Fault{Name: "it", Path: "/admin/v1/users", Effect: duosim.Endless}); err != nil {
		t.Fatal(err)
	}
	offset := 0
	for range 5 {
		var users []user
		a := c.get("/admin/v1/users", params{"limit": 300, "offset": offset}).ok(&users)
		same(t, "users", len(users), 2)
		next, _ := a.Metadata["next_offset"].(float64)
		same(t, "next", int(next), offset+2)
		offset = int(next)
	}
}
