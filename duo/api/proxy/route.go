package proxy

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"syscall"
)

// Route is the way to Duo, through a proxy or directly.
type Route struct {
	choose           func(*http.Request) (*url.URL, error)
	password         string
	setting, address string
	through          string
	works            atomic.Bool // it has connected once
}

// NewRoute gives the way to an address: by a URL from the configuration, or, where that is
// "", by the environment.
func NewRoute(text, address string) (*Route, error) {
	choose, password, err := chosen(text, address)
	if err != nil {
		return nil, err
	}
	r := &Route{choose: choose, password: password, setting: setting(text), address: address}
	if u, err := choose(&http.Request{URL: &url.URL{Scheme: "https", Host: address}}); err == nil && u != nil {
		r.through = u.Scheme + "://" + u.Host
	}
	return r, nil
}

// Choose gives the proxy of a request, as http.Transport asks for it.
func (r *Route) Choose(request *http.Request) (*url.URL, error) { return r.choose(request) }

// Password is that for the proxy, or "".
func (r *Route) Password() string { return r.password }

// Through names the proxy, as scheme://host:port, without a user and a password; "": Duo is
// called directly.
func (r *Route) Through() string { return r.through }

// Answered takes the answer to a CONNECT.
func (r *Route) Answered(_ context.Context, proxy *url.URL, _ *http.Request, answer *http.Response) error {
	err := refused(proxy, answer)
	if err == nil {
		r.works.Store(true)
	}
	return err
}

// Reached notes that a call has a connection to Duo, and is true.
func (r *Route) Reached() bool {
	r.works.Store(true)
	return true
}

// Failed gives the error of a call. A proxy that has never connected, and does not say why,
// is named in it.
func (r *Route) Failed(err error) error {
	if r.through == "" || r.works.Load() || errors.Is(err, context.Canceled) {
		return err
	}
	var timeout net.Error
	silent := errors.Is(err, context.DeadlineExceeded) || errors.As(err, &timeout) && timeout.Timeout()
	broken := errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
		strings.Contains(err.Error(), "malformed HTTP") || strings.Contains(err.Error(), "unexpected protocol version")
	if !silent && !broken {
		return err
	}
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err // without the URL of the call
	}
	return &Mute{through: r.through, silent: silent, err: err}
}

// Mute is what stands in the place of a proxy and does not answer as one.
type Mute struct {
	through string
	silent  bool // it answers nothing at all
	err     error
}

// Error names the proxy.
func (m *Mute) Error() string {
	if m.silent {
		return fmt.Sprintf("the proxy %s did not connect in time", m.through)
	}
	return fmt.Sprintf("what answers at %s does not speak as a proxy", m.through)
}

// Unwrap gives the error of the connection.
func (m *Mute) Unwrap() error { return m.err }

// Closes reports whether an error is of a proxy that would answer every further call in the
// same way, or let each wait for its whole time.
func Closes(err error) bool {
	var (
		refusal *Error
		mute    *Mute
	)
	return errors.As(err, &refusal) && refusal.closed() || errors.As(err, &mute) && mute.silent || err != nil && refusedBySocks(err)
}

// Hint says what the admin can do about an error of the proxy; "" where it is another's.
func (r *Route) Hint(err error) string {
	var (
		refusal   *Error
		mute      *Mute
		operation *net.OpError
		record    tls.RecordHeaderError
	)
	const other = "an HTTP proxy as http://HOST:PORT, a SOCKS proxy as socks5://HOST:PORT"
	connecting := errors.As(err, &operation) && operation.Op == "proxyconnect"
	switch {
	case errors.As(err, &refusal):
		return refusal.hint(r.setting, r.address)
	case refusedBySocks(err):
		return "the proxy does not take the user and the password in " + r.setting + ": correct them"
	case errors.As(err, &mute) && mute.silent:
		return "check the proxy in " + r.setting + ", its port and its kind (" + other + "), and that it gets through to " + r.address
	case errors.As(err, &mute):
		return "set " + r.setting + " to the proxy's own address: " + other
	case connecting && errors.As(err, &record):
		return "the proxy does not speak TLS itself: write http:// in place of https:// in " + r.setting + "; what goes through it to Duo is encrypted all the same"
	case connecting:
		return "the proxy cannot be reached: check " + r.setting
	}
	return ""
}
