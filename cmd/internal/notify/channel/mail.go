package channel

import (
	"cmp"
	"context"
	"crypto/sha256"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"mime"
	"net"
	"net/textproto"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	mail "github.com/wneessen/go-mail"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/message"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
	"duosync/sync/secrets"
)

// mailer mails messages through a server.
type mailer struct {
	email *config.Email
	opts  Options
}

func newMailer(email *config.Email, opts Options) *mailer { return &mailer{email: email, opts: opts} }

func (m *mailer) Name() string { return Email }

func (m *mailer) Where() string {
	u, err := url.Parse(m.email.SMTPURL.Reveal())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (m *mailer) Send(ctx context.Context, msg *message.Message) (string, error) {
	s, err := m.server()
	if err != nil {
		return "", err
	}
	return m.opts.try(ctx, func(ctx context.Context) (string, error) { return s.deliver(ctx, m, msg) })
}

// server is where mail is handed in, and how.
type server struct {
	host            string
	port            int
	implicit, plain bool // TLS from the start; none at all
	user, password  string
	tls             *tls.Config
	timeout         time.Duration // of one try
	hasCA           bool
	hide            secrets.Hider
}

// server reads the configuration. Mail goes out unencrypted on this machine alone, where
// neither a login nor an authority asks for more.
func (m *mailer) server() (*server, error) {
	u, err := url.Parse(m.email.SMTPURL.Reveal())
	if err != nil {
		return nil, errors.New("notify.email.smtp_url: is not a URL")
	}
	s := &server{host: u.Hostname(), implicit: u.Scheme == "smtps", timeout: m.opts.Timeout, user: u.User.Username(), hasCA: m.email.CAFile != ""}
	s.password, _ = u.User.Password()
	s.hide = secrets.New(s.user, s.password)
	s.tls = &tls.Config{ServerName: s.host, MinVersion: tls.VersionTLS12}
	s.plain = !s.implicit && config.IsLoopback(s.host) && s.user == "" && !s.hasCA
	if s.hasCA {
		data, err := os.ReadFile(m.email.CAFile)
		if err == nil {
			s.tls.RootCAs, err = certificate.Authorities(m.email.CAFile, data)
		}
		if err != nil {
			return nil, dirsync.WithHint(fmt.Errorf("notify.email.ca_file: %w", err), cmp.Or(dirsync.Hint(err), "Give the PEM file of the authorities that the mail server's certificate is from."))
		}
	}
	switch {
	case u.Port() != "":
		s.port, err = strconv.Atoi(u.Port())
	case s.implicit:
		s.port = 465
	case s.plain:
		s.port = 25
	default:
		s.port = 587
	}
	return s, err
}

// deliver makes one try: one session with the server. Where it refuses some of the
// recipients, the others get the mail by themselves; it was taken once anybody has it.
func (s *server) deliver(ctx context.Context, m *mailer, msg *message.Message) (string, error) {
	client, err := s.client(ctx)
	if err != nil {
		return "", s.explain(err)
	}
	session, err := client.DialToSMTPClientWithContext(ctx)
	if err != nil {
		return "", s.explain(err)
	}
	defer func() { _ = client.CloseWithSMTPClient(session) }() // the mail is delivered, or not, by then
	letter, err := m.letter(msg, m.email.To)
	if err != nil {
		return "", err
	}
	err = client.SendWithSMTPClient(session, letter)
	if letter.IsDelivered() {
		return answerOf(letter), nil
	}
	sent, ok := errors.AsType[*mail.SendError](err)
	if !ok || sent.Reason != mail.ErrSMTPRcptTo || len(m.email.To) == 1 {
		return "", s.explain(err)
	}
	answer, partly := "", &Partly{}
	for _, to := range m.email.To {
		one, err := m.letter(msg, []string{to})
		if err != nil {
			return "", err
		}
		err = client.SendWithSMTPClient(session, one)
		if one.IsDelivered() {
			answer = answerOf(one)
			partly.Taken = append(partly.Taken, to)
			continue
		}
		partly.error = errors.Join(partly.error, s.explain(err))
		partly.Refused = append(partly.Refused, to)
	}
	switch {
	case len(partly.Taken) == 0:
		return "", partly.error
	case len(partly.Refused) == 0: // the second time
		return answer, nil
	}
	return answer, partly
}

// Partly tells that a channel has taken a message, though not for all whom it is for.
type Partly struct {
	error
	Taken, Refused []string // addresses
}

func (p *Partly) Error() string {
	return "taken for " + strings.Join(p.Taken, ", ") + "; refused for " + strings.Join(p.Refused, ", ") + ": " + strings.ReplaceAll(p.error.Error(), "\n", "; ")
}

func (p *Partly) Unwrap() error { return p.error }

func answerOf(letter *mail.Msg) string {
	return strings.TrimSpace("taken " + harmlessAnswer(letter.ServerResponse()))
}

func harmlessAnswer(text string) string { return secrets.Hider{}.Line(text, mostShown) }

func (s *server) client(ctx context.Context) (*mail.Client, error) {
	policy := mail.TLSMandatory
	if s.plain {
		policy = mail.NoTLS
	}
	name, err := os.Hostname()
	if err != nil || name == "" || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' }) {
		name = "localhost"
	}
	options := []mail.Option{
		mail.WithPort(s.port), mail.WithTimeout(s.timeout), mail.WithTLSPolicy(policy), mail.WithTLSConfig(s.tls), mail.WithHELO(name),
		mail.WithoutNoop(), mail.WithDialContextFunc(s.dialer(ctx)),
	}
	if s.implicit {
		options = append(options, mail.WithSSL())
	}
	if s.user != "" {
		options = append(options, mail.WithUsername(s.user), mail.WithPassword(s.password),
			mail.WithOpportunisticSMTPAuth(mail.SMTPAuthSCRAMSHA256, mail.SMTPAuthSCRAMSHA1, mail.SMTPAuthPlain, mail.SMTPAuthLogin, mail.SMTPAuthCramMD5))
	}
	return mail.NewClient(s.host, options...)
}

// dialer connects to the server. The connection ends with the try, whatever is under way
// on it: the library knows a time for each step only.
func (s *server) dialer(try context.Context) mail.DialContextFunc {
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, address)
		if err != nil {
			return nil, err
		}
		context.AfterFunc(try, func() { _ = conn.Close() })
		if !s.implicit {
			return conn, nil
		}
		secure := tls.Client(conn, s.tls)
		if err := secure.HandshakeContext(ctx); err != nil {
			return nil, errors.Join(err, conn.Close())
		}
		return secure, nil
	}
}

// letter is the mail of a message: its subject and two forms of one content.
func (m *mailer) letter(msg *message.Message, to []string) (*mail.Msg, error) {
	letter := mail.NewMsg()
	if err := letter.From(m.email.From); err != nil {
		return nil, fmt.Errorf("notify.email.from: %w", err)
	}
	if err := letter.To(to...); err != nil {
		return nil, fmt.Errorf("notify.email.to: %w", err)
	}
	page, err := msg.HTML()
	if err != nil {
		return nil, err
	}
	letter.SetGenHeaderPreformatted(mail.HeaderSubject, subject(msg.Subject))
	letter.SetDateWithValue(time.Now())
	sum := sha256.Sum256([]byte(msg.ID + "\x00" + strings.Join(to, "\x00")))
	const length = 12 // bytes
	_, domain, _ := strings.Cut(strings.TrimSuffix(m.email.From, ">"), "@")
	letter.SetMessageIDWithValue(hex.EncodeToString(sum[:length]) + "@" + domain) // the same with each try
	letter.SetGenHeader("Auto-Submitted", "auto-generated")                       // RFC 3834: nobody is to answer
	letter.SetGenHeader("X-Duosync-Event", string(msg.Event))
	letter.SetUserAgent("duosync/" + m.opts.Version)
	letter.SetBodyString(mail.TypeTextPlain, msg.Text)
	letter.AddAlternativeString(mail.TypeTextHTML, page)
	return letter, nil
}

// subject is the field body of a header Subject. Its first line is never empty, as some programs
// show that line alone; RFC 2047 gives an encoded word 75 characters, RFC 5322 a line 78.
func subject(text string) string {
	const line, name, word = 76, "Subject: ", 75
	var lines []string
	room := line - len(name)
	if mime.QEncoding.Encode("utf-8", text) == text {
		for rest := text; ; room = line {
			at := len(rest)
			if at > room {
				if at = strings.LastIndexByte(rest[:room], ' '); at <= 0 {
					if at = strings.IndexByte(rest, ' '); at < 0 {
						at = len(rest)
					}
				}
			}
			lines = append(lines, rest[:at])
			if rest = strings.TrimPrefix(rest[at:], " "); rest == "" {
				return strings.Join(lines, "\r\n ")
			}
		}
	}
	part := ""
	for _, r := range text {
		if part != "" && len(encodedWord(part+string(r))) > min(room, word) {
			lines, part, room = append(lines, encodedWord(part)), "", line
		}
		part += string(r)
	}
	return strings.Join(append(lines, encodedWord(part)), "\r\n ")
}

// encodedWord gives a text as one encoded word, also where it has nothing but ASCII.
func encodedWord(text string) string {
	var b strings.Builder
	b.WriteString("=?utf-8?q?")
	for _, c := range []byte(text) {
		switch {
		case c == ' ':
			b.WriteByte('_')
		case c > ' ' && c < 0x7f && c != '=' && c != '?' && c != '_':
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String() + "?="
}

// explain says what went wrong, and whether another try may change it.
func (s *server) explain(err error) error {
	text, _, _ := strings.Cut(err.Error(), ", affected message ID")
	text = s.hide.Line(text, 2*mostShown)
	told := fmt.Errorf("notify.email: %s: %s", s.host, text)
	look := certificate.Client{Name: s.host, CAFile: "notify.email.ca_file", HasCA: s.hasCA, Now: time.Now()}
	if why := look.Refused(err); why != nil {
		return dirsync.WithHint(fmt.Errorf("notify.email: %s: %s", s.host, s.hide.Line(why.Error(), 2*mostShown)), dirsync.Hint(why))
	}
	sent, ok := errors.AsType[*mail.SendError](err)
	switch {
	case errors.Is(err, context.DeadlineExceeded) || errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, net.ErrClosed):
		return late("notify.email", s.host, s.timeout, lateMail)
	case ok && sent.IsTemp():
		return &passing{error: dirsync.WithHint(told, "The server takes no mail just now. It was tried again; what was not taken is told by the next run.")}
	case ok && sent.ErrorCode() != 0:
		return dirsync.WithHint(told, "See whether notify.email.from and to are addresses that this server takes mail of and for, and whether it wants a login in smtp_url.")
	case strings.Contains(text, "STARTTLS"):
		return dirsync.WithHint(told, "Mail names people, and goes over TLS only: use the server's port for submission (587), or smtps:// where it speaks TLS from the start (465).")
	case !ok && isLogin(text):
		return dirsync.WithHint(told, "Correct user and password in notify.email.smtp_url; many services want a password made for programs.")
	}
	if f := faultOf(text); f != nil {
		told = dirsync.WithHint(fmt.Errorf("notify.email: %s: %s (%s)", s.host, f.words, text), f.mail)
		if f.words == closedWithin { // it may have the mail
			return told
		}
	}
	if ok || passes(err) {
		return &passing{error: told}
	}
	return told
}

// passes reports whether an error may be gone soon: of the network, or by a server that says
// so (RFC 5321, 4.2.1: 4yz).
func passes(err error) bool {
	if reply, ok := errors.AsType[*textproto.Error](err); ok {
		return reply.Code/100 == 4
	}
	_, isNet := errors.AsType[net.Error](err)
	return isNet || errors.Is(err, io.EOF)
}

// isLogin reports whether an error is about the login (RFC 4954, 6).
func isLogin(text string) bool {
	for _, sign := range []string{"SMTP AUTH failed", "535", "534", "AUTH"} {
		if strings.Contains(text, sign) {
			return true
		}
	}
	return false
}
