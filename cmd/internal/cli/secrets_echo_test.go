package cli

import (
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"fmt"
	"html"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
	"duosync/state/pgtest"
)

// echoesOf gives what a server may say that was sent a secret by a user.
func echoesOf(user, secret string) []string {
	quoted, _ := json.Marshal(secret) // a string always can be
	return []string{
		secret, secret[:20], secret[len(secret)-9:], strings.ToUpper(secret), secret[:7] + "\r\n  " + secret[7:], strings.Join(strings.Split(secret, ""), " "),
		url.QueryEscape(secret), url.PathEscape(url.QueryEscape(secret)), html.EscapeString(secret), string(quoted), fmt.Sprintf("%q", string(quoted)),
		base64.StdEncoding.EncodeToString([]byte(user + ":" + secret)), base64.URLEncoding.EncodeToString([]byte(user + ":" + secret))[:30], fmt.Sprintf("%x", secret),
		strings.Repeat("x", 185) + secret, // cut within
	}
}

// echoing is a server that answers on each connection with what says gives.
func echoing(t *testing.T, says func(conn net.Conn)) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			go func() {
				defer func() { _ = conn.Close() }()
				_, _ = conn.Read(make([]byte, 4096))
				says(conn)
				_, _ = conn.Read(make([]byte, 1)) // until the other side has read it
			}()
		}
	}()
	return listener.Addr().String()
}

// refusedBind is the answer to the first bind on a connection (RFC 4511, 4.2.2).
func refusedBind(text string) []byte {
	long := func(n int) []byte { return []byte{0x82, byte(n >> 8), byte(n)} }
	body := append([]byte{0x0a, 1, 49, 4, 0, 4}, append(long(len(text)), text...)...)
	body = append([]byte{2, 1, 1, 0x61}, append(long(len(body)), body...)...)
	return append([]byte{0x30}, append(long(len(body)), body...)...)
}

// refusedLogin is PostgreSQL's answer to a startup message (its manual, 53.7).
func refusedLogin(text string) []byte {
	body := "SFATAL\x00VFATAL\x00C28P01\x00M" + text + "\x00\x00"
	n := len(body) + 4
	return append([]byte{'E', 0, 0, byte(n >> 8), byte(n)}, body...)
}

// echoingDuo is a server in Duo's place; it gives its address and writes its certificate.
func echoingDuo(t *testing.T, ca string, says func() string) string {
	t.Helper()
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text := says()
		quoted, _ := json.Marshal(text + " " + r.Header.Get("Authorization"))
		detail, _ := json.Marshal(text)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		_, _ = fmt.Fprintf(w, `{"stat": "FAIL", "code": 40001, "message": %s, "message_detail": %s}`, quoted, detail)
	}))
	t.Cleanup(server.Close)
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(ca, block, 0o600); err != nil {
		t.Fatal(err)
	}
	return strings.TrimPrefix(server.URL, "https://")
}

// TestEchoesShowNowhere has every server repeat what it was sent, whole, in pieces and
// escaped, and searches all that commands say, and all that is kept.
func TestEchoesShowNowhere(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, user, secret string
		from, to           func(v *vault, says func() string) string // a part of the configuration
		commands           [][]string
		few                bool // echoes, since each try takes seconds
	}{
		{
			name: "directory", secret: plantedBind, commands: [][]string{{"sync"}, {"check"}, {"explain", slapdtest.UID(1)}},
			from: func(v *vault, _ func() string) string { return fmt.Sprintf("%q", v.ldap.URL) },
			to: func(v *vault, says func() string) string {
				return fmt.Sprintf("%q", "ldap://"+echoing(v.t, func(conn net.Conn) { _, _ = conn.Write(refusedBind("you sent " + says())) }))
			},
		}, {
			name: "Duo", user: "DIPLANTEDKEY00000001", secret: secretKey, commands: [][]string{{"sync"}, {"sync", "--refresh"}, {"check"}, {"drift"}, {"explain", slapdtest.UID(1)}},
			from: duoAddress, to: duoEcho,
		}, {
			name: "Auth API", user: authKey, secret: authSecret, commands: [][]string{{"verify", slapdtest.UID(1)}, {"check"}},
			from: duoAddress, to: duoEcho,
		}, {
			name: "proxy", user: "duosync", secret: plantedProxy, few: true, commands: [][]string{{"sync", "--refresh"}},
			from: func(v *vault, _ func() string) string { return v.proxy.address },
			to: func(v *vault, says func() string) string {
				return echoing(v.t, func(conn net.Conn) {
					_, _ = fmt.Fprintf(conn, "HTTP/1.1 407 you sent %s\r\nContent-Length: 0\r\n\r\n", strings.ReplaceAll(says(), "\r\n", ""))
				})
			},
		}, {
			name: "database", user: "duosync", secret: pgtest.Password + pgtest.Password, commands: [][]string{{"sync"}, {"check"}, {"history"}},
			from: func(*vault, func() string) string { return "state: {dsn: state.db}" },
			to: func(v *vault, says func() string) string {
				return fmt.Sprintf("state: {dsn: 'postgres://duosync:%s@%s/sync?sslmode=disable'}", pgtest.Password+pgtest.Password,
					echoing(v.t, func(conn net.Conn) { _, _ = conn.Write(refusedLogin("you sent " + says())) }))
			},
		}, {
			name: "heartbeat", user: "duosync", secret: plantedBeat, commands: [][]string{{"sync"}},
			from: func(v *vault, _ func() string) string { return v.heart },
			to: func(v *vault, says func() string) string {
				return "http://" + echoing(v.t, func(conn net.Conn) {
					_, _ = fmt.Fprintf(conn, "you-sent:%s\r\n\r\n", strings.Join(strings.Fields(says()), ""))
				})
			},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			v := newVault(t)
			if r := v.run("sync"); r.code != 0 {
				t.Fatalf("exit %d: %s", r.code, r.err)
			}
			var echo string
			says := func() string { return echo }
			v.edit(test.from(v, says), test.to(v, says))
			echoes := echoesOf(test.user, test.secret)
			if test.few {
				echoes = []string{echoes[1], echoes[11]}
			}
			var i int
			for i, echo = range echoes {
				v.ldap.Modify(slapdtest.UserDN(4), "mail", fmt.Sprintf("new%d@example.com", i)) // so that Duo is called
				for _, command := range test.commands {
					if r := v.quiet(command...); !strings.Contains(echo, "xxx") && !strings.Contains(r.out+r.err, "secret>") && !strings.Contains(r.err, `\u003csecret\u003e`) {
						t.Errorf("%v: nothing was hidden of %q:\n%s%s", command, echo, r.out, r.err)
					}
				}
			}
			v.quiet("history", "--format", "json")
			v.quiet("history", "--format", "html")
			v.files()
		})
	}
}

func duoAddress(v *vault, _ func() string) string {
	return "host: " + v.duo.Host()
}

func duoEcho(v *vault, says func() string) string {
	return "host: " + echoingDuo(v.t, filepath.Join(v.dir, "ca.pem"), says)
}
