package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/sirupsen/logrus"

	"duosync/duo/gate"
	dirsync "duosync/sync"
	"duosync/sync/secrets"
)

// maxBody bounds an answer in bytes. A page of 300 users with all their phones
// and groups stays well below.
const maxBody = 64 << 20

// Client calls Duo's Admin API. It is safe for concurrent use.
type Client struct {
	*line
	alone bool // each call on a connection of its own
}

// line is what the calls to one account have in common.
type line struct {
	at     endpoint
	signer signer
	hidden secrets.Hider // what it sends in confidence
	agent  string        // User-Agent
	log    *logrus.Logger
	now    func() time.Time
	sleep  func(context.Context, time.Duration) error

	http    *http.Client
	apart   *http.Client // each call on a connection of its own
	pace    *pacer
	clock   clock
	calls   atomic.Int64
	retries atomic.Int64
	refused atomic.Int64 // with a 429
}

// Apart returns the same client, whose calls each go on a new connection that nothing
// else uses. It looks again where an answer is not to be believed by itself: an answer to
// an earlier call can't come on such a connection.
func (c *Client) Apart() *Client { return &Client{line: c.line, alone: true} }

// Host returns the API host, lower case, without a port.
func (c *Client) Host() string { return c.at.host }

// Close gives idle connections back.
func (c *Client) Close() { c.http.CloseIdleConnections() }

// Skew returns how far Duo's clock is ahead of ours, as far as whole seconds
// can tell, and whether any reply told it yet.
func (c *Client) Skew() (ahead time.Duration, known bool) { return c.clock.read() }

// Now is the time by Duo's clock, as far as replies told it: never later than
// it is there, and early by a second at most plus the time an answer takes.
func (c *Client) Now() time.Time {
	ahead, _ := c.Skew()
	return c.now().Round(0).Add(ahead)
}

// Timeout returns the bound of one attempt of one call.
func (c *Client) Timeout() time.Duration { return c.at.timeout }

// Usage says what calls have been made so far.
func (c *Client) Usage() dirsync.Usage {
	return dirsync.Usage{Calls: int(c.calls.Load()), Retries: int(c.retries.Load()), Throttled: int(c.refused.Load())}
}

// PerSecond returns the rate of the moment, in calls per second.
func (c *Client) PerSecond() float64 { return c.pace.perSecond() }

// request is one call: what is sent again when it is tried again.
type request struct {
	method string
	path   string
	params map[string]string
	// once marks a call that must not be sent again without a look at what
	// became of it: a create.
	once bool
	// apart has the call made on a new connection that nothing else uses, so that
	// the answer can't be one to an earlier call.
	apart bool
	// about says why a success is not about what was asked, or nil. Such a success is
	// an ErrStray; what it says is not believed.
	about func(*reply) error
	// confidential is what of the parameters must not be seen in an error.
	confidential string

	query string
	body  []byte
	kind  string // content type of body
	proof string // the signature of the last attempt
	sent  time.Time
}

func (q *request) name() string { return q.method + " " + q.path }

// prepare puts the parameters where they belong, as bytes.
func (q *request) prepare(version int) error {
	for name, value := range q.params {
		if !utf8.ValidString(value) {
			return fmt.Errorf("%s is not valid UTF-8", name)
		}
	}
	switch {
	case q.method != http.MethodPost:
		q.query = canonical(q.params)
	case version == signatureForm:
		q.kind, q.body = "application/x-www-form-urlencoded", []byte(canonical(q.params))
	default:
		body, err := json.Marshal(q.params)
		if err != nil {
			return err
		}
		q.kind, q.body = "application/json", body
	}
	return nil
}

// do makes one call: it signs, paces and sends it, classifies the answer, and
// tries again where that is safe (see retry.go). Its errors are *Error, most of
// them with a hint.
//
// The end of ctx keeps a call from being sent, and so does its gate a write, at each attempt.
// A write under way is finished all the same, within the timeout: what it did must be known.
func (c *Client) do(ctx context.Context, q request) (*reply, error) {
	if err := q.prepare(c.signer.version); err != nil {
		return nil, &Error{Op: q.name(), Kind: ErrNotSent, Message: err.Error(), Err: err}
	}
	q.apart = q.apart || c.alone
	hiccups, throttled := 0, 0
	var refused, lost error // the last 429 (Duo has done nothing, and nothing was sent since); a write perhaps done
	for {
		r, e := c.attempt(ctx, &q)
		if e == nil {
			c.pace.succeeded(q.sent)
			return r, nil
		}
		err := e.hinted
		if e.FromDuo && e.Kind != ErrRateLimited {
			c.pace.succeeded(q.sent) // it was counted, whatever it said
		}
		switch {
		case gate.RefusalOf(err) != nil:
			return nil, gate.After(lost, err)
		case e.Kind == ErrNotSent && cmp.Or(lost, refused) != nil:
			return nil, cmp.Or(lost, refused)
		case e.Kind == ErrRateLimited && e.Sent:
			throttled++
			c.refused.Add(1)
			refused = err
			pause := e.RetryAfter
			if pause <= 0 {
				pause = throttleWait(throttled)
			}
			c.pace.refused(q.sent, pause) // every next attempt waits for it
			if throttled == maxThrottled {
				return nil, err
			}
		case Hiccup(err) && !untrusted(err) && (!q.once || !e.Sent) && hiccups < maxRetries:
			hiccups++
			if refused = nil; e.Sent && q.method != http.MethodGet {
				lost = err
			}
			q.apart = q.apart || e.Kind == ErrStray
			if c.sleep(ctx, retryWait(hiccups)) != nil {
				return nil, err
			}
		default:
			return nil, err
		}
		if ctx.Err() != nil {
			return nil, err
		}
		c.retries.Add(1)
	}
}

// failure is an Error and the same with its hint.
type failure struct {
	*Error
	hinted error
}

func (c *Client) fail(e *Error, ahead time.Duration, dated bool) *failure {
	err := error(e)
	if hint := c.at.hint(e, ahead, dated); hint != "" {
		err = dirsync.WithHint(e, hint)
	}
	return &failure{e, err}
}

// turn waits until an attempt may be sent, and tells why it may not.
func (c *Client) turn(ctx context.Context, q *request) *failure {
	at := ctx
	if q.method == http.MethodGet {
		at = gate.Open(ctx)
	}
	err := c.pace.await(at)
	if err == nil {
		err = gate.Pass(at)
	}
	if deadline, ok := ctx.Deadline(); err == nil && ok && gate.IsOver(deadline) {
		err = context.DeadlineExceeded // a process that was frozen may not have been told yet
	}
	if err == nil {
		return nil
	}
	e := &Error{Op: q.name(), Kind: ErrNotSent, Message: err.Error(), Err: err}
	var pause *pauseError
	if errors.As(err, &pause) {
		e.Kind = ErrRateLimited
	}
	return c.fail(e, 0, false)
}

// attempt sends a call once.
func (c *Client) attempt(ctx context.Context, q *request) (*reply, *failure) {
	if e := c.turn(ctx, q); e != nil {
		return nil, e
	}
	asked := ctx
	if q.method != http.MethodGet {
		ctx = context.WithoutCancel(ctx)
	}
	ctx, cancel := context.WithTimeout(ctx, c.at.timeout)
	defer cancel()

	// A connection that was got may have carried the request to Duo.
	reached := false
	ctx = httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { reached = c.at.route.Reached() },
	})
	c.calls.Add(1)
	sent := c.now()
	q.sent = sent
	status, header, body, err := c.send(ctx, q, sent)
	answered := c.now()
	told := c.telling(ctx, q, status, answered.Sub(sent))
	if err != nil && status != http.StatusTooManyRequests {
		told.Debug("called Duo")
		return nil, c.unanswered(asked, q, reached, c.at.route.Failed(err))
	}
	hidden := c.hiddenOf(q)
	r, e := decodeReply(status, header, body, func(said string) string { return hidden.Line(said, maxWords) })
	told.WithFields(said(e)).Debug("called Duo")
	if e == nil && q.about != nil {
		if err := q.about(r); err != nil {
			r, e = nil, &Error{Kind: ErrStray, HTTP: status, Message: hidden.Line(err.Error(), maxWords), Sent: true}
		}
	}
	date, badDate := http.ParseTime(header.Get("Date"))
	if badDate == nil && (e == nil || e.FromDuo) {
		c.clock.learn(date, sent, answered)
	}
	if e == nil {
		return r, nil
	}
	e.Op = q.name()
	if e.Kind == ErrStray {
		c.http.CloseIdleConnections() // whose answers may all be one late
	}
	if e.Kind == ErrRateLimited {
		e.RetryAfter = retryAfter(header, answered)
	}
	return nil, c.fail(e, date.Sub(answered), badDate == nil)
}

// telling begins the line of the log about a call: which it was, whom it was about, and how
// it went by HTTP.
func (c *Client) telling(ctx context.Context, q *request, status int, took time.Duration) logrus.FieldLogger {
	told := c.log.WithFields(logrus.Fields{"method": q.method, "path": q.path, "status": status, "ms": took.Milliseconds()})
	if !c.log.IsLevelEnabled(logrus.DebugLevel) { // to look for secrets among a hundred names is slow
		return told
	}
	if who := cmp.Or(dirsync.ConcernedIn(ctx), q.params["username"]); who != "" {
		return told.WithField("about", c.hiddenOf(q).Line(who, maxWords))
	}
	return told
}

// said gives for the log what Duo's envelope said; nothing where there was none.
func said(e *Error) logrus.Fields {
	switch {
	case e == nil:
		return logrus.Fields{"stat": "OK"}
	case e.FromDuo:
		return logrus.Fields{"stat": "FAIL", "code": e.Code}
	}
	return nil
}

// send signs the request as of now and reads the whole answer.
func (c *Client) send(ctx context.Context, q *request, now time.Time) (int, http.Header, []byte, error) {
	u := url.URL{Scheme: "https", Host: c.at.address, Path: q.path, RawQuery: q.query}
	hr, err := http.NewRequestWithContext(ctx, q.method, u.String(), nil)
	if err != nil {
		return 0, nil, nil, err
	}
	if q.body != nil {
		deadline, _ := ctx.Deadline()
		hr.ContentLength = int64(len(q.body))
		hr.GetBody = func() (io.ReadCloser, error) { return gate.InTime(q.body, deadline), nil }
		hr.Body, _ = hr.GetBody()
	} else {
		// With no body at all net/http would send a GET again by itself where a
		// kept connection breaks: the same signature, and a call not counted.
		hr.Body = io.NopCloser(strings.NewReader(""))
	}
	m := message{date: signatureDate(now), method: q.method, host: c.at.host, path: q.path, params: q.query, body: q.body}
	if c.signer.version == signatureForm && q.body != nil {
		m.params = string(q.body)
	}
	q.proof = c.signer.sign(m)
	hr.SetBasicAuth(c.signer.integration, q.proof)
	hr.Header.Set("Date", m.date)
	hr.Header.Set("User-Agent", c.agent)
	hr.Header.Set("Accept", "application/json")
	hr.Header.Set("Cache-Control", "no-cache") // RFC 9111, 5.2.1.4: an answer of now
	if q.kind != "" {
		hr.Header.Set("Content-Type", q.kind)
	}
	client := c.http
	if q.apart {
		client = c.apart
	}
	answer, err := client.Do(hr)
	if err != nil {
		return 0, nil, nil, err
	}
	defer func() { _ = answer.Body.Close() }()
	data, err := io.ReadAll(io.LimitReader(answer.Body, maxBody+1))
	if err != nil {
		return answer.StatusCode, answer.Header, nil, fmt.Errorf("reading the answer: %w", err)
	}
	if len(data) > maxBody {
		return answer.StatusCode, answer.Header, nil, fmt.Errorf("the answer is larger than %d MB", maxBody>>20)
	}
	return answer.StatusCode, answer.Header, data, nil
}

// Stray gives the error of an answer that is not about what was asked, where only the
// caller can tell: op names the call, and message what the answer is about. No kept
// connection is used for the next call.
func (c *Client) Stray(op, message string) error {
	c.http.CloseIdleConnections()
	return c.fail(&Error{Op: op, Kind: ErrStray, HTTP: http.StatusOK, Message: c.tidy(message), Sent: true}, 0, false).hinted
}

// hiddenOf knows what was sent in confidence with a call.
func (c *Client) hiddenOf(q *request) secrets.Hider { return c.hidden.And(q.confidential, q.proof) }

// unanswered is why a call has no answer: the network's fault, or the end of the asker's
// patience.
func (c *Client) unanswered(ctx context.Context, q *request, reached bool, err error) *failure {
	e := &Error{Op: q.name(), Kind: ErrTransport, Message: words(err, c.hiddenOf(q)), Sent: reached, Err: err}
	if stopped := context.Cause(ctx); stopped != nil && q.method == http.MethodGet {
		e.Message, e.Err = "not waited for any longer: "+stopped.Error(), stopped
		return &failure{e, e} // no advice: the network did nothing wrong
	}
	return c.fail(e, 0, false)
}

// words gives a transport error's text without the URL, which holds parameters,
// and without any secret.
func words(err error, hidden secrets.Hider) string {
	var outer *url.Error
	if errors.As(err, &outer) {
		err = outer.Err
	}
	return hidden.Line(err.Error(), maxWords)
}

// Again waits before retry n, counted from 1, of a call that the caller sends once more
// by itself, and counts it. It is false where that was tried often enough, or ctx has
// ended.
func (c *Client) Again(ctx context.Context, n int) bool {
	if n > maxRetries || c.sleep(ctx, retryWait(n)) != nil || ctx.Err() != nil {
		return false
	}
	c.retries.Add(1)
	return true
}

// Proxy tells through which proxy Duo is called, as scheme://host:port, or "" for
// none. A user and a password are left out.
func (c *Client) Proxy() string { return c.at.route.Through() }
