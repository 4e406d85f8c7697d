package duosim_test

import (
	"fmt"
	"testing"

	"duosync/duo/duosim"
)

type token struct {
	ID     string `json:"token_id"`
	Type   string `json:"type"`
	Serial string `json:"serial"`
	Users  []user `json:"users"`
}

func TestTokens(t *testing.T) {
	server, c := start(t, duosim.Options{})
	u := c.create("zoe")
	var made, read token
	c.post("/admin/v1/tokens", params{"type": "h6", "serial": "0123", "secret": "00"}).ok(&made)
	c.post("/admin/v1/tokens", params{"type": "h6", "serial": "0123"}).refused(40003, "")
	c.post("/admin/v1/tokens", params{"type": "h8", "serial": "0123"}).ok(nil)
	c.post("/admin/v1/tokens", params{"type": "h7", "serial": "1"}).refused(40002, "type")
	c.post("/admin/v1/tokens", params{"type": "h6"}).refused(40002, "serial")

	path := "/admin/v1/users/" + u.ID + "/tokens"
	for range 2 {
		c.post(path, params{"token_id": made.ID}).empty()
	}
	c.post(path, nil).refused(40002, "token_id")
	c.post(path, params{"token_id": "DH"}).refused(40401, "")
	c.get("/admin/v1/tokens/"+made.ID, nil).ok(&read)
	same(t, "of", read.Users[0].Username, "zoe")
	var found []token
	c.get(path, nil).ok(&found)
	same(t, "the user's", len(found), 1)
	c.get("/admin/v1/tokens", nil).ok(&found)
	same(t, "all", len(found), 2)
	c.get("/admin/v1/tokens", params{"type": "h8", "serial": "0123"}).ok(&found)
	same(t, "by serial", found[0].Type, "h8")
	c.get("/admin/v1/tokens", params{"type": "h8", "serial": "none"}).ok(&found)
	same(t, "none of that serial", len(found), 0)
	c.get("/admin/v1/tokens", params{"type": "h8"}).refused(40002, "serial")
	c.get("/admin/v1/users/"+u.ID, nil).ok(&u)
	same(t, "enrolled", u.Enrolled, true)

	for range 2 {
		c.delete(path+"/"+made.ID, nil).empty()
	}
	c.post(path, params{"token_id": made.ID}).empty()
	c.delete("/admin/v1/users/"+u.ID, nil).empty()
	same(t, "survives its user", len(server.Snapshot().Tokens[0].Users), 0)
	v := c.create("ada")
	c.post("/admin/v1/users/"+v.ID+"/tokens", params{"token_id": made.ID}).empty()
	for range 2 {
		c.delete("/admin/v1/tokens/"+made.ID, nil).empty()
	}
	same(t, "tokens of ada", len(server.Users()[0].Tokens), 0)
	c.get("/admin/v1/tokens/"+made.ID, nil).refused(40401, "")
	for _, path := range []string{"/admin/v1/u2ftokens", "/admin/v1/users/" + v.ID + "/u2ftokens"} {
		same(t, path, string(c.get(path, nil).ok(nil).Response), "[]")
	}
	for _, path := range []string{"/tokens", "/u2ftokens"} {
		c.get("/admin/v1/users/DU"+path, nil).refused(40401, "")
	}
}

func TestTokensByHand(t *testing.T) {
	server, c := start(t, duosim.Options{Limits: duosim.Limits{UsersPerToken: 1}})
	ada, bob := c.create("ada"), c.create("bob")
	made, err := server.AddToken(duosim.Token{Serial: "1", Users: []string{ada.ID}})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "type", made.Type, "h6")
	c.post("/admin/v1/users/"+bob.ID+"/tokens", params{"token_id": made.ID}).refused(50001, "")
	for name, token := range map[string]duosim.Token{
		"no serial": {},
		"there":     {Serial: "1"},
		"the id is": {ID: made.ID, Serial: "2"},
		"no such":   {Serial: "2", Users: []string{"DU"}},
	} {
		if _, err := server.AddToken(token); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
	u, _ := server.User("ada")
	u.Tokens = nil
	if err := server.SetUser(u); err != nil {
		t.Fatal(err)
	}
	same(t, "let go", len(server.Snapshot().Tokens[0].Users), 0)
	u.Tokens = []string{"DH"}
	if server.SetUser(u) == nil {
		t.Error("an unknown token was taken")
	}

	server, c = start(t, duosim.Options{})
	u = duosim.User{Username: "many"}
	for i := range 101 {
		made, err := server.AddToken(duosim.Token{Serial: fmt.Sprint(i)})
		if err != nil {
			t.Fatal(err)
		}
		u.Tokens = append(u.Tokens, made.ID)
	}
	last := u.Tokens[100]
	u.Tokens = u.Tokens[:100]
	u, err = server.AddUser(u)
	if err != nil {
		t.Fatal(err)
	}
	c.post("/admin/v1/users/"+u.ID+"/tokens", params{"token_id": last}).refused(50001, "")
}

func TestSummaryAndSettings(t *testing.T) {
	_, c := start(t, duosim.Options{})
	c.create("zoe")
	var summary map[string]int
	c.get("/admin/v1/info/summary", nil).ok(&summary)
	same(t, "user_count", summary["user_count"], 1)
	c.get("/admin/v1/settings", nil).refused(40301, "Missing permission for this API.")
}
