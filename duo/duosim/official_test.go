package duosim_test

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"testing"
	"time"

	duoapi "github.com/duosecurity/duo_api_golang"
	"github.com/duosecurity/duo_api_golang/admin"
	"github.com/duosecurity/duo_api_golang/authapi"
	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
)

// official is Duo's own Go client before a simulator that goes by the real clock,
// as the client does.
func official(t *testing.T, kind duosim.KeyKind) (*duosim.Server, *duoapi.DuoApi) {
	t.Helper()
	server, _ := start(t, duosim.Options{Now: time.Now})
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}}
	t.Cleanup(transport.CloseIdleConnections)
	key := server.Key(kind)
	api := duoapi.NewDuoApi(key.Integration, key.Secret, server.Host(), "")
	api.SetCustomHTTPClient(&http.Client{Transport: transport})
	return server, api
}

// must gives a result that has to be a success.
func must[T any](t *testing.T) func(result *T, err error) *T {
	return func(result *T, err error) *T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(result)
		if err != nil {
			t.Fatal(err)
		}
		if status := (duoapi.StatResult{}); json.Unmarshal(text, &status) != nil || status.Stat != "OK" {
			t.Fatalf("refused: %s", text)
		}
		return result
	}
}

func TestOfficialUsers(t *testing.T) {
	server, api := official(t, duosim.KeyAdmin)
	client := admin.New(*api)
	for i := range 205 { // three of the client's pages
		made := must[admin.GetUserResult](t)(client.CreateUser(url.Values{
			"username": {fmt.Sprintf("User%03d", i)}, "realname": {"Zoë & Co *"}, "email": {fmt.Sprintf("u%d@example.org", i)}, "alias1": {fmt.Sprintf("also%d", i)},
		})).Response
		stored, found := server.User(fmt.Sprintf("user%03d", i))
		if !found || stored.ID != made.UserID || stored.Realname != "Zoë & Co *" || *made.Alias1 != stored.Aliases[0] || made.Status != "active" {
			t.Fatalf("stored %+v of %+v", stored, made)
		}
	}
	var listed, stored []string
	for _, u := range must[admin.GetUsersResult](t)(client.GetUsers()).Response {
		listed = append(listed, u.Username)
	}
	for _, u := range server.Users() {
		stored = append(stored, u.Username)
	}
	slices.Sort(listed) // the client puts later pages first
	if diff := cmp.Diff(stored, listed); diff != "" {
		t.Error(diff)
	}
	if page := must[admin.GetUsersResult](t)(client.GetUsers(admin.Limit(3), admin.Offset(204))); len(page.Response) != 1 || page.Metadata.TotalObjects != "205" {
		t.Errorf("a page of %d, %+v", len(page.Response), page.Metadata)
	}
	byAlias := must[admin.GetUsersResult](t)(client.GetUsers(admin.GetUsersUsername("ALSO7"))).Response
	if len(byAlias) != 1 || byAlias[0].Username != "user007" {
		t.Errorf("by alias: %+v", byAlias)
	}

	id := byAlias[0].UserID
	change := admin.User{Username: "renamed", LastName: new("Last"), Status: "disabled", Notes: "a=b&c"}
	must[admin.GetUserResult](t)(client.ModifyUser(id, change.URLValues()))
	read := must[admin.GetUserResult](t)(client.GetUser(id)).Response
	now, _ := server.User("renamed")
	if now.ID != id || now.Lastname != "Last" || now.Status != "disabled" || now.Notes != "a=b&c" {
		t.Errorf("stored %+v", now)
	}
	same(t, "read", read.Username+" "+*read.LastName+" "+read.Status+" "+read.Notes, "renamed Last disabled a=b&c")

	for range 2 {
		must[duoapi.StatResult](t)(client.DeleteUser(id))
	}
	if _, found := server.User("renamed"); found {
		t.Error("not deleted")
	}
	gone, err := client.GetUser(id)
	if err != nil || gone.Stat != "FAIL" || *gone.Message != "Resource not found" {
		t.Errorf("of a user that is gone: %+v, %v", gone, err)
	}
}

func TestOfficialGroupsPhonesAndTokens(t *testing.T) {
	server, api := official(t, duosim.KeyAdmin)
	client := admin.New(*api)
	id := must[admin.GetUserResult](t)(client.CreateUser(url.Values{"username": {"zoe"}})).Response.UserID
	stored := func() duosim.User { u, _ := server.User("zoe"); return u }

	g, err := server.AddGroup(duosim.Group{Name: "Staff", Desc: "all", Status: "disabled"})
	if err != nil {
		t.Fatal(err)
	}
	must[duoapi.StatResult](t)(client.AssociateGroupWithUser(id, g.ID))
	same(t, "joined", fmt.Sprint(stored().Groups), fmt.Sprint([]string{g.ID}))
	for what, groups := range map[string][]admin.Group{
		"groups": must[admin.GetGroupsResult](t)(client.GetGroups()).Response,
		"one":    {must[admin.GetGroupResult](t)(client.GetGroup(g.ID)).Response},
		"user's": must[admin.GetGroupsResult](t)(client.GetUserGroups(id)).Response,
		"inside": must[admin.GetUserResult](t)(client.GetUser(id)).Response.Groups,
	} {
		if len(groups) != 1 || groups[0].GroupID != g.ID || groups[0].Name != "Staff" || groups[0].Desc != "all" || groups[0].Status != "Disabled" || !groups[0].PushEnabled {
			t.Errorf("%s: %+v", what, groups)
		}
	}
	must[duoapi.StatResult](t)(client.DisassociateGroupFromUser(id, g.ID))
	same(t, "left", len(stored().Groups), 0)

	p, err := server.EnrollDevice("zoe", duosim.Phone{Number: "+12025550100", Extension: "7", Name: "hers"})
	if err != nil {
		t.Fatal(err)
	}
	for what, phones := range map[string][]admin.Phone{
		"phones":    must[admin.GetPhonesResult](t)(client.GetPhones()).Response,
		"by number": must[admin.GetPhonesResult](t)(client.GetPhones(admin.GetPhonesNumber("202-555-0100"), admin.GetPhonesExtension("7"))).Response,
		"one":       {must[admin.GetPhoneResult](t)(client.GetPhone(p.ID)).Response},
		"user's":    must[admin.GetPhonesResult](t)(client.GetUserPhones(id)).Response,
		"inside":    must[admin.GetUserResult](t)(client.GetUser(id)).Response.Phones,
	} {
		if len(phones) != 1 || phones[0].PhoneID != p.ID || phones[0].Number != "+12025550100" || phones[0].Platform != "Apple iOS" || !phones[0].Activated ||
			!slices.Contains(phones[0].Capabilities, "push") {
			t.Errorf("%s: %+v", what, phones)
		}
	}
	same(t, "phone's user", must[admin.GetPhoneResult](t)(client.GetPhone(p.ID)).Response.Users[0].UserID, id)
	must[duoapi.StatResult](t)(client.DeletePhone(p.ID))
	same(t, "phones", len(server.Snapshot().Phones)+len(stored().Phones), 0)

	token, err := server.AddToken(duosim.Token{Type: "yk", Serial: "42"})
	if err != nil {
		t.Fatal(err)
	}
	must[admin.StringResult](t)(client.AssociateUserToken(id, token.ID))
	same(t, "token", fmt.Sprint(stored().Tokens), fmt.Sprint([]string{token.ID}))
	for what, tokens := range map[string][]admin.Token{
		"tokens":    must[admin.GetTokensResult](t)(client.GetTokens()).Response,
		"by serial": must[admin.GetTokensResult](t)(client.GetTokens(admin.GetTokensTypeAndSerial("yk", "42"))).Response,
		"one":       {must[admin.GetTokenResult](t)(client.GetToken(token.ID)).Response},
		"user's":    must[admin.GetTokensResult](t)(client.GetUserTokens(id)).Response,
		"inside":    must[admin.GetUserResult](t)(client.GetUser(id)).Response.Tokens,
	} {
		if len(tokens) != 1 || tokens[0].TokenID != token.ID || tokens[0].Type != "yk" || tokens[0].Serial != "42" {
			t.Errorf("%s: %+v", what, tokens)
		}
	}
	same(t, "U2F", len(must[admin.GetU2FTokensResult](t)(client.GetUserU2FTokens(id)).Response), 0)

	// The client's name for the call that creates bypass codes.
	codes := must[admin.StringArrayResult](t)(client.GetUserBypassCodes(id, func(v *url.Values) { v.Set("count", "2") })).Response
	var kept []string
	for _, code := range stored().BypassCodes {
		kept = append(kept, code.Code)
	}
	if diff := cmp.Diff(codes, kept); diff != "" || len(codes) != 2 {
		t.Errorf("codes %v: %s", codes, diff)
	}
}

// Version 5 of the signature, with JSON bodies, and the calls that the client has
// no method for.
func TestOfficialJSONCalls(t *testing.T) {
	server, api := official(t, duosim.KeyAdmin)
	call := func(method, path string, p duoapi.JSONParams, into any) {
		t.Helper()
		reply, body, err := api.JSONSignedCall(method, path, p)
		if err != nil {
			t.Fatal(err)
		}
		_ = reply.Body.Close() // the client has read and closed it
		envelope := struct {
			Stat     string
			Response any
		}{Response: into}
		if err := json.Unmarshal(body, &envelope); err != nil || envelope.Stat != "OK" {
			t.Fatalf("%s %s: %v %s", method, path, err, body)
		}
	}
	var zoe admin.User
	call("POST", "/admin/v1/users", duoapi.JSONParams{"username": "Zoe", "realname": "Zoë <&>", "aliases": "alias2=b&alias8=h%26h", "enable_auto_prompt": false}, &zoe)
	stored := func() duosim.User { u, _ := server.User("zoe"); return u }
	if got := stored(); got.Realname != "Zoë <&>" || !got.NoAutoPrompt || !slices.Equal(got.Aliases, []string{"", "b", "", "", "", "", "", "h&h"}) {
		t.Errorf("stored %+v", got)
	}
	var users []admin.User
	call("GET", "/admin/v1/users", duoapi.JSONParams{"username": "H&H", "limit": "300"}, &users)
	same(t, "found", users[0].UserID, zoe.UserID)

	var phone admin.Phone
	call("POST", "/admin/v1/phones", duoapi.JSONParams{"number": "+12025550100", "type": "mobile", "platform": "generic smartphone"}, &phone)
	call("POST", "/admin/v1/users/"+zoe.UserID+"/phones", duoapi.JSONParams{"phone_id": phone.PhoneID}, new(string))
	var link struct {
		URL string `json:"activation_url"`
	}
	call("POST", "/admin/v1/phones/"+phone.PhoneID+"/activation_url", duoapi.JSONParams{"valid_secs": 60, "install": "1"}, &link)
	if err := server.Activate(phone.PhoneID); err != nil || link.URL == "" {
		t.Errorf("%v, %+v", err, link)
	}
	var group admin.Group
	call("POST", "/admin/v1/groups", duoapi.JSONParams{"name": "Staff"}, &group)
	var results []struct{ Stat string }
	call("POST", "/admin/v1/bulk", duoapi.JSONParams{"operations": []map[string]any{
		{"method": "POST", "path": "/admin/v1/users/" + zoe.UserID + "/groups", "body": map[string]string{"group_id": group.GroupID}},
		{"method": "POST", "path": "/admin/v1/users", "body": map[string]string{"username": "ada"}},
	}}, &results)
	same(t, "bulk", fmt.Sprint(results), "[{OK} {OK}]")
	same(t, "held", fmt.Sprint(stored().Groups, stored().Phones), fmt.Sprint([]string{group.GroupID}, []string{phone.PhoneID}))

	var code string
	call("POST", "/admin/v1/users/enroll", duoapi.JSONParams{"username": "ada", "email": "ada@example.org"}, &code)
	if mails := server.Mails(); len(mails) != 1 || mails[0].Code != code || mails[0].To != "ada@example.org" {
		t.Errorf("mails %+v", mails)
	}
	call("DELETE", "/admin/v1/users/"+zoe.UserID+"/groups/"+group.GroupID, nil, new(string))
	call("DELETE", "/admin/v1/groups/"+group.GroupID, nil, new(string))
	call("POST", "/admin/v1/users/bulk_send_to_trash", duoapi.JSONParams{"user_id_list": fmt.Sprintf("[%q]", zoe.UserID)}, new(string))
	same(t, "trashed", stored().Status, "pending deletion")
	call("DELETE", "/admin/v1/users/"+zoe.UserID, nil, new(string))
	snapshot := server.Snapshot()
	same(t, "left", fmt.Sprint(len(snapshot.Users), len(snapshot.Groups), len(snapshot.Phones), len(snapshot.Phones[0].Users)), "1 0 1 0")
}

func TestOfficialAuth(t *testing.T) {
	server, api := official(t, duosim.KeyAuth)
	client := authapi.NewAuthApi(*api)
	same(t, "ping", must[authapi.PingResult](t)(client.Ping()).Response.Time > 0, true)
	same(t, "check", must[authapi.CheckResult](t)(client.Check()).Response.Time > 0, true)
	made := must[authapi.EnrollResult](t)(client.Enroll(authapi.EnrollUsername("Zoe"), authapi.EnrollValidSeconds(600))).Response
	stored, found := server.User("zoe")
	if !found || stored.ID != made.User_Id || made.Username != "zoe" || made.Activation_Barcode == "" {
		t.Errorf("made %+v of %+v", stored, made)
	}
	status := func() string {
		t.Helper()
		return must[authapi.EnrollStatusResult](t)(client.EnrollStatus(made.User_Id, made.Activation_Code)).Response
	}
	preauth := func() authapi.PreauthResult {
		t.Helper()
		return *must[authapi.PreauthResult](t)(client.Preauth(authapi.PreauthUsername("zoe")))
	}
	same(t, "status", status(), "waiting")
	same(t, "preauth", preauth().Response.Result, "enroll")
	p, err := server.EnrollWith(made.Activation_Code, duosim.Phone{Number: "+12025550100"})
	if err != nil {
		t.Fatal(err)
	}
	same(t, "status", status(), "success")
	after := preauth().Response
	if after.Result != "auth" || len(after.Devices) != 1 || after.Devices[0].Device != p.ID || !slices.Contains(after.Devices[0].Capabilities, "push") {
		t.Errorf("preauth %+v", after)
	}
	login := must[authapi.AuthResult](t)(client.Auth("push", authapi.AuthUserId(made.User_Id), authapi.AuthDevice("auto"))).Response
	same(t, "push", login.Result+" "+login.Status, "allow allow")

	begun := must[authapi.AuthResult](t)(client.Auth("push", authapi.AuthUsername("zoe"), authapi.AuthDevice(p.ID), authapi.AuthAsync())).Response
	for _, want := range []string{"waiting pushed", "allow allow", "allow allow"} {
		now := must[authapi.AuthStatusResult](t)(client.AuthStatus(begun.Txid)).Response
		same(t, "status", now.Result+" "+now.Status, want)
	}
}
