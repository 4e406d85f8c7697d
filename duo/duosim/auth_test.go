package duosim_test

import (
	"net/http"
	"testing"
	"time"

	"duosync/duo/duosim"
)

type verdict struct {
	Result  string `json:"result"`
	Status  string `json:"status_msg"`
	Portal  string `json:"enroll_portal_url"`
	Devices []struct {
		Device string `json:"device"`
	} `json:"devices"`
}

func TestPing(t *testing.T) {
	clock := newClock()
	_, c := start(t, duosim.Options{Now: clock.Now})
	unsigned := c.with(func(c *client) { c.tamper = func(r *http.Request) { r.Header.Del("Authorization") } })
	var got map[string]int64
	reply := unsigned.get("/auth/v2/ping", nil).ok(&got)
	same(t, "time", got["time"], clock.Now().Unix())
	same(t, "dated by Duo's clock", reply.header.Get("Date"), clock.Now().Format(http.TimeFormat))
	unsigned.get("/auth/v2/check", nil).refused(40101, "")
}

func TestPreauth(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	add := func(u duosim.User) duosim.User {
		t.Helper()
		added, err := server.AddUser(u)
		if err != nil {
			t.Fatal(err)
		}
		return added
	}
	var groups [3]string
	for i, status := range []string{"disabled", "bypass", "active"} {
		g, err := server.AddGroup(duosim.Group{Name: status, Status: status})
		if err != nil {
			t.Fatal(err)
		}
		groups[i] = g.ID
	}
	off, through, plain := groups[0], groups[1], groups[2]
	tests := []struct {
		want string
		user duosim.User
	}{
		{"auth", duosim.User{Username: "enrolled", Enrolled: true}},
		{"enroll", duosim.User{Username: "fresh"}},
		{"allow", duosim.User{Username: "bypass", Status: "bypass"}},
		{"deny", duosim.User{Username: "disabled", Status: "disabled", Enrolled: true}},
		{"deny", duosim.User{Username: "locked", Status: "locked out", Enrolled: true}},
		{"auth", duosim.User{Username: "trashed", Status: "pending deletion", Enrolled: true}},
		{"deny", duosim.User{Username: "disabled, then trashed", Status: "pending deletion", StatusBefore: "disabled"}},
		{"deny", duosim.User{Username: "in a disabled group", Enrolled: true, Groups: []string{plain, through, off}}},
		{"allow", duosim.User{Username: "disabled in a bypass group", Status: "disabled", Groups: []string{through}}},
		{"deny", duosim.User{Username: "disabled in a plain group", Status: "disabled", Groups: []string{plain}}},
	}
	auth := c.as(duosim.KeyAuth)
	for _, test := range tests {
		t.Run(test.user.Username, func(t *testing.T) {
			u := add(test.user)
			var got verdict
			auth.post("/auth/v2/preauth", params{"username": u.Username}).ok(&got)
			same(t, "by username", got.Result, test.want)
			auth.post("/auth/v2/preauth", params{"user_id": u.ID}).ok(&got)
			same(t, "by id", got.Result, test.want)
		})
	}
	var got verdict
	auth.post("/auth/v2/preauth", params{"username": "nobody"}).ok(&got)
	same(t, "nobody", got.Result, "enroll")
	if got.Portal == "" {
		t.Error("no portal")
	}
	auth.post("/auth/v2/preauth", params{"user_id": "DU"}).refused(40002, "user_id")
	auth.post("/auth/v2/preauth", params{"user_id": "DU", "username": "x"}).refused(40002, "user_id")
	auth.post("/auth/v2/preauth", nil).refused(40002, "username")
	c.post("/auth/v2/preauth", params{"username": "x"}).refused(40301, "Wrong integration type for this API.")
}

func TestBypassCodes(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	u := c.create("zoe")
	codes := func(p params) []string {
		t.Helper()
		var codes []string
		c.post("/admin/v1/users/"+u.ID+"/bypass_codes", p).ok(&codes)
		return codes
	}
	login := func(code string) string {
		t.Helper()
		var got verdict
		c.as(duosim.KeyAuth).post("/auth/v2/auth", params{"username": "ZOE", "factor": "passcode", "passcode": code}).ok(&got)
		return got.Result
	}
	old := codes(nil)
	same(t, "made up", len(old), 10)
	once := codes(params{"count": 1})
	same(t, "the old ones are gone", login(old[0]), "deny")
	same(t, "good once", login(once[0]), "allow")
	same(t, "not twice", login(once[0]), "deny")
	codes(params{"codes": "111,222", "reuse_count": 2, "valid_secs": 60})
	codes(params{"codes": "333", "reuse_count": 0, "preserve_existing": true})
	for _, want := range []string{"allow", "allow", "deny"} {
		same(t, "twice", login("111"), want)
	}
	clock.advance(time.Minute)
	same(t, "expired", login("222"), "deny")
	same(t, "without end", login("333"), "allow")
	path := "/admin/v1/users/" + u.ID + "/bypass_codes"
	c.post(path, params{"count": 11}).refused(40002, "count")
	c.post(path, params{"codes": "1,x"}).refused(40002, "codes")
	c.post(path, params{"codes": "1", "count": 1}).refused(40002, "codes")
	c.post(path, params{"codes": "1", "valid_secs": -1}).refused(40002, "valid_secs")
	c.post("/admin/v1/users/DU/bypass_codes", nil).refused(40401, "")
	stored, found := server.User("zoe")
	if !found || len(stored.BypassCodes) != 2 {
		t.Errorf("stored %+v", stored.BypassCodes)
	}
}

// A push that nobody answers keeps a client waiting for a minute.
func TestAsynchronousLogin(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now, Rules: duosim.Rules{PushAnswer: duosim.PushWaiting}})
	c.create("zoe")
	if _, err := server.EnrollDevice("zoe", duosim.Phone{}); err != nil {
		t.Fatal(err)
	}
	auth := c.as(duosim.KeyAuth)
	push := params{"username": "zoe", "factor": "push", "device": "auto", "async": "1"}
	var begun struct{ Txid, Result string }
	auth.post("/auth/v2/auth", push).ok(&begun)
	same(t, "nothing is decided", begun.Result, "")
	status := func(want string) {
		t.Helper()
		var got struct{ Result, Status string }
		auth.get("/auth/v2/auth_status", params{"txid": begun.Txid}).ok(&got)
		same(t, "status", got.Result+" "+got.Status, want)
	}
	status("waiting pushed")
	status("waiting pushed")
	clock.advance(time.Minute)
	status("deny timeout")
	auth.get("/auth/v2/auth_status", params{"txid": "x"}).refused(40002, "txid")
	auth.get("/auth/v2/auth_status", nil).refused(40002, "txid")
	push["async"] = "perhaps"
	auth.post("/auth/v2/auth", push).refused(40002, "async")
}

func TestPushAndOtherFactors(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u := c.create("zoe")
	auth := c.as(duosim.KeyAuth)
	push := params{"user_id": u.ID, "factor": "push", "device": "auto"}
	auth.post("/auth/v2/auth", push).refused(40002, "no capable device")
	if _, err := server.AddPhone(duosim.Phone{Number: "+12025550100", Activated: true, Users: []string{u.ID}}); err != nil {
		t.Fatal(err)
	}
	var got verdict
	auth.post("/auth/v2/auth", push).ok(&got)
	same(t, "push", got.Result, "allow")
	auth.post("/auth/v2/preauth", params{"user_id": u.ID}).ok(&got)
	same(t, "devices", len(got.Devices), 1)
	auth.post("/auth/v2/auth", params{"username": "zoe", "factor": "push"}).refused(40002, "device")
	auth.post("/auth/v2/auth", params{"username": "nobody", "factor": "push"}).refused(40002, "username")
	auth.post("/auth/v2/auth", params{"username": "zoe", "factor": "smoke"}).refused(40002, "factor")
	auth.post("/auth/v2/auth", params{"username": "zoe", "factor": "passcode"}).refused(40002, "passcode")
	login := func(factor, device, want string) {
		t.Helper()
		auth.post("/auth/v2/auth", params{"username": "zoe", "factor": factor, "device": device}).ok(&got)
		same(t, factor, got.Result, want)
	}
	login("auto", "auto", "allow")
	login("phone", got.Devices[0].Device, "allow")
	auth.post("/auth/v2/auth", params{"username": "zoe", "factor": "sms", "device": "auto"}).refused(40002, "no capable device")
	other, err := server.AddPhone(duosim.Phone{Number: "+12025550101", Type: "mobile", Users: []string{u.ID}})
	if err != nil {
		t.Fatal(err)
	}
	login("sms", other.ID, "deny") // which only sends passcodes
	same(t, "messages", len(server.Messages()), 1)
	auth.post("/auth/v2/auth", params{"username": "zoe", "factor": "push", "device": other.ID}).refused(40002, "no capable device")
	c.post("/admin/v1/users/"+u.ID, params{"status": "disabled"}).ok(nil)
	auth.post("/auth/v2/auth", push).ok(&got)
	same(t, "disabled", got.Result, "deny")
	c.post("/admin/v1/users/"+u.ID, params{"status": "bypass"}).ok(nil)
	auth.post("/auth/v2/auth", push).ok(&got)
	same(t, "bypass", got.Result, "allow")
}

func TestPushAnswers(t *testing.T) {
	for answer, want := range map[string]string{
		"": "allow", duosim.PushApprove: "allow", duosim.PushDeny: "deny", duosim.PushFraud: "deny", duosim.PushWaiting: "deny",
	} {
		t.Run("answer "+answer, func(t *testing.T) {
			server, c := start(t, duosim.Options{Rules: duosim.Rules{PushAnswer: answer}})
			c.create("zoe")
			p, err := server.EnrollDevice("zoe", duosim.Phone{})
			if err != nil {
				t.Fatal(err)
			}
			var got verdict
			c.as(duosim.KeyAuth).post("/auth/v2/auth", params{"username": "zoe", "factor": "push", "device": p.ID}).ok(&got)
			same(t, "login", got.Result, want)
		})
	}
	if err := duosim.New(duosim.Options{Rules: duosim.Rules{PushAnswer: "perhaps"}}).Start("127.0.0.1:0"); err == nil {
		t.Error("an unknown answer was taken")
	}
}
