// Package console is what a running daemon shows at http.listen: health, readiness,
// metrics, and the pages that an administrator opens first. It reads, and changes nothing.
// What each page shows is in the room pages, and how people are found in the room people.
package console

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/console/people"
	"duosync/cmd/internal/past"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/secrets"
)

// Options are what a console works with.
type Options struct {
	// Examine looks at the state without opening it, and says why it can't be used. It is
	// asked for each page, beside a run, so it must be quick and take no lock.
	Examine func(loaded *config.Loaded) (state.Condition, error)
	// Standing gives what stands in the state; nil: nobody can say.
	Standing func(ctx context.Context, loaded *config.Loaded) (*past.Standing, error)
	// Glance has look read what stands in the state, beside a run and without keeping it
	// waiting; look may be called again, and forgets what it found before. nil: nobody can.
	Glance func(ctx context.Context, loaded *config.Loaded, look func(*past.Moment) error) error
	// Rules gives what the configuration says of people; nil: nobody can.
	Rules func(loaded *config.Loaded) (*Rules, error)
	// Entry asks the directory which person has a DN; "": nobody. nil: nobody can.
	Entry func(ctx context.Context, loaded *config.Loaded, dn string) (dirsync.SourceID, error)
	// Log is told where the pages are served, and what goes wrong with them.
	Log logrus.FieldLogger
	// Version that duosync calls itself by.
	Version string
}

// Rules are what a configuration says of people.
type Rules struct {
	Due    func(*dirsync.Link) (dirsync.Waiting, bool) // the removal that somebody waits for
	Hidden func(field string) bool                     // what is not to be shown of people
}

var (
	errNoEntry   = errors.New("this process does not ask the directory")
	errBusyEntry = errors.New("it is busy with other such questions")
)

// Server serves health, metrics and pages at http.listen. It belongs
// to the loop; only its settings, and what it looks at, are for requests.
type Server struct {
	status   *Status
	metrics  Metrics
	opts     Options
	settings atomic.Pointer[settings]

	looking sync.Mutex // one looks at the state at a time
	looked  looked

	runs    runCache
	people  people.Keeper
	misses  misses
	turns   chan struct{} // of those that make a page
	queued  atomic.Int32  // who wait for a turn
	sending chan struct{} // of pages that are made, and on their way
	loads   chan struct{} // of those that download a run
	stall   time.Duration // see [downloadStall]
	asking  chan struct{} // of the one that asks the directory
	life    context.Context
	end     context.CancelFunc

	listen string // as configured; "" while nothing is served
	http   *http.Server
	served chan struct{}
}

// settings can change while the server listens.
type settings struct {
	token       config.Secret
	certificate *tls.Certificate // nil: no TLS
}

// New makes a server of a status and of metrics. It serves nothing before Adopt.
func New(status *Status, metrics Metrics, opts Options) *Server {
	s := &Server{status: status, metrics: metrics, opts: opts, turns: make(chan struct{}, pagesAtOnce),
		sending: make(chan struct{}, pagesSent), loads: make(chan struct{}, downloadsAtOnce), stall: downloadStall, asking: make(chan struct{}, 1)}
	s.life, s.end = context.WithCancel(context.Background())
	return s
}

// End ends what goes on in the background, for good.
func (s *Server) End() { s.end() }

// answer answers with a line of text.
func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(code)
	_, _ = io.WriteString(w, text+"\n")
}

// debugLog is for what net/http and promhttp have to say, such as of handshakes
// that fail.
func (s *Server) debugLog() *log.Logger { return log.New(debugWriter{s}, "", 0) }

type debugWriter struct{ *Server }

// Write logs a line; who calls may have put the token where it does not belong.
func (w debugWriter) Write(p []byte) (int, error) {
	hidden := secrets.Hider{}
	if now := w.settings.Load(); now != nil {
		hidden = secrets.New(now.token.Reveal())
	}
	w.opts.Log.Debug(hidden.Line(string(p), 0))
	return len(p), nil
}
