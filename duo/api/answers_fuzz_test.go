package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	dirsync "duosync/sync"
)

// sameAnswer is a Duo that answers every call alike, and counts them.
type sameAnswer struct {
	status int
	header http.Header
	body   []byte
	calls  int
}

// RoundTrip implements http.RoundTripper.
func (a *sameAnswer) RoundTrip(r *http.Request) (*http.Response, error) {
	a.calls++
	return &http.Response{StatusCode: a.status, Header: a.header, Body: io.NopCloser(bytes.NewReader(a.body)), Request: r}, nil
}

// fuzzClient is a client whose time passes only where it waits.
func fuzzClient(t *testing.T, answer http.RoundTripper) *Client {
	t.Helper()
	now := time.Unix(1_800_000_000, 0)
	c, err := New(Options{
		Host: "api-1a2b3c4d.duosecurity.com", IntegrationKey: "DIWJ8X6AEYOR5OMC6TQ1", SecretKey: "x",
		Now:   func() time.Time { return now },
		Sleep: func(_ context.Context, d time.Duration) error { now = now.Add(d); return nil },
	})
	if err != nil {
		t.Fatal(err)
	}
	c.http.Transport, c.apart.Transport = answer, answer
	return c
}

// FuzzAnswers has Duo answer every call of the client with the same bytes, status
// and headers. Each call ends, with a value that can be kept or an error of one
// line that is an Error.
func FuzzAnswers(f *testing.F) {
	for _, response := range []string{
		`[{"user_id":"DU1","username":"ann","aliases":{"alias2":"b"},"phones":[{"phone_id":"DP1","number":"+1 555"}],"groups":[{"group_id":"DG1","name":"x"}]}]`,
		`{"user_id":"DU1","username":"ann","created":1e300,"alias1":["x"]}`,
		`{"group_id":"DG1","name":"Staff (from AD sync \"x\")","status":"Active","desc":null}`,
		`[{"group_id":"DG1"},{"group_id":"../x"}]`,
		`{"phone_id":"DP1","number":"+15550100","extension":7,"type":"Mobile","users":[{"user_id":"DU1"},3]}`,
		`[{"phone_id":"DP1","users":{}}]`,
		`{"result":"auth","status_msg":"\u001b[2J","devices":[{"device":"DP1","capabilities":["push",null]},{}]}`,
		`{"result":"allow","status":"bypass","txid":"x"}`, `{"result":"waiting"}`, `{"result":"deny","status":["x"]}`, `""`, `null`, `[null]`, `7`,
	} {
		f.Add(200, "Thu, 01 Jan 2026 00:00:00 GMT", "", []byte(`{"stat":"OK","response":`+response+`,"metadata":{"next_offset":300,"total_objects":1}}`))
	}
	for _, status := range []int{200, 302, 400, 401, 403, 404, 429, 500, 503} {
		f.Add(status, "", "1e300", []byte(`{"stat":"FAIL","code":40002,"message":"Invalid\u202e","message_detail":"username"}`))
		f.Add(status, "x", "-1", []byte("<html>\x1b"))
	}
	f.Fuzz(func(t *testing.T, status int, date, retryAfter string, body []byte) {
		answer := &sameAnswer{status: status, body: body, header: http.Header{"Date": {date}, "Retry-After": {retryAfter}, "Content-Type": {date}}}
		c := fuzzClient(t, answer)
		auth := &AuthClient{c}
		ctx := t.Context()
		keep := func(value any) error {
			_, err := json.Marshal(value)
			if err != nil {
				t.Errorf("%+v can't be kept: %v", value, err)
			}
			return nil
		}
		user := func(a *dirsync.Account, err error) error {
			if a != nil && !ValidID(a.ID) {
				t.Errorf("a user without an id: %+v", a)
			}
			return errors.Join(err, keep(a))
		}
		waits := 0
		for name, call := range map[string]func() error{
			"EachUser": func() error {
				_, err := c.EachUser(ctx, func(a dirsync.Account) error { return user(&a, nil) })
				return err
			},
			"User":       func() error { a, err := c.User(ctx, "DU1"); return user(a, err) },
			"UserByName": func() error { a, err := c.UserByName(ctx, "ann"); return user(a, err) },
			"CreateUser": func() error { a, err := c.CreateUser(ctx, dirsync.Fields{"username": "ann"}); return user(a, err) },
			"ModifyUser": func() error { a, err := c.ModifyUser(ctx, "DU1", dirsync.Fields{"notes": ""}); return user(a, err) },
			"CheckWrite": func() error { return c.CheckWrite(ctx) },
			"EachGroup":  func() error { _, err := c.EachGroup(ctx, func(g Group) error { return keep(g) }); return err },
			"Group":      func() error { g, err := c.Group(ctx, "DG1"); return errors.Join(err, keep(g)) },
			"CreateGroup": func() error {
				g, err := c.CreateGroup(ctx, "x", "")
				return errors.Join(err, keep(g))
			},
			"EachPhone":     func() error { _, err := c.EachPhone(ctx, func(p dirsync.Phone) error { return keep(p) }); return err },
			"PhoneByNumber": func() error { p, err := c.PhoneByNumber(ctx, "+15550100", ""); return errors.Join(err, keep(p)) },
			"CreatePhone": func() error {
				p, err := c.CreatePhone(ctx, "+15550100", "", "mobile")
				return errors.Join(err, keep(p))
			},
			"Preauth":  func() error { p, err := auth.Preauth(ctx, Who{Name: "ann"}); return errors.Join(err, keep(p)) },
			"Passcode": func() error { v, err := auth.Passcode(ctx, Who{ID: "DU1"}, "123456"); return errors.Join(err, keep(v)) },
			"Push": func() error {
				ctx, cancel := context.WithCancel(ctx)
				defer cancel()
				c.sleep = func(context.Context, time.Duration) error { // as someone would who has waited enough
					if waits++; waits > 3 {
						cancel()
					}
					return ctx.Err()
				}
				_, err := auth.Push(ctx, Who{ID: "DU1"}, func(string) {})
				return err
			},
		} {
			before := answer.calls
			err := call()
			if n := answer.calls - before; n > 2*(maxRetries+maxThrottled+1) {
				t.Errorf("%s made %d calls", name, n)
			}
			if err == nil || errors.Is(err, context.Canceled) {
				continue
			}
			if _, ok := errors.AsType[*Error](err); !ok || strings.ContainsFunc(err.Error()+dirsync.Hint(err), func(r rune) bool { return r < ' ' || r == 0x202e }) {
				t.Errorf("%s: a %T: %q", name, err, err)
			}
		}
	})
}
