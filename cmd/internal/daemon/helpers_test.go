package daemon_test

import (
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/daemon"
	"duosync/cmd/internal/watch"
	"duosync/state"
	dirsync "duosync/sync"
)

// parse gives a configuration with these lines besides what must be there.
func parse(t *testing.T, lines string) *config.Loaded {
	t.Helper()
	loaded, err := config.Parse("/etc/duosync/config.yaml", []byte(`
duo: {host: api-1a2b3c4d.duosecurity.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: abc}
`+lines), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	return loaded
}

// every is a schedule without chance in it.
func every(spec, zone string, atStart bool) string {
	line := "schedule: {cron: '" + spec + "', timezone: " + zone + ", jitter: 0s, at_start: "
	if atStart {
		return line + "true}\n"
	}
	return line + "false}\n"
}

// job is a daemon whose runs are made up.
type job struct {
	run       func(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) *dirsync.Run
	load      func() (*config.Loaded, error)
	reachable error
	watchdog  time.Duration

	hangup chan os.Signal
	mu     sync.Mutex
	starts []time.Time
	states []string // that the service manager was told
	lines  []*logrus.Entry
	log    *logrus.Logger
	heard  chan string // addresses
}

func newJob(run func(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) *dirsync.Run) *job {
	j := &job{run: run, hangup: make(chan os.Signal, 1), log: logrus.New(), heard: make(chan string, 10)}
	j.log.SetOutput(io.Discard)
	j.log.SetLevel(logrus.InfoLevel)
	j.log.AddHook(j)
	return j
}

// Levels implements logrus.Hook.
func (j *job) Levels() []logrus.Level { return logrus.AllLevels }

// Fire implements logrus.Hook.
func (j *job) Fire(e *logrus.Entry) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	j.lines = append(j.lines, e)
	if address, ok := e.Data["address"].(string); ok {
		j.heard <- address
	}
	return nil
}

// start starts the daemon; stop ends it and gives what Run returned.
func (j *job) start(t *testing.T, loaded *config.Loaded) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() {
		done <- daemon.Run(ctx, loaded, daemon.Options{
			Load: func() (*config.Loaded, error) { return j.load() },
			Run: func(ctx context.Context, loaded *config.Loaded, watch *watch.Watch) *dirsync.Run {
				j.mu.Lock()
				j.starts = append(j.starts, time.Now())
				j.mu.Unlock()
				return j.run(ctx, loaded, watch)
			},
			Examine: func(*config.Loaded) (state.Condition, error) { return state.Condition{}, j.reachable },
			Reload:  j.hangup,
			Notify: func(state string) error {
				j.mu.Lock()
				defer j.mu.Unlock()
				j.states = append(j.states, state)
				return nil
			},
			Watchdog: j.watchdog, Log: j.log, Version: "test",
		})
	}()
	return sync.OnceValue(func() error {
		cancel()
		return <-done
	})
}

func (j *job) reload() { j.hangup <- syscall.SIGHUP }

// startTimes gives when runs began, as hours and minutes or so.
func (j *job) startTimes(layout string, zone *time.Location) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var times []string
	for _, at := range j.starts {
		times = append(times, at.In(zone).Format(layout))
	}
	return times
}

// logged gives the lines of a level or worse, with error and hint.
func (j *job) logged(level logrus.Level) []string {
	j.mu.Lock()
	defer j.mu.Unlock()
	var lines []string
	for _, e := range j.lines {
		if e.Level > level {
			continue
		}
		line := e.Message
		for _, name := range []string{"error", "hint", "guards", "held_by", "mistake"} {
			if value, ok := e.Data[name]; ok {
				line += "; " + name + ": " + toText(value)
			}
		}
		lines = append(lines, line)
	}
	return lines
}

func toText(value any) string {
	if err, ok := value.(error); ok {
		return err.Error()
	}
	return value.(string)
}

// told counts what the service manager was told.
func (j *job) told(part string) int {
	j.mu.Lock()
	defer j.mu.Unlock()
	return strings.Count(strings.Join(j.states, "\n")+"\n", part+"\n")
}

// fine makes runs without changes, which take so long.
func fine(d time.Duration) func(context.Context, *config.Loaded, *watch.Watch) *dirsync.Run {
	return func(ctx context.Context, _ *config.Loaded, _ *watch.Watch) *dirsync.Run {
		started := time.Now()
		select {
		case <-time.After(d):
			return &dirsync.Run{Outcome: dirsync.OutcomeNoChanges, Complete: true, Started: started, Finished: time.Now()}
		case <-ctx.Done():
			return failed(ctx.Err())
		}
	}
}

func failed(err error) *dirsync.Run {
	return &dirsync.Run{Outcome: dirsync.OutcomeFailed, Err: err, Started: time.Now(), Finished: time.Now()}
}

// oneAfterAnother gives the nth run at the nth call, the last one for ever.
func oneAfterAnother(runs ...*dirsync.Run) func(context.Context, *config.Loaded, *watch.Watch) *dirsync.Run {
	n := 0
	return func(context.Context, *config.Loaded, *watch.Watch) *dirsync.Run {
		n++
		return runs[min(n, len(runs))-1]
	}
}

func wantLines(t *testing.T, got []string, want ...string) {
	t.Helper()
	match := func(g, w string) bool { return strings.Contains(g, w) }
	if !slices.EqualFunc(got, want, match) {
		t.Errorf("lines:\n%s\nwant them to contain, one by one:\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

var errDown = errors.New("the directory is down")
