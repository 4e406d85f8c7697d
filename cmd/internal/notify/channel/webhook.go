package channel

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/notify/message"
	dirsync "duosync/sync"
	"duosync/sync/certificate"
	"duosync/sync/secrets"
)

// webhook posts messages to a URL. Whoever knows that can post there, so that its host
// alone is ever told.
type webhook struct {
	address config.Secret
	format  string
	opts    Options
	client  *http.Client
}

func newWebhook(address config.Secret, format string, opts Options) *webhook {
	return &webhook{address: address, format: format, opts: opts, client: &http.Client{
		Transport:     &http.Transport{Proxy: http.ProxyFromEnvironment, DisableKeepAlives: true},
		CheckRedirect: stayThere,
	}}
}

// errElsewhere is a redirect that is not followed.
type errElsewhere struct{ host string }

func (e *errElsewhere) Error() string { return "it redirects to " + e.host + ", which is not followed" }

// stayThere follows a redirect to the same server only, and as the same request: another
// server is nobody's whom the messages are meant for.
func stayThere(next *http.Request, before []*http.Request) error {
	first := before[0]
	const most = 3
	if next.URL.Scheme != first.URL.Scheme || !strings.EqualFold(next.URL.Host, first.URL.Host) || next.Method != first.Method || len(before) > most {
		return &errElsewhere{next.URL.Host}
	}
	return nil
}

func (w *webhook) Name() string { return Webhook }

func (w *webhook) Where() string {
	u, err := url.Parse(w.address.Reveal())
	if err != nil {
		return ""
	}
	return u.Hostname()
}

func (w *webhook) Send(ctx context.Context, m *message.Message) (string, error) {
	form := map[string]func() ([]byte, error){"slack": m.Slack, "teams": m.Teams}[w.format]
	if form == nil {
		form = m.JSON
	}
	body, err := form()
	if err != nil {
		return "", err
	}
	return w.opts.try(ctx, func(ctx context.Context) (string, error) { return w.post(ctx, m.ID, body) })
}

// mostAnswer is how much of an answer is read, in bytes, and mostShown how much of it is
// shown, in characters.
const (
	mostAnswer = 4 << 10
	mostShown  = 150
)

// post makes one try. id is the same for all of a message: a receiver can tell by it that
// it has the message already, though its answer was lost.
func (w *webhook) post(ctx context.Context, id string, body []byte) (string, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, w.address.Reveal(), bytes.NewReader(body))
	if err != nil { // its text holds the whole URL
		return "", errors.New("notify.webhook_url: is not a URL")
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", "duosync/"+w.opts.Version)
	request.Header.Set("Idempotency-Key", id)
	proxy, err := http.ProxyFromEnvironment(request)
	if err != nil {
		return "", errors.New("notify.webhook_url: the proxy in HTTP_PROXY or HTTPS_PROXY is not a URL")
	}
	hide := Confidential(request.URL, proxy)
	host := request.URL.Hostname()
	reply, err := w.client.Do(request)
	if err != nil {
		return "", w.unsent(host, err, hide)
	}
	said, _ := io.ReadAll(io.LimitReader(reply.Body, mostAnswer)) // what came of it is good enough
	_ = reply.Body.Close()
	answer := strconv.Itoa(reply.StatusCode)
	if text := hide.Line(string(said), mostShown); text != "" && !strings.HasPrefix(text, "<") {
		answer += " " + text
	}
	if reply.StatusCode >= 200 && reply.StatusCode <= 299 {
		return answer, nil
	}
	return answer, refused(host, answer, reply)
}

// unsent tells of a request that no answer came to. It may have arrived all the same.
func (w *webhook) unsent(host string, err error, hide secrets.Hider) error {
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL
	}
	if elsewhere, ok := errors.AsType[*errElsewhere](err); ok {
		return dirsync.WithHint(fmt.Errorf("notify.webhook_url: %s: %s", host, hide.Line(elsewhere.Error(), mostShown)),
			"Messages name people, so they go to no other server. Set notify.webhook_url to the address at which messages are taken.")
	}
	if why := (certificate.Client{Name: host, CAFile: "SSL_CERT_FILE", Now: time.Now()}).Refused(err); why != nil {
		return dirsync.WithHint(fmt.Errorf("notify.webhook_url: %s: %s", host, hide.Line(why.Error(), 2*mostShown)),
			"Have it mended there; where it is of an authority of your own, the environment variable SSL_CERT_FILE names a PEM file of the authorities that count.")
	}
	if errors.Is(err, context.DeadlineExceeded) { // it may have the message: another try would bring a second one
		return late("notify.webhook_url", host, w.opts.Timeout, lateHook)
	}
	text := hide.Line(err.Error(), mostShown)
	f := faultOf(err.Error())
	if f == nil {
		return &passing{error: fmt.Errorf("notify.webhook_url: %s: %s", host, text)}
	}
	return &passing{error: dirsync.WithHint(fmt.Errorf("notify.webhook_url: %s: %s (%s)", host, f.words, text), f.hook)}
}

// refused tells of an answer that is no success, and whether another try may change it.
func refused(host, answer string, reply *http.Response) error {
	err := fmt.Errorf("notify.webhook_url: %s answered %s", host, answer)
	if hint := answerHint(reply.StatusCode); hint != "" {
		err = dirsync.WithHint(err, hint)
	}
	if code := reply.StatusCode; code == http.StatusTooManyRequests || code >= http.StatusInternalServerError {
		return &passing{err, retryAfter(reply)}
	}
	return err
}

// retryAfter gives how long a receiver asks to wait, in seconds or until a date; 0 where it
// does not say (RFC 9110, 10.2.3).
func retryAfter(reply *http.Response) time.Duration {
	text := reply.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil && seconds > 0 {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		now := time.Now()
		if own, err := http.ParseTime(reply.Header.Get("Date")); err == nil {
			now = own // its clock against its clock
		}
		return max(0, at.Sub(now))
	}
	return 0
}

// Confidential knows what lets anyone call a URL, and use the proxy on the way to it.
func Confidential(u, proxy *url.URL) secrets.Hider {
	all := []string{u.Path, u.RawQuery}
	all = append(all, strings.Split(u.Path, "/")...)
	for _, values := range u.Query() {
		all = append(all, values...)
	}
	for _, u := range []*url.URL{u, proxy} {
		if u != nil && u.User != nil {
			password, _ := u.User.Password()
			all = append(all, u.User.Username(), password)
		}
	}
	return secrets.New(all...)
}
