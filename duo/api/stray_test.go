package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	dirsync "duosync/sync"
)

// TestAnAnswerAboutSomethingElse has each call that names something answered with
// another object. A call that may be sent again is, on a connection of its own.
func TestAnAnswerAboutSomethingElse(t *testing.T) {
	const group, phone = `{"group_id":"DG1","name":"Staff","status":"Active"}`, `{"phone_id":"DP1","number":"+1555","activated":false,"users":[]}`
	other := func(object, old, new string) string { return ok(strings.Replace(object, old, new, 1)) }
	ann := user("DU1", "ann")
	for name, test := range map[string]struct {
		call    string
		once    bool // it is not sent again
		answers []string
		do      func(*api.Client) error
	}{
		"a user": {one, false, []string{ok(user("DU2", "bob")), ok(`""`), ok("[" + ann + "]"), ok(group), ok(phone)},
			func(c *api.Client) error { _, err := c.User(t.Context(), "DU1"); return err }},
		"users of a name": {list, false, []string{ok("[" + user("DU2", "b") + "," + user("DU3", "c") + "]"), ok(ann), ok("[" + group + "]")},
			func(c *api.Client) error { _, err := c.UserByName(t.Context(), "ann"); return err }},
		"a new user": {post, true, []string{ok(user("DU2", "bob")), ok(`""`), ok(group)},
			func(c *api.Client) error {
				_, err := c.CreateUser(t.Context(), dirsync.Fields{"username": "ann"})
				return err
			}},
		"a changed user": {edit, true, []string{ok(user("DU2", "ann")), ok(`""`), ok(group)},
			func(c *api.Client) error {
				_, err := c.ModifyUser(t.Context(), "DU1", dirsync.Fields{"email": "e"})
				return err
			}},
		"a group": {"GET /admin/v2/groups/DG1", false, []string{other(group, "DG1", "DG2"), ok(ann)},
			func(c *api.Client) error { _, err := c.Group(t.Context(), "DG1"); return err }},
		"a new group": {"POST /admin/v1/groups", true, []string{other(group, "Staff", "Crew"), ok(ann)},
			func(c *api.Client) error { _, err := c.CreateGroup(t.Context(), " staff ", ""); return err }},
		"a phone": {"GET /admin/v1/phones/DP1", false, []string{other(phone, "DP1", "DP2"), ok(ann)},
			func(c *api.Client) error { _, err := c.Phone(t.Context(), "DP1"); return err }},
		"a new phone": {"POST /admin/v1/phones", true, []string{other(phone, "+1555", "+1556"), other(phone, `"number"`, `"extension":"1","number"`), ok(ann)},
			func(c *api.Client) error { _, err := c.CreatePhone(t.Context(), "+1555", "", "mobile"); return err }},
	} {
		for _, answer := range test.answers {
			script := again(exchange{Call: test.call, Body: answer})
			if test.once {
				script = script[:1]
			}
			err := test.do(newPlay(t, script...).Client())
			if !errors.Is(err, api.ErrStray) || !errors.Is(err, api.ErrNotDuo) || !strings.Contains(dirsync.Hint(err), "mixed up") {
				t.Errorf("%s: %v, hint %q, of %s", name, err, dirsync.Hint(err), answer)
			}
			if err != nil && strings.Contains(err.Error(), "Go value") {
				t.Errorf("%s: Go's own words: %v", name, err)
			}
			var e *api.Error
			if !errors.As(err, &e) || !e.Sent || e.FromDuo {
				t.Errorf("%s: what was asked may have been done: %+v", name, e)
			}
		}
	}
}

// TestOneMixedUpAnswerIsAskedForAgain: the second answer is about what was asked.
func TestOneMixedUpAnswerIsAskedForAgain(t *testing.T) {
	p := newPlay(t, exchange{Call: one, Body: ok(user("DU2", "bob"))}, exchange{Call: one, Apart: true, Body: ok(user("DU1", "ann"))})
	if a, err := p.Client().User(t.Context(), "DU1"); err != nil || a.Username != "ann" {
		t.Errorf("got %+v, %v", a, err)
	}
	byName := exchange{Call: list, Params: map[string]string{"username": "ann"}, Body: ok("[" + user("DU2", "bob") + "]")}
	second := byName
	second.Apart, second.Body = true, ok("["+user("DU1", "Ann")+"]")
	if a, err := newPlay(t, byName, second).Client().UserByName(t.Context(), "ann"); err != nil || a == nil || a.ID != "DU1" {
		t.Errorf("by name: %+v, %v", a, err)
	}
	second.Body = byName.Body // that is how Duo understands the name
	if a, err := newPlay(t, byName, second).Client().UserByName(t.Context(), "ann"); err != nil || a != nil {
		t.Errorf("by name, another twice: %+v, %v", a, err)
	}
}

// TestTheDateOfAnAnswerToSomethingElseIsNotLearnt: it may be of any time.
func TestTheDateOfAnAnswerToSomethingElseIsNotLearnt(t *testing.T) {
	late := map[string]string{"Date": "Sun, 01 Mar 2026 12:03:00 GMT"}
	c := newPlay(t, exchange{Call: post, Body: ok(user("DU2", "bob")), Header: late}).Client()
	if _, err := c.CreateUser(t.Context(), dirsync.Fields{"username": "ann"}); !errors.Is(err, api.ErrStray) {
		t.Fatal(err)
	}
	if ahead, known := c.Skew(); known {
		t.Errorf("learnt that Duo is ahead by %s", ahead)
	}
}

// TestEveryConnectionApartIsNew counts the connections that a client makes.
func TestEveryConnectionApartIsNew(t *testing.T) {
	var from []string
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		from = append(from, r.RemoteAddr)
		_, _ = w.Write([]byte(ok(user("DU1", "ann"))))
	}))
	defer server.Close()
	o := newPlay(t).Options()
	o.Host, o.RootCAs = server.Listener.Addr().String(), apitest.RootsOf(server)
	c := connect(t, o)
	for _, client := range []*api.Client{c, c, c.Apart(), c.Apart(), c} {
		if _, err := client.User(t.Context(), "DU1"); err != nil {
			t.Fatal(err)
		}
	}
	if from[1] != from[0] || from[4] != from[0] || from[2] == from[0] || from[3] == from[0] || from[3] == from[2] {
		t.Errorf("calls came from %v", from)
	}
	if u := c.Usage(); u.Calls != 5 {
		t.Errorf("usage %+v", u)
	}
}

// TestAListThatNeverEndsIsAnError: each page of it looks well by itself. The number of
// calls is bounded by what Duo tells of the list.
func TestAListThatNeverEndsIsAnError(t *testing.T) {
	id := func(n int) map[string]any {
		text := strconv.Itoa(n)
		return map[string]any{"user_id": "DU" + text, "username": text, "group_id": "DG" + text, "name": text, "phone_id": "DP" + text, "users": []any{}, "activated": false}
	}
	for name, next := range map[string]func(offset int) (items []any, next int, total any){
		"always new objects":       func(o int) ([]any, int, any) { return []any{id(o)}, o + 1, 20 },
		"the same objects":         func(o int) ([]any, int, any) { return []any{id(1), id(2)}, o + 500, 5000 },
		"two pages in turn":        func(o int) ([]any, int, any) { return []any{id(o % 2)}, o + 1, 5000 },
		"no total, the same again": func(o int) ([]any, int, any) { return []any{id(7)}, o + 500, nil },
		"a total that runs ahead":  func(o int) ([]any, int, any) { return []any{id(o), id(o + 1)}, o + 500, o + 1000 },
		"ever larger steps":        func(o int) ([]any, int, any) { return []any{id(o)}, 2*o + 1, 20 },
	} {
		for kind, read := range map[string]func(*api.Client) (int, error){
			"users": func(c *api.Client) (int, error) {
				return c.EachUser(t.Context(), func(dirsync.Account) error { return nil })
			},
			"groups": func(c *api.Client) (int, error) {
				return c.EachGroup(t.Context(), func(api.Group) error { return nil })
			},
			"phones": func(c *api.Client) (int, error) {
				return c.EachPhone(t.Context(), func(dirsync.Phone) error { return nil })
			},
		} {
			calls := 0
			server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				calls++
				offset, _ := strconv.Atoi(r.URL.Query().Get("offset"))
				items, next, total := next(offset)
				_ = json.NewEncoder(w).Encode(map[string]any{"stat": "OK", "response": items, "metadata": map[string]any{"next_offset": next, "total_objects": total}})
			}))
			o := newPlay(t).Options()
			o.Host, o.RootCAs = server.Listener.Addr().String(), apitest.RootsOf(server)
			_, err := read(connect(t, o))
			if !errors.Is(err, api.ErrStray) || !strings.Contains(fmt.Sprint(err), "a list that does not") || calls > 600 {
				t.Errorf("%s of %s: %v after %d calls", name, kind, err, calls)
			}
			server.Close()
		}
	}
}

// TestCallsWhoseAnswersNameNobodyAreApart: an answer about somebody else could not be told
// there.
func TestCallsWhoseAnswersNameNobodyAreApart(t *testing.T) {
	const preauth, login = "POST /auth/v2/preauth", "POST /auth/v2/auth"
	p := newPlay(t,
		exchange{Call: preauth, Apart: true, Body: ok(user("DU1", "ann"))}, // of another API
		exchange{Call: preauth, Apart: true, Body: ok(`{"result":"auth"}`)},
		exchange{Call: login, Apart: true, Body: ok(`{"result":"waiting"}`)}, // of another login
		exchange{Call: "POST /admin/v1/users/enroll", Apart: true, Body: ok(`"code"`)},
	)
	auth, err := api.NewAuth(p.Options())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(auth.Close)
	if answer, err := auth.Preauth(t.Context(), api.Who{Name: "ann"}); err != nil || answer.Result != api.PreauthAuth {
		t.Errorf("preauth: %+v, %v", answer, err)
	}
	if verdict, err := auth.Passcode(t.Context(), api.Who{Name: "ann"}, "123456"); !errors.Is(err, api.ErrStray) {
		t.Errorf("passcode: %+v, %v", verdict, err)
	}
	if err := p.Client().Enroll(t.Context(), "ann", "a@example.org"); err != nil {
		t.Errorf("enroll: %v", err)
	}
}

// TestAListMayGrowWhileItIsRead: others work meanwhile.
func TestAListMayGrowWhileItIsRead(t *testing.T) {
	script := []exchange{
		{Call: list, Body: page([]string{user("DU1", "a")}, `{"next_offset":300,"total_objects":301}`)},
		{Call: list, Body: page([]string{user("DU2", "b")}, `{"next_offset":600,"total_objects":10301}`)},
		{Call: list, Body: page([]string{user("DU3", "c")}, `{"total_objects":10331}`)},
	}
	n := 0
	total, err := newPlay(t, script...).Client().EachUser(t.Context(), func(dirsync.Account) error { n++; return nil })
	if err != nil || total != 10331 || n != 3 {
		t.Errorf("%d of %d users, %v", n, total, err)
	}
}
