package api_test

import (
	"bytes"
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/sirupsen/logrus"

	"duosync/duo/api"
	"duosync/duo/api/apitest"
	"duosync/duo/callrate"
	"duosync/duo/duosim"
	dirsync "duosync/sync"
)

// authHouse is a simulated account with a user of each kind, named by it. Who can has
// a phone with Duo Mobile.
func authHouse(t *testing.T) *duosim.Server {
	t.Helper()
	server := duosim.New(duosim.Options{})
	if err := server.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = server.Close() })
	asleep, err := server.AddGroup(duosim.Group{Name: "asleep", Status: "disabled"})
	if err != nil {
		t.Fatal(err)
	}
	code := []duosim.BypassCode{{ID: "DB000000000000000001", Code: "123456789", Uses: 1}}
	phones := 0
	for _, u := range []struct {
		duosim.User
		phone, activated bool
	}{
		{User: duosim.User{Username: "push"}, phone: true, activated: true},
		{User: duosim.User{Username: "call", Aliases: []string{"caller"}, BypassCodes: code}, phone: true},
		{User: duosim.User{Username: "token", Enrolled: true, BypassCodes: code}},
		{User: duosim.User{Username: "bare", BypassCodes: code}},
		{User: duosim.User{Username: "bypass", Status: "bypass"}},
		{User: duosim.User{Username: "disabled", Status: "disabled", BypassCodes: code}, phone: true, activated: true},
		{User: duosim.User{Username: "locked", Status: "locked out"}, phone: true, activated: true},
		{User: duosim.User{Username: "group", Groups: []string{asleep.ID}}, phone: true, activated: true},
	} {
		stored, err := server.AddUser(u.User)
		if err != nil {
			t.Fatal(err)
		}
		if u.phone {
			phones++
			if _, err := server.AddPhone(duosim.Phone{
				Number: fmt.Sprintf("+1202555010%d", phones), Type: "mobile", Platform: "google android",
				Activated: u.activated, Users: []string{stored.ID},
			}); err != nil {
				t.Fatal(err)
			}
		}
	}
	return server
}

// authOptions are those of the Auth API's keys.
func authOptions(server *duosim.Server, kind duosim.KeyKind) api.Options {
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(server.CAPEM())
	key := server.Key(kind)
	return api.Options{
		Host: server.Host(), IntegrationKey: key.Integration, SecretKey: key.Secret, RootCAs: roots,
		Rate:  callrate.Rate{Calls: 1_000_000, Per: time.Second},
		Sleep: func(ctx context.Context, _ time.Duration) error { return ctx.Err() },
	}
}

func newAuth(t *testing.T, o api.Options) *api.AuthClient {
	t.Helper()
	c, err := api.NewAuth(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestPreauth(t *testing.T) {
	t.Parallel()
	server := authHouse(t)
	for _, signature := range []int{2, 5} {
		o := authOptions(server, duosim.KeyAuth)
		o.Signature = signature
		c := newAuth(t, o)
		for name, want := range map[string]string{
			"push": api.PreauthAuth, "caller": api.PreauthAuth, "token": api.PreauthAuth, "bare": api.PreauthEnroll,
			"bypass": api.PreauthAllow, "disabled": api.PreauthDeny, "locked": api.PreauthDeny, "group": api.PreauthDeny,
			"nobody": api.PreauthEnroll,
		} {
			got, err := c.Preauth(t.Context(), api.Who{Name: name})
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			if got.Result != want || got.Message == "" {
				t.Errorf("signature %d: %s: %+v, want %s", signature, name, got, want)
			}
			u, found := server.User(name)
			if !found {
				continue
			}
			byID, err := c.Preauth(t.Context(), api.Who{ID: u.ID, Name: "another"})
			if err != nil || !cmp.Equal(got, byID) {
				t.Errorf("signature %d: %s by id: %+v, %v", signature, name, byID, err)
			}
		}
		got, err := c.Preauth(t.Context(), api.Who{Name: "push"})
		if err != nil || len(got.Devices) != 1 || got.Devices[0].Name != "Google Android (XXX-XXX-0101)" || !slices.Contains(got.Devices[0].Capabilities, "push") {
			t.Errorf("devices: %+v, %v", got, err)
		}
		got, err = c.Preauth(t.Context(), api.Who{Name: "call"})
		if err != nil || len(got.Devices) != 1 || slices.Contains(got.Devices[0].Capabilities, "push") {
			t.Errorf("a device without Duo Mobile: %+v, %v", got, err)
		}
		if _, err := c.Preauth(t.Context(), api.Who{ID: "DU999999999999999999"}); !errors.Is(err, api.ErrUnknownUser) {
			t.Errorf("an id that nobody has: %v", err)
		}
	}
}

// The link by which a user enrolls is left out; names of devices come as Duo shows
// them.
func TestPreauthIsRead(t *testing.T) {
	t.Parallel()
	p := newPlay(t, exchange{
		Call: "POST /auth/v2/preauth", Params: map[string]string{"username": "ann"},
		Body: ok(`{"result": "enroll", "status_msg": "Enroll a\n device", "enroll_portal_url": "https://api.example.com/portal?code=planted"}`),
	}, exchange{
		Call: "POST /auth/v2/preauth",
		Body: ok(`{"result": "auth", "devices": [
			{"device": "DP1", "display_name": "iOS (XXX-XXX-0100)", "name": "own", "number": "XXX-XXX-0100", "type": "phone", "capabilities": ["auto", "push"]},
			{"device": "DH1", "name": null, "type": "token"}, {"device": "DH2", "number": "", "type": null, "capabilities": null}]}`),
	})
	c := newAuth(t, p.Options())
	for _, want := range []api.Preauth{
		{Result: api.PreauthEnroll, Message: "Enroll a device"},
		{Result: api.PreauthAuth, Devices: []api.Device{
			{Name: "iOS (XXX-XXX-0100)", Capabilities: []string{"auto", "push"}}, {Name: "token"}, {Name: "DH2"},
		}},
	} {
		got, err := c.Preauth(t.Context(), api.Who{Name: "ann"})
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(&want, got); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
	}
}

func TestPasscode(t *testing.T) {
	t.Parallel()
	server := authHouse(t)
	var log bytes.Buffer
	o := authOptions(server, duosim.KeyAuth)
	logger := logrus.New()
	logger.SetOutput(&log)
	logger.SetLevel(logrus.DebugLevel)
	o.Log = logger
	c := newAuth(t, o)
	for _, tt := range []struct {
		name, code string
		allowed    bool
		status     string
	}{
		{"bare", "987654321", false, "deny"},
		{"bare", "123456789", true, "allow"},
		{"bare", "123456789", false, "deny"}, // used up
		{"caller", "123456789", true, "allow"},
		{"disabled", "123456789", false, "deny"},
		{"bypass", "987654321", true, "bypass"},
	} {
		got, err := c.Passcode(t.Context(), api.Who{Name: tt.name}, tt.code)
		if err != nil || got.Allowed != tt.allowed || got.Status != tt.status || got.Message == "" {
			t.Errorf("%s: %+v, %v", tt.name, got, err)
		}
	}
	if _, err := c.Passcode(t.Context(), api.Who{Name: "nobody"}, "123456789"); !errors.Is(err, api.ErrUnknownUser) {
		t.Errorf("a name that nobody has: %v", err)
	}
	if _, err := c.Passcode(t.Context(), api.Who{Name: "bare"}, ""); err == nil {
		t.Error("an empty passcode was sent")
	}
	if text := log.String(); !strings.Contains(text, "/auth/v2/auth") || strings.Contains(text, "123456789") || strings.Contains(text, "987654321") {
		t.Errorf("the log: %s", text)
	}
}

// What Duo says about a passcode does not repeat it.
func TestPasscodeIsNotShown(t *testing.T) {
	t.Parallel()
	const planted = "4711-planted"
	p := newPlay(t,
		exchange{Call: "POST /auth/v2/auth", Params: map[string]string{"user_id": "DU1", "factor": "passcode", "passcode": planted},
			Body: ok(`{"result": "deny", "status": "deny", "status_msg": "` + planted + ` is wrong"}`)},
		exchange{Call: "POST /auth/v2/auth", Status: 400,
			Body: `{"stat": "FAIL", "code": 40002, "message": "` + planted + ` is wrong", "message_detail": "` + planted + `"}`},
		exchange{Call: "POST /auth/v2/auth", Cut: true},
	)
	c := newAuth(t, p.Options())
	got, err := c.Passcode(t.Context(), api.Who{ID: "DU1"}, planted)
	if err != nil || got.Message != "<secret> is wrong" {
		t.Errorf("%+v, %v", got, err)
	}
	for range 2 {
		if _, err = c.Passcode(t.Context(), api.Who{ID: "DU1"}, planted); err == nil || strings.Contains(err.Error()+dirsync.Hint(err), planted) {
			t.Errorf("%v (%s)", err, dirsync.Hint(err))
		}
	}
}

func TestPushOnTheSimulator(t *testing.T) {
	t.Parallel()
	c := newAuth(t, authOptions(authHouse(t), duosim.KeyAuth))
	var told []string
	got, err := c.Push(t.Context(), api.Who{Name: "push"}, func(message string) { told = append(told, message) })
	if err != nil || !got.Allowed || len(told) != 1 || !strings.HasPrefix(told[0], "Pushed a login request") {
		t.Errorf("%+v, %v, told %q", got, err, told)
	}
	for name, allowed := range map[string]bool{"bypass": true, "locked": false} {
		got, err := c.Push(t.Context(), api.Who{Name: name}, func(string) {})
		if err != nil || got.Allowed != allowed {
			t.Errorf("%s: %+v, %v", name, got, err)
		}
	}
	for _, name := range []string{"call", "bare", "token"} {
		if _, err := c.Push(t.Context(), api.Who{Name: name}, func(string) { t.Errorf("%s: waiting", name) }); !errors.Is(err, api.ErrNoDevice) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

const (
	authCall   = "POST /auth/v2/auth"
	statusCall = "GET /auth/v2/auth_status"
	started    = `{"txid": "45f7c92b-f45f-4862-8545-e0f58e78075a"}`
)

func waits(message string) exchange {
	return exchange{
		Call: statusCall, Params: map[string]string{"txid": "45f7c92b-f45f-4862-8545-e0f58e78075a"},
		Body: ok(`{"result": "waiting", "status": "pushed", "status_msg": "` + message + `"}`),
	}
}

func TestPushIsWaitedFor(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, end string
		want      api.Verdict
	}{
		{"approved", `{"result": "allow", "status": "allow", "status_msg": "Success."}`, api.Verdict{Allowed: true, Status: "allow", Message: "Success."}},
		{"denied", `{"result": "deny", "status": "fraud", "status_msg": "Reported."}`, api.Verdict{Status: "fraud", Message: "Reported."}},
		{"not answered", `{"result": "deny", "status": "timeout", "status_msg": "Login timed out."}`, api.Verdict{Status: "timeout", Message: "Login timed out."}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			p := newPlay(t,
				exchange{Call: authCall, Body: ok(started), Params: map[string]string{
					"user_id": "DU1", "factor": "push", "device": "auto", "async": "1", "type": "duosync verify",
				}},
				waits("Pushed a login request to your device..."),
				exchange{Call: statusCall, Cut: true}, // a look may be taken again
				waits("Pushed a login request to your device..."),
				exchange{Call: statusCall, Status: 502, Body: "<html>"},
				waits("Answered."),
				exchange{Call: statusCall, Body: ok(tt.end)},
			)
			var told []string
			got, err := newAuth(t, p.Options()).Push(t.Context(), api.Who{ID: "DU1"}, func(message string) { told = append(told, message) })
			if err != nil || *got != tt.want {
				t.Errorf("%+v, %v", got, err)
			}
			if diff := cmp.Diff([]string{"Pushed a login request to your device...", "Answered."}, told); diff != "" {
				t.Errorf("told (-want +got):\n%s", diff)
			}
		})
	}
}

func TestPushIsGivenUp(t *testing.T) {
	t.Parallel()
	gone := errors.New("nobody waits any longer")
	ctx, cancel := context.WithCancelCause(t.Context())
	last := waits("Pushed.")
	last.Before = func() { cancel(gone) }
	p := newPlay(t, exchange{Call: authCall, Body: ok(started)}, waits("Pushed."), last)
	if got, err := newAuth(t, p.Options()).Push(ctx, api.Who{ID: "DU1"}, func(string) {}); !errors.Is(err, gone) {
		t.Errorf("%+v, %v", got, err)
	}
}

// A login that may have reached Duo is not started a second time: no second push, no
// second passcode spent.
func TestLoginsAreNotSentTwice(t *testing.T) {
	t.Parallel()
	for _, lost := range []exchange{
		{Call: authCall, Cut: true},
		{Call: authCall, Status: 502, Body: "<html>"},
		{Call: authCall, Status: 500, Body: `{"stat": "FAIL", "code": 50000, "message": "Internal error"}`},
		{Call: authCall, Body: "nonsense"},
		{Call: authCall, Body: ok(`{"result": "maybe"}`)},
		{Call: authCall, Body: ok(`[]`)},
	} {
		for name, login := range map[string]func(*api.AuthClient) error{
			"push": func(c *api.AuthClient) error {
				_, err := c.Push(t.Context(), api.Who{ID: "DU1"}, func(string) {})
				return err
			},
			"passcode": func(c *api.AuthClient) error {
				_, err := c.Passcode(t.Context(), api.Who{ID: "DU1"}, "123456")
				return err
			},
		} {
			if err := login(newAuth(t, newPlay(t, lost).Options())); err == nil {
				t.Errorf("%s: no error of %+v", name, lost)
			}
		}
	}
}

func TestAuthErrorsSpeakOfTheAuthKeys(t *testing.T) {
	t.Parallel()
	server := authHouse(t)
	for _, tt := range []struct {
		name        string
		change      func(*api.Options)
		words, hint string
	}{
		{"no keys", func(o *api.Options) { o.IntegrationKey, o.SecretKey = "", "" }, "keys of an Auth API application are missing", "kind Auth API"},
		{"half a key", func(o *api.Options) { o.SecretKey = "" }, "keys of an Auth API application are missing", "duo.auth.secret_key"},
		{"a blank in a key", func(o *api.Options) { o.SecretKey += " " }, "a character that no key has", "copy duo.auth.integration_key and duo.auth.secret_key"},
		{"no host", func(o *api.Options) { o.Host = "" }, "host is missing", "set duo.host"},
		{"unknown key", func(o *api.Options) { o.IntegrationKey = apitest.IntegrationKey }, "401/40102", "does not know duo.auth.integration_key"},
		{"wrong secret", func(o *api.Options) { o.SecretKey = apitest.SecretKey }, "401/40103", "check duo.auth.secret_key"},
		{"Admin API keys", func(o *api.Options) {
			key := server.Key(duosim.KeyAdmin)
			o.IntegrationKey, o.SecretKey = key.Integration, key.Secret
		}, "403/40301", "take the keys of an Auth API application"},
		{"clock", func(o *api.Options) { o.Now = func() time.Time { return time.Now().Add(-time.Hour) } }, "401/40105", "behind Duo's: set it right"},
		{"authority", func(o *api.Options) { o.RootCAs = x509.NewCertPool() }, "unknown authority", "duo.ca_file"},
	} {
		o := authOptions(server, duosim.KeyAuth)
		tt.change(&o)
		c, err := api.NewAuth(o)
		if err == nil {
			_, err = c.Preauth(t.Context(), api.Who{Name: "push"})
			c.Close()
		}
		if err == nil || !strings.Contains(err.Error(), tt.words) || !strings.Contains(dirsync.Hint(err), tt.hint) {
			t.Errorf("%s: %v (%s)", tt.name, err, dirsync.Hint(err))
		}
		if o.SecretKey != "" && err != nil && strings.Contains(err.Error()+dirsync.Hint(err), o.SecretKey) {
			t.Errorf("%s: a secret is shown: %v", tt.name, err)
		}
	}
}
