package channel_test

import (
	"bytes"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/channel"
	"duosync/cmd/internal/notify/message"
	"duosync/cmd/internal/notify/posttest"
	dirsync "duosync/sync"
)

// mailTo gives the channel to a server at a URL.
func mailTo(p *posttest.Server, scheme, login, ca string, opts channel.Options) channel.Channel {
	return channel.Of(&config.Notify{Email: config.Email{
		SMTPURL: config.NewSecret(scheme + "://" + login + p.Address), CAFile: ca, From: "duosync <duosync@example.org>", To: []string{"team@example.org", "boss@example.org"},
	}}, opts)[0]
}

const login = "me:pl%40nted%2Fpass@"

func TestMail(t *testing.T) {
	busy := &smtp.SMTPError{Code: 451, EnhancedCode: smtp.EnhancedCode{4, 3, 0}, Message: "try again"}
	never := &smtp.SMTPError{Code: 550, EnhancedCode: smtp.EnhancedCode{5, 7, 1}, Message: "not of you"}
	for name, test := range map[string]struct {
		cert, scheme, login string
		foreignCA           bool
		noCA                bool
		refuse              []error
		sessions            int
		secure              bool
		wrong, hint         string
	}{
		"STARTTLS and login":        {cert: "127.0.0.1", scheme: "smtp", login: login, sessions: 2, secure: true},
		"STARTTLS alone":            {cert: "127.0.0.1", scheme: "smtp", sessions: 2, secure: true},
		"TLS from the start":        {cert: "127.0.0.1", scheme: "smtps", login: login, sessions: 1, secure: true},
		"this machine, without":     {scheme: "smtp", noCA: true, sessions: 1},
		"no TLS, but a login":       {scheme: "smtp", login: login, noCA: true, sessions: 1, wrong: "STARTTLS", hint: "over TLS only"},
		"another name":              {cert: "mail.elsewhere.example", scheme: "smtp", login: login, sessions: 1, wrong: "certificate is for mail.elsewhere.example", hint: "address the server"},
		"nobody vouches for it":     {cert: "127.0.0.1", scheme: "smtp", login: login, noCA: true, sessions: 1, wrong: "certificate", hint: "notify.email.ca_file"},
		"another authority":         {cert: "127.0.0.1", scheme: "smtps", foreignCA: true, wrong: "certificate", hint: "notify.email.ca_file"},
		"a wrong password":          {cert: "127.0.0.1", scheme: "smtps", login: "me:planted-other@", sessions: 1, secure: true, wrong: "535", hint: "user and password"},
		"busy at first":             {cert: "127.0.0.1", scheme: "smtps", refuse: []error{busy, busy}, sessions: 3, secure: true},
		"refused for good":          {cert: "127.0.0.1", scheme: "smtps", refuse: []error{never}, sessions: 1, wrong: "550", hint: "notify.email.from"},
		"busy for longer than that": {cert: "127.0.0.1", scheme: "smtps", refuse: []error{busy, busy, busy, busy}, sessions: 4, wrong: "451"},
	} {
		t.Run(name, func(t *testing.T) {
			p, w := posttest.New(t, test.cert, test.scheme == "smtps"), &pauses{}
			p.Refuse = test.refuse
			ca := p.CA
			switch {
			case test.noCA:
				ca = ""
			case test.foreignCA:
				ca = posttest.New(t, "127.0.0.1", false).CA
			}
			answer, err := mailTo(p, test.scheme, test.login, ca, w.options()).Send(t.Context(), message.Test("test-1", message.About{Account: "api-1"}))
			checkError(t, err, test.wrong, test.hint)
			p.Lock()
			defer p.Unlock()
			if test.wrong != "" {
				if len(p.Mails) > 0 || !test.secure && len(p.Users) > 0 {
					t.Errorf("%d mails, logins of %v", len(p.Mails), p.Users)
				}
				return
			}
			if len(p.Mails) != 1 || p.Mails[0].TLS != test.secure || !strings.HasPrefix(answer, "taken") || !slices.Equal(p.Mails[0].To, []string{"team@example.org", "boss@example.org"}) {
				t.Fatalf("the answer is %q, the mails %+v", answer, p.Mails)
			}
			if p.Sessions != test.sessions {
				t.Errorf("%d sessions, want %d", p.Sessions, test.sessions)
			}
			if (test.login != "") != slices.Equal(p.Users, []string{"me"}) {
				t.Errorf("logins %v", p.Users)
			}
		})
	}
}

// A mail has one content in two forms, and headers that nothing of it can add to.
func TestMailForm(t *testing.T) {
	p := posttest.New(t, "", false)
	m := message.Test("test-1", message.About{Account: "api-1\r\nBcc: victim@example.org", Directory: "dc=Ärzte\n.\nMAIL FROM:<x>", PublicURL: "https://duosync.example.org/"})
	_, err := mailTo(p, "smtp", "", "", channel.Options{Version: "1.2"}).Send(t.Context(), m)
	must(t, err)
	got, err := mail.ReadMessage(strings.NewReader(p.Taken()[0].Data))
	must(t, err)
	decoded, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
	must(t, err)
	if decoded != m.Subject || got.Header.Get("Bcc") != "" || got.Header.Get("Auto-Submitted") != "auto-generated" || got.Header.Get("From") != `"duosync" <duosync@example.org>` {
		t.Errorf("headers %v", got.Header)
	}
	if id := got.Header.Get("Message-ID"); !strings.HasSuffix(id, "@example.org>") {
		t.Errorf("the message id is %s", id)
	}
	kind, params, err := mime.ParseMediaType(got.Header.Get("Content-Type"))
	must(t, err)
	parts := multipart.NewReader(got.Body, params["boundary"])
	page, err := m.HTML()
	must(t, err)
	for _, want := range []struct{ kind, text string }{{"text/plain", m.Text}, {"text/html", page}} {
		part, err := parts.NextRawPart()
		must(t, err)
		text, err := io.ReadAll(quotedprintable.NewReader(part))
		must(t, err)
		if !strings.HasPrefix(part.Header.Get("Content-Type"), want.kind) || strings.TrimSpace(string(bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n")))) != strings.TrimSpace(want.text) {
			t.Errorf("%s: %v\n%s", want.kind, part.Header, text)
		}
	}
	if _, err := parts.NextPart(); kind != "multipart/alternative" || !errors.Is(err, io.EOF) {
		t.Errorf("%s, %v", kind, err)
	}
}

// One recipient who is refused keeps the mail from nobody else, and nobody gets it twice.
func TestMailOneRefused(t *testing.T) {
	p := posttest.New(t, "", false)
	p.Unknown = "team@example.org"
	_, err := mailTo(p, "smtp", "", "", (&pauses{}).options()).Send(t.Context(), test)
	checkError(t, err, "550", "addresses")
	if _, partly := errors.AsType[*channel.Partly](err); !partly || len(p.Taken()) != 1 || !slices.Equal(p.Taken()[0].To, []string{"boss@example.org"}) {
		t.Errorf("%v, mails %+v", err, p.Taken())
	}
}

// A server that never greets, or is none, is left.
func TestMailSilent(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	w := &pauses{}
	opts := w.options()
	opts.Timeout = 50 * time.Millisecond
	p := &posttest.Server{Address: listener.Addr().String()}
	_, err = mailTo(p, "smtp", "", "", opts).Send(t.Context(), test)
	checkError(t, err, "no answer within 50ms", "")
	if len(w.all) != 0 {
		t.Errorf("waits %v", w.all)
	}
	must(t, listener.Close())
	_, err = mailTo(p, "smtp", "", "", (&pauses{}).options()).Send(t.Context(), test)
	checkError(t, err, "connection refused", "")
	missing := channel.Of(&config.Notify{Email: config.Email{SMTPURL: config.NewSecret("smtp://127.0.0.1"), CAFile: "/no/such/file", From: "a@example.org", To: []string{"b@example.org"}}}, opts)[0]
	if _, err := missing.Send(t.Context(), test); err == nil || dirsync.Hint(err) == "" {
		t.Errorf("an authority that is not there: %v", err)
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
