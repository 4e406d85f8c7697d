package duosim_test

import (
	"testing"
	"time"

	"duosync/duo/duosim"

	"github.com/google/go-cmp/cmp"
)

func TestEnrollmentMails(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	zoe := c.create("zoe", params{"email": "zoe@example.org", "alias1": "zed"})
	mail := func(p params) string {
		t.Helper()
		var code string
		c.post("/admin/v1/users/enroll", p).ok(&code)
		return code
	}
	sent := clock.Now().Truncate(time.Second)
	first := mail(params{"username": "Zed", "email": "other@example.org"})
	second := mail(params{"username": "new", "email": "new@example.org", "valid_secs": 60})
	created, found := server.User("new")
	if !found {
		t.Fatal("the user was not created")
	}
	want := []duosim.Mail{
		{To: "other@example.org", UserID: zoe.ID, Username: "zoe", Code: first, Sent: sent, Expires: sent.AddDate(0, 0, 30)},
		{To: "new@example.org", UserID: created.ID, Username: "new", Code: second, Sent: sent, Expires: sent.Add(time.Minute)},
	}
	if diff := cmp.Diff(want, server.Mails()); diff != "" {
		t.Error(diff)
	}
	same(t, "created with the address", created.Email, "new@example.org")
	stored, _ := server.User("zoe")
	same(t, "the address stays", stored.Email, "zoe@example.org")
	same(t, "a mail is a write", server.Calls()[1].Wrote, true)

	for _, test := range []struct {
		send   params
		detail string
	}{
		{params{"email": "a@b"}, "username"},
		{params{"username": " ", "email": "a@b"}, "username"},
		{params{"username": "a\nb", "email": "a@b"}, "username"},
		{params{"username": "zoe"}, "email"},
		{params{"username": "zoe", "email": "nobody"}, "email"},
		{params{"username": "zoe", "email": "a@b", "valid_secs": 0}, "valid_secs"},
	} {
		c.post("/admin/v1/users/enroll", test.send).refused(40002, test.detail)
	}
	c.as(duosim.KeyReader).post("/admin/v1/users/enroll", params{"username": "x", "email": "a@b"}).refused(40301, "Missing permission for this API.")
	same(t, "mails", len(server.Mails()), 2)
	same(t, "users", len(server.Users()), 2)

	// Nobody keeps Duo from sending one mail too many.
	c.post("/admin/v1/users/bulk_send_to_trash", params{"user_id_list": []string{zoe.ID}}).empty()
	mail(params{"username": "zoe", "email": "zoe@example.org"})
	same(t, "mails", len(server.Snapshot().Mails), 3)

	if _, err := server.EnrollWith("none", duosim.Phone{}); err == nil {
		t.Error("an unknown code works")
	}
	p, err := server.EnrollWith(first, duosim.Phone{Number: "+12025550100"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "phone", p.Platform+" "+p.Type, "apple ios mobile")
	c.get("/admin/v1/users/"+zoe.ID, nil).ok(&zoe)
	same(t, "enrolled", zoe.Enrolled, true)
	if _, err := server.EnrollWith(first, duosim.Phone{}); err == nil {
		t.Error("a code works twice")
	}
	clock.advance(time.Minute)
	if _, err := server.EnrollWith(second, duosim.Phone{}); err == nil {
		t.Error("an expired code works")
	}
	again := mail(params{"username": "new", "email": "new@example.org"})
	server.RemoveUser(created.ID)
	if _, err := server.EnrollWith(again, duosim.Phone{}); err == nil {
		t.Error("the code of a user who is gone works")
	}
	same(t, "what was sent stays", len(server.Mails()), 4)
}

func TestAuthEnroll(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	auth := c.as(duosim.KeyAuth)
	type enrollment struct {
		Barcode    string `json:"activation_barcode"`
		Code       string `json:"activation_code"`
		Expiration int64  `json:"expiration"`
		User       string `json:"user_id"`
		Username   string `json:"username"`
	}
	status := func(e enrollment) string {
		t.Helper()
		var status string
		auth.post("/auth/v2/enroll_status", params{"user_id": e.User, "activation_code": e.Code}).ok(&status)
		return status
	}
	var named, random enrollment
	auth.post("/auth/v2/enroll", params{"username": "Zoe"}).ok(&named)
	auth.post("/auth/v2/enroll", params{"valid_secs": 60}).ok(&random)
	same(t, "name", named.Username, "zoe")
	same(t, "valid for a day", named.Expiration, clock.Now().Unix()+86400)
	if random.Username == "" || random.Code == named.Code || random.Barcode == "" {
		t.Errorf("got %+v", random)
	}
	auth.post("/auth/v2/enroll", params{"username": "zoe"}).refused(40002, "username")
	auth.post("/auth/v2/enroll", params{"username": "x", "valid_secs": -1}).refused(40002, "valid_secs")
	same(t, "users", len(server.Users()), 2)
	same(t, "before", status(named), "waiting")
	if _, err := server.EnrollWith(named.Code, duosim.Phone{Platform: "google android"}); err != nil {
		t.Fatal(err)
	}
	same(t, "afterwards", status(named), "success")
	clock.advance(time.Minute)
	same(t, "expired", status(random), "invalid")
	same(t, "another user's", status(enrollment{User: random.User, Code: named.Code}), "invalid")
	same(t, "unknown", status(enrollment{User: "DU", Code: "x"}), "invalid")
	auth.post("/auth/v2/enroll_status", params{"user_id": "DU"}).refused(40002, "activation_code")
	auth.post("/auth/v2/enroll_status", params{"activation_code": "x"}).refused(40002, "user_id")
	c.post("/auth/v2/enroll", params{"username": "x"}).refused(40301, "Wrong integration type for this API.")
}

func TestEnrollDevice(t *testing.T) {
	server, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{PhonesPerUser: 2, UsersPerPhone: 2}}})
	ada, bob := c.create("ada", params{"alias1": "countess"}), c.create("bob")
	own, err := server.EnrollDevice("Countess", duosim.Phone{Number: "+12025550100", Name: "hers"})
	if err != nil {
		t.Fatal(err)
	}
	want := duosim.Phone{
		ID: "DP000000000000000001", Number: "+12025550100", Name: "hers", Type: "mobile", Platform: "apple ios",
		Activated: true, Users: []string{ada.ID},
	}
	if diff := cmp.Diff(want, own); diff != "" {
		t.Error(diff)
	}
	tablet, err := server.EnrollDevice(ada.ID, duosim.Phone{Platform: "google android"})
	if err != nil || tablet.Number != "" || tablet.ID == own.ID {
		t.Errorf("tablet %+v, %v", tablet, err)
	}
	shared, err := server.EnrollDevice("bob", duosim.Phone{Number: "+12025550100"})
	if err != nil || shared.ID != own.ID || len(shared.Users) != 2 {
		t.Errorf("shared %+v, %v", shared, err)
	}
	off := c.create("off", params{"status": "disabled"})
	eve := c.create("eve")
	before := server.Snapshot()
	for name, err := range map[string]error{
		"nobody":          second(server.EnrollDevice("nobody", duosim.Phone{})),
		"disabled":        second(server.EnrollDevice(off.ID, duosim.Phone{})),
		"too many phones": second(server.EnrollDevice(ada.ID, duosim.Phone{})),
		"too many users":  second(server.EnrollDevice(eve.ID, duosim.Phone{Number: "+12025550100"})),
		"no number":       second(server.EnrollDevice(bob.ID, duosim.Phone{Number: "none"})),
	} {
		if err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	if diff := cmp.Diff(before, server.Snapshot()); diff != "" {
		t.Error(diff)
	}
}
