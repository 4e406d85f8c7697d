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
	made, err := server.AddToken(duosim.Token{Serial: "0123"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := server.AddToken(duosim.Token{Type: "h8", Serial: "0123"}); err != nil {
		t.Fatal(err)
	}

	path := "/admin/v1/users/" + u.ID + "/tokens"
	for range 2 {
		c.post(path, params{"token_id": made.ID}).empty()
	}
	c.post(path, nil).refused(40002, "token_id")
	c.post(path, params{"token_id": "DH"}).refused(40401, "")
	var read token
	c.get("/admin/v1/tokens/"+made.ID, nil).ok(&read)
	same(t, "of", read.Users[0].Username, "zoe")
	c.get("/admin/v1/tokens/DH", nil).refused(40401, "")
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
	same(t, "U2F", string(c.get("/admin/v1/users/"+u.ID+"/u2ftokens", nil).ok(nil).Response), "[]")
	for _, list := range []string{"/tokens", "/u2ftokens"} {
		c.get("/admin/v1/users/DU"+list, nil).refused(40401, "")
	}
	c.get("/admin/v1/users/"+u.ID, nil).ok(&u)
	same(t, "enrolled", u.Enrolled, true)

	c.delete("/admin/v1/users/"+u.ID, nil).empty()
	same(t, "survives its user", len(server.Snapshot().Tokens[0].Users), 0)
}

func TestTokensByHand(t *testing.T) {
	server, c := start(t, duosim.Options{Rules: duosim.Rules{Limits: duosim.Limits{UsersPerToken: 1}}})
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
