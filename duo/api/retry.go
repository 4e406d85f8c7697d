package api

import (
	"crypto/tls"
	"errors"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"duosync/duo/api/proxy"
	"duosync/duo/gate"
)

const (
	// maxRetries bounds how often a call is sent again after a hiccup.
	maxRetries = 3
	// maxThrottled bounds how often one call may be answered 429.
	maxThrottled = 8
	// firstRetry is the wait before the first retry; each next one is twice
	// as long.
	firstRetry = 500 * time.Millisecond
	// The waits after a 429 without a Retry-After; the same as Duo's own
	// clients'.
	firstThrottle, longestThrottle = time.Second, 32 * time.Second
)

// retryWait is the wait before retry n, counted from 1.
func retryWait(n int) time.Duration { return jittered(retryPause(n)) }

func retryPause(n int) time.Duration { return firstRetry << (n - 1) }

// throttleWait is the wait after the nth 429 in a row of one call, where Duo
// does not say how long to wait.
func throttleWait(n int) time.Duration { return jittered(throttlePause(n)) }

func throttlePause(n int) time.Duration { return min(firstThrottle<<(n-1), longestThrottle) }

// Patience is how long one call may take with all the tries that it gets: each attempt
// its whole Timeout, all waits between them, and all those after a 429, which itself is
// answered at once. A pause that Duo asks for in a Retry-After may be longer.
func (c *Client) Patience() time.Duration {
	total := c.Timeout()
	for n := 1; n <= maxRetries; n++ {
		total += longestOf(retryPause(n)) + c.Timeout()
	}
	for n := 1; n < maxThrottled; n++ {
		total += longestOf(throttlePause(n))
	}
	return total
}

// Hiccup reports whether err is a failure that says nothing about the request:
// the connection broke, what answered could not do its work, or the answer was to
// something else. Sent again, it may well go through.
func Hiccup(err error) bool {
	for _, kind := range []Kind{ErrTransport, ErrServer, ErrNotDuo, ErrStray, ErrUnclear} {
		if errors.Is(err, kind) {
			return true
		}
	}
	return false
}

// untrusted reports whether err is a certificate that is not accepted, or a proxy that
// does not let us through: the next attempt would see the same.
func untrusted(err error) bool {
	var e *tls.CertificateVerificationError
	return errors.As(err, &e) || shut(err)
}

// shut reports whether err is a proxy that refuses the login, or Duo's address, or says nothing.
func shut(err error) bool { return proxy.Closes(err) }

// Outage reports whether err speaks of trouble that is Duo's or the network's, and not
// of this one call.
func Outage(err error) bool { return Hiccup(err) || errors.Is(err, ErrRateLimited) }

// Stops reports whether err is one that every further call would meet as well.
func Stops(err error) bool {
	var pause *pauseError
	return errors.As(err, &pause) || gate.Closed(err) != nil || errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || shut(err)
}

// retryAfter reads a Retry-After header: seconds or an HTTP date (RFC 9110,
// 10.2.3), the date against the reply's own Date. Zero means that it says
// nothing of use.
func retryAfter(header http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(header.Get("Retry-After"))
	if seconds, err := strconv.ParseFloat(text, 64); err == nil {
		if !(seconds > 0) {
			return 0
		}
		return time.Duration(math.Min(seconds, 1e8) * float64(time.Second))
	}
	until, err := http.ParseTime(text)
	if err != nil {
		return 0
	}
	if date, err := http.ParseTime(header.Get("Date")); err == nil {
		now = date
	}
	return max(until.Sub(now), 0)
}
