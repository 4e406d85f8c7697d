package console

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/past"
	"duosync/cmd/internal/report/form"
)

// TestDownloadsKeepNoPageWaiting: a few runs are downloaded at once, others are told to come
// again, and pages are made as if nothing was.
func TestDownloadsKeepNoPageWaiting(t *testing.T) {
	d := newDesk(t)
	began, goOn := make(chan struct{}), make(chan struct{})
	d.opts.Glance = func(context.Context, *config.Loaded, func(*past.Moment) error) error {
		began <- struct{}{}
		<-goOn
		return errors.New("no state")
	}
	handler := d.handler()
	codes := make(chan int)
	for range downloadsAtOnce {
		go func() {
			code, _, _ := get(t.Context(), handler, "/runs/x?format=json", nil)
			codes <- code
		}()
		<-began
	}
	for range 8 {
		if code, _, h := get(t.Context(), handler, "/runs/x?format=csv", nil); code != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
			t.Errorf("one more: %d", code)
		}
		if code, _, _ := get(t.Context(), handler, "/", nil); code != http.StatusOK {
			t.Errorf("a page: %d", code)
		}
	}
	if len(d.turns) != 0 {
		t.Error("a download has the turn of a page")
	}
	close(goOn)
	for range downloadsAtOnce {
		<-codes
	}
	if code, _, _ := get(t.Context(), handler, "/runs/x?format=nope", nil); code != http.StatusBadRequest {
		t.Errorf("afterwards: %d", code)
	}
}

// endless is a document that has no end.
type endless struct{ form.Renderer }

func (endless) Write(out io.Writer, _ form.Format, _ form.Look) error {
	for {
		if _, err := out.Write(bytes.Repeat([]byte("x"), 100_000)); err != nil {
			return err
		}
	}
}

// TestWhoDoesNotRead is dropped; a page that is not read keeps no turn.
func TestWhoDoesNotRead(t *testing.T) {
	for _, test := range []struct {
		name  string
		serve func(*desk, http.ResponseWriter, *http.Request)
	}{
		{"download", func(d *desk, w http.ResponseWriter, r *http.Request) {
			d.stall = 50 * time.Millisecond
			d.download(func(w http.ResponseWriter, _ *http.Request, _ *view) { d.stream(w, endless{}, form.JSON) })(w, r)
		}},
		{"page", func(d *desk, w http.ResponseWriter, r *http.Request) {
			d.page(func(w http.ResponseWriter, _ *http.Request, _ *view) {
				w.WriteHeader(http.StatusOK)
				if len(d.turns) != 0 {
					t.Error("the turn is kept while the page is sent")
				}
				_ = endless{}.Write(newSteady(w.(*sentPage).ResponseWriter, 50*time.Millisecond), "", form.Look{})
			})(w, r)
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			d, ended := newDesk(t), make(chan struct{})
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				defer close(ended)
				test.serve(d, w, r)
			}))
			defer server.Close()
			conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", server.Listener.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			if _, err := io.WriteString(conn, "GET / HTTP/1.1\r\nHost: x\r\n\r\n"); err != nil {
				t.Fatal(err)
			}
			<-ended
			if len(d.loads)+len(d.turns)+len(d.sending) != 0 {
				t.Error("something is kept")
			}
		})
	}
}

// deadlines notes when a writer has to be done.
type deadlines struct {
	*httptest.ResponseRecorder
	set []time.Time
}

func (d *deadlines) SetWriteDeadline(at time.Time) error {
	d.set = append(d.set, at)
	return nil
}

// TestDeadlineMovesWithWhatGoes: for each piece there is time anew, up to the end of all.
func TestDeadlineMovesWithWhatGoes(t *testing.T) {
	w := &deadlines{ResponseRecorder: httptest.NewRecorder()}
	out := newSteady(w, time.Minute)
	text := bytes.Repeat([]byte("0123456789"), 10_000)
	if n, err := out.Write(text); n != len(text) || err != nil || !bytes.Equal(w.Body.Bytes(), text) {
		t.Fatalf("%d, %v", n, err)
	}
	if want := (len(text) + downloadPiece - 1) / downloadPiece; len(w.set) != want {
		t.Errorf("%d deadlines, want %d", len(w.set), want)
	}
	for i := range w.set[1:] {
		if !w.set[i+1].After(w.set[i]) {
			t.Errorf("deadline %d does not move", i+1)
		}
	}
	out.end = w.set[0]
	if _, err := out.Write(text[:1]); err != nil || !w.set[len(w.set)-1].Equal(out.end) {
		t.Errorf("a deadline is behind the end of all: %v", err)
	}
}
