package channel_test

import (
	"bufio"
	"bytes"
	"crypto/tls"
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
	partly, is := errors.AsType[*channel.Partly](err)
	if is && (!slices.Equal(partly.Taken, []string{"boss@example.org"}) || !slices.Equal(partly.Refused, []string{"team@example.org"})) {
		t.Errorf("taken for %v, refused for %v", partly.Taken, partly.Refused)
	}
	if !is || len(p.Taken()) != 1 || !slices.Equal(p.Taken()[0].To, []string{"boss@example.org"}) {
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

// talker is a mail server that says what it is told to, a line for each that it reads, and then closes.
func talker(t *testing.T, secure bool, lines ...string) *posttest.Server {
	t.Helper()
	p := posttest.New(t, "127.0.0.1", false) // for its certificate
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	if secure {
		listener = tls.NewListener(listener, &tls.Config{Certificates: []tls.Certificate{p.Certificate}})
	}
	t.Cleanup(func() { _ = listener.Close() })
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			in := bufio.NewReader(conn)
			for i, line := range lines {
				if i > 0 {
					heard, err := in.ReadString('\n')
					for err == nil && strings.HasPrefix(lines[i-1], "354") && heard != ".\r\n" {
						heard, err = in.ReadString('\n')
					}
					if err != nil {
						break
					}
				}
				_, _ = io.WriteString(conn, line)
			}
			_ = conn.Close()
		}
	}()
	return &posttest.Server{Address: listener.Addr().String(), CA: p.CA}
}

// Whatever a mail server does in place of taking a mail is told in a plain sentence, with what to do;
// what it may have taken is not sent again.
func TestMailFaults(t *testing.T) {
	nobody, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, nobody.Close())
	hello := []string{"220 hi\r\n", "250 mail\r\n", "250 ok\r\n", "250 ok\r\n", "250 ok\r\n"}
	for name, test := range map[string]struct {
		server      *posttest.Server
		scheme      string
		ca          bool
		tries       int
		wrong, hint string
	}{
		"nobody":                     {&posttest.Server{Address: nobody.Addr().String()}, "smtp", false, 4, "nothing listens there", "host and port in notify.email.smtp_url"},
		"closes at once":             {talker(t, false), "smtp", false, 4, "it closed the connection without an answer", "use smtps://"},
		"closes after the greeting":  {talker(t, false, hello[0]), "smtp", false, 4, "it closed the connection without an answer", "See the log of the mail server"},
		"closes after DATA":          {talker(t, false, slices.Concat(hello, []string{"354 go\r\n", ""})...), "smtp", false, 1, "in the middle of the mail", "It may have the mail"},
		"refuses what it was sent":   {talker(t, false, slices.Concat(hello, []string{"354 go\r\n", "554 5.7.1 spam\r\n"})...), "smtp", false, 1, "554", "notify.email.from"},
		"is busy":                    {talker(t, false, "220 hi\r\n", "250 mail\r\n", "451 later\r\n"), "smtp", false, 4, "451", "takes no mail just now"},
		"smtps:// at a port without": {talker(t, false, hello...), "smtps", true, 1, "speaks no TLS from the start there", "Use smtp:// for that port"},
		"smtp:// at a port with TLS": {talker(t, true, hello...), "smtp", true, 1, "no answer within", "use smtps://"},
		"no mail server at all":      {talker(t, false, "HTTP/1.1 400 Bad Request\r\n\r\n"), "smtp", false, 4, "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			w := &pauses{}
			opts := w.options()
			opts.Timeout = 300 * time.Millisecond
			ca := ""
			if test.ca {
				ca = test.server.CA
			}
			_, err := mailTo(test.server, test.scheme, "", ca, opts).Send(t.Context(), message.Test("test-1", message.About{}))
			if err == nil || !strings.Contains(err.Error(), test.wrong) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("%v (%s), want %q (%q)", err, dirsync.Hint(err), test.wrong, test.hint)
			}
			if test.wrong != "" && len(w.all) != test.tries-1 {
				t.Errorf("%d tries, want %d", len(w.all)+1, test.tries)
			}
		})
	}
}

// A subject is read as it was written, however long it is; none of its lines is empty or too long.
func TestSubjectLines(t *testing.T) {
	p := posttest.New(t, "", false)
	for _, text := range []string{"short", strings.Repeat("word ", 40) + "end", strings.Repeat("x", 200), "Ärzte " + strings.Repeat("Größe und Maß ", 20) + "=?_x", strings.Repeat("漢字", 60)} {
		m := message.Test("test-1", message.About{})
		m.Subject = text
		_, err := mailTo(p, "smtp", "", "", channel.Options{}).Send(t.Context(), m)
		must(t, err)
		mails := p.Taken()
		data := mails[len(mails)-1].Data
		got, err := mail.ReadMessage(strings.NewReader(data))
		must(t, err)
		decoded, err := new(mime.WordDecoder).DecodeHeader(got.Header.Get("Subject"))
		must(t, err)
		if decoded != text {
			t.Errorf("the subject is %q, want %q", decoded, text)
		}
		_, raw, _ := strings.Cut("\r\n"+data, "\r\nSubject:")
		for i, line := range strings.Split(raw, "\r\n") {
			if i > 0 && !strings.HasPrefix(line, " ") {
				break
			}
			if strings.TrimSpace(line) == "" || len(line) > 78 && strings.Contains(strings.TrimSpace(line), " ") {
				t.Errorf("line %d of the subject is %q", i+1, line)
			}
		}
	}
}
