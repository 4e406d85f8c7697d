package duosim_test

import (
	"crypto/sha512"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// The signatures of these requests were computed by Duo's own clients.
func TestKnownSignatures(t *testing.T) {
	const (
		form = "application/x-www-form-urlencoded"
		json = "application/json"
		date = "Tue, 21 Aug 2012 17:29:18 -0000"
	)
	key := duosim.Key{Kind: duosim.KeyAdmin, Integration: "DIWJ8X6AEYOR5OMC6TQ1", Secret: "Zh5eGmUq9zpfQnyUIu5OL9iWoMMv5ZNmk3zLJ4Ep"}
	tests := []struct {
		name, method, target, contentType, body, signature string
		status                                             int // of one that is verified
	}{
		{"A version 2 SHA-1", "POST", "/accounts/v1/account/list", form, "realname=First+Last&username=root",
			"2d97d6166319781b5a3a07af39d366f491234edc", 404},
		{"A version 2 SHA-512, unsorted", "POST", "/accounts/v1/account/list", form, "username=root&realname=First%20Last",
			"1bffb8924348f7db7da9e7d7d749ded93aafd02d8e904960da7b96c57510220185a64a2827ee8f24ac5d30802a9ee97e59de44b304b18242f0d596d15a8122af", 404},
		{"B version 5, query and body", "POST", "/accounts/v1/account/list?realname=First%20Last", json, `{"txid":"f22b1678-252a-4070-b176-0ca2be7319fd"}`,
			"78f4327f831173cc78d0907e913e3c5a28fe72dd4545a342586bb67181f2ba393d20911e870362f6faba3dc6f7e9db5e93aed2f3bfc110c6dadaff4dc6179e0b", 404},
		{"C version 5, UTF-8", "POST", "/admin/v1/users?", json, `{"realname":"Zoë Ångström","username":"zoe"}`,
			"fa01872e0cbe779aa7a5158d23d7e049186f1ae1c5e0c471fde1bc2db67a7d5e3a6cbed92c55004dc5c837c17765f8e1028fb553fdf59511df58021239846e4b", 200},
		{"D version 5, GET", "GET", "/admin/v1/users?offset=0&limit=300", "", "",
			"9b956dd93adf3adbfa7eaeb68108d9d73d3a5bb166b4d9b47648c313bd79463ca06e09cccb744fd9b08c746232c207eda527ac5df982e093fa138bacac576ca1", 200},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			send := func(signature, body, dateHeader string) int {
				server := duosim.New(duosim.Options{
					Keys: []duosim.Key{key},
					Now:  func() time.Time { return time.Date(2012, 8, 21, 17, 33, 18, 0, time.UTC) },
				})
				r := httptest.NewRequest(test.method, test.target, strings.NewReader(body))
				r.Host = "api-XXXXXXXX.duosecurity.com"
				r.Header.Set(dateHeader, date)
				r.Header.Set("Content-Type", test.contentType)
				r.SetBasicAuth(key.Integration, signature)
				w := httptest.NewRecorder()
				server.ServeHTTP(w, r)
				return w.Code
			}
			same(t, "as signed", send(test.signature, test.body, "Date"), test.status)
			same(t, "one digit changed", send("0"+test.signature[1:], test.body, "Date"), 401)
			same(t, "upper case", send(strings.ToUpper(test.signature), test.body, "Date"), 401)
			if test.body != "" {
				same(t, "one byte of the body changed", send(test.signature, strings.Replace(test.body, "e", "E", 1), "Date"), 401)
			}
			if test.contentType == form { // version 5 covers X-Duo-Date as a header
				same(t, "date in X-Duo-Date", send(test.signature, test.body, "X-Duo-Date"), test.status)
			}
		})
	}
}

func TestVersionsOfSignatures(t *testing.T) {
	for _, version := range []string{"v5", "v2-sha1", "v2-sha512"} {
		for _, port := range []string{"without", "with"} {
			t.Run(version+" "+port+" port", func(t *testing.T) {
				server, c := start(t, duosim.Options{})
				c.version = version
				if port == "with" {
					c.host = server.Host()
				}
				u := c.create("zoë *~/+ &=", params{"realname": "Zoë  Ångström"})
				same(t, "username", u.Username, "zoë *~/+ &=")
				same(t, "realname", u.Realname, "Zoë  Ångström")
				c.get("/admin/v1/users", params{"username": "zoë *~/+ &="}).ok(nil)
				c.get("/admin/v1/users", nil).ok(nil)
				c.delete("/admin/v1/users/"+u.ID, nil).empty()
			})
		}
	}
}

func TestCredentials(t *testing.T) {
	clock := newClock()
	server, c := start(t, duosim.Options{Now: clock.Now})
	header := func(name, value string) func(*http.Request) {
		return func(r *http.Request) {
			r.Header.Del(name)
			if value != "" {
				r.Header.Set(name, value)
			}
		}
	}
	tests := []struct {
		name   string
		change func(*client)
		code   int
		detail string
	}{
		{"no Authorization", func(c *client) { c.tamper = header("Authorization", "") }, 40101, ""},
		{"not Basic", func(c *client) { c.tamper = header("Authorization", "Bearer x") }, 40101, ""},
		{"unknown key", func(c *client) { c.key.Integration = "DIAAAAAAAAAAAAAAAAAA" }, 40102, ""},
		{"wrong secret", func(c *client) { c.key.Secret = strings.Repeat("x", 40) }, 40103, ""},
		{"another host", func(c *client) { c.host = "api-other.duosecurity.com" }, 40103, ""},
		{"unsigned query", func(c *client) { c.tamper = func(r *http.Request) { r.URL.RawQuery = "limit=2" } }, 40103, ""},
		{"unsigned X-Duo header", func(c *client) { c.tamper = header("X-Duo-Extra", "1") }, 40103, ""},
		{"no date", func(c *client) { c.tamper = header("Date", "") }, 40104, ""},
		{"a date that is none", func(c *client) { c.tamper = header("Date", "yesterday") }, 40105, ""},
		{"slow clock", func(c *client) { c.now = func() time.Time { return clock.Now().Add(-5*time.Minute - time.Second) } }, 40105, ""},
		{"fast clock", func(c *client) { c.now = func() time.Time { return clock.Now().Add(5*time.Minute + 2*time.Second) } }, 40105, ""},
		{"keys of the Auth API", func(c *client) { c.key = server.Key(duosim.KeyAuth) }, 40301, "Wrong integration type for this API."},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			c.with(func(c *client) { c.t = t }).with(test.change).get("/admin/v1/users", params{"limit": 1}).refused(test.code, test.detail)
		})
	}
	t.Run("within five minutes", func(t *testing.T) {
		c.with(func(c *client) { c.now = func() time.Time { return clock.Now().Add(-5*time.Minute + time.Second) } }).get("/admin/v1/users", nil).ok(nil)
	})
	t.Run("other zones", func(t *testing.T) {
		for _, zone := range []string{"+0000", "+0200", "-0730"} {
			at, err := time.Parse("-0700", zone)
			if err != nil {
				t.Fatal(err)
			}
			date := clock.Now().In(at.Location()).Format("Mon, 2 Jan 2006 15:04:05 -0700")
			c.with(func(c *client) {
				c.tamper = func(r *http.Request) {
					r.Header.Set("Date", date)
					r.SetBasicAuth(c.key.Integration, c.sign(date, "GET", "/admin/v1/users", "", "", nil))
				}
			}).get("/admin/v1/users", nil).ok(nil)
		}
	})
	t.Run("X-Duo headers are signed", func(t *testing.T) {
		c.with(func(c *client) {
			c.tamper = func(r *http.Request) {
				date := r.Header.Get("Date")
				r.Header.Del("Date")
				r.Header.Set("X-Duo-Date", date)
				r.Header.Set("X-Duo-B", "2")
				headers := hexSHA512([]byte("x-duo-b\x002\x00x-duo-date\x00" + date))
				text := strings.Join([]string{date, "GET", c.host, "/admin/v1/users", "", hexSHA512(nil), headers}, "\n")
				r.SetBasicAuth(c.key.Integration, hexMAC(sha512.New, c.key.Secret, text))
			}
		}).get("/admin/v1/users", nil).ok(nil)
	})
	t.Run("version 2 does not cover a JSON body", func(t *testing.T) {
		c.with(func(c *client) {
			c.tamper = func(r *http.Request) {
				date := r.Header.Get("Date")
				r.SetBasicAuth(c.key.Integration, hexMAC(sha512.New, c.key.Secret, date+"\nPOST\n"+c.host+"\n/admin/v1/users\n"))
			}
		}).post("/admin/v1/users", params{"username": "zoe"}).refused(40103, "")
	})
	same(t, "users", len(server.Users()), 0)
}

func TestRights(t *testing.T) {
	_, c := start(t, duosim.Options{})
	u := c.create("zoe")
	reader := c.as(duosim.KeyReader)
	reader.get("/admin/v1/users", nil).ok(nil)
	for _, call := range []struct{ method, path string }{
		{"POST", "/admin/v1/users"}, {"POST", "/admin/v1/users/" + u.ID}, {"DELETE", "/admin/v1/users/" + u.ID},
		{"POST", "/admin/v1/bulk"}, {"POST", "/admin/v1/users/bulk_create"}, {"POST", "/admin/v1/users/bulk_send_to_trash"},
		{"POST", "/admin/v1/groups"}, {"POST", "/admin/v1/phones"},
	} {
		reader.call(call.method, call.path, nil).refused(40301, "Missing permission for this API.")
	}
	c.get("/auth/v2/check", nil).refused(40301, "Wrong integration type for this API.")
	c.as(duosim.KeyAuth).get("/auth/v2/check", nil).ok(nil)
	c.call("PUT", "/admin/v1/users/"+u.ID, nil).refused(40501, "")
	c.get("/admin/v1/nothing", nil).refused(40401, "")
	same(t, "user", c.usernames(nil)[0], "zoe")
}

func TestBodies(t *testing.T) {
	_, c := start(t, duosim.Options{})
	for name, body := range map[string]string{
		"not JSON": "{", "an array": "[]", "null": "null", "a text": `"x"`, "two values": `{"username":"a"} {}`,
	} {
		t.Run(name, func(t *testing.T) {
			c.with(func(c *client) { c.t = t }).send("POST", "/admin/v1/users", "", "application/json", []byte(body)).refused(40002, "body")
		})
	}
	c.send("POST", "/admin/v1/users", "", "text/plain", []byte("username=zoe")).refused(40002, "Content-Type")
	c.post("/admin/v1/users", params{"username": []string{"zoe"}}).refused(40002, "username")
	c.post("/admin/v1/users", params{"username": nil}).refused(40002, "username")
	same(t, "a number as username", c.create("x", params{"username": 4711}).Username, "4711")
	form := c.with(func(c *client) { c.version = "v2-sha512" })
	form.send("POST", "/admin/v1/users", "", "application/x-www-form-urlencoded", []byte("username=%FF")).refused(40002, "username")
	form.send("POST", "/admin/v1/users", "", "application/x-www-form-urlencoded", []byte("username=%F")).refused(40002, "body")
	c.create("flagged", params{"enable_auto_prompt": false})
	c.post("/admin/v1/users", params{"username": "y", "enable_auto_prompt": "perhaps"}).refused(40002, "enable_auto_prompt")
}
