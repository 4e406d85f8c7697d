package gate_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"duosync/duo/gate"
)

// TestNothingIsSentAfterItsTime: a connection that took too long to make carries no call,
// though nobody has heard of the end of the time.
func TestNothingIsSentAfterItsTime(t *testing.T) {
	heard := make(chan string, 2)
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if body, err := io.ReadAll(r.Body); err == nil {
			heard <- string(body)
		}
	}))
	defer server.Close()
	for _, test := range []struct {
		deadline time.Time
		sent     bool
	}{{time.Now().Add(time.Hour), true}, {time.Now().Add(-time.Millisecond), false}} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Body, r.ContentLength = gate.InTime([]byte("a=b"), test.deadline), 3
		answer, err := server.Client().Do(r)
		if err == nil {
			_ = answer.Body.Close()
		}
		if (err == nil) != test.sent || !test.sent && !errors.Is(err, context.DeadlineExceeded) || len(heard) > 0 != test.sent {
			t.Errorf("until %s: %v, %d calls", time.Until(test.deadline), err, len(heard))
		}
		for len(heard) > 0 {
			if body := <-heard; body != "a=b" {
				t.Errorf("heard %q", body)
			}
		}
	}
}
