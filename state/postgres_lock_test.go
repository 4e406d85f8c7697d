package state_test

import (
	"context"
	"errors"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"duosync/state"
	"duosync/state/backend"
	"duosync/state/pgtest"
	dirsync "duosync/sync"
)

// loseLock ends the connection that holds the lock of a state, as a dead network does.
func loseLock(t *testing.T, server *pgtest.Server, dsn string) {
	t.Helper()
	u, err := url.Parse(dsn)
	must(t, err)
	must(t, server.Admin(`SELECT pg_terminate_backend(pid, 60000) FROM pg_locks WHERE locktype = 'advisory'
		AND objid = (SELECT oid FROM pg_namespace WHERE nspname = '`+u.Query().Get("search_path")+`')`))
}

func TestServerLockTellsWhoHoldsIt(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	dsn := server.Schema(t)
	since := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	first, err := state.Open(t.Context(), dsn, state.Options{CallTime: time.Minute, Now: func() time.Time { return since }})
	must(t, err)
	_, err = state.Open(t.Context(), dsn, state.Options{CallTime: time.Minute})
	if !errors.Is(err, state.ErrLocked) {
		t.Fatalf("opening it a second time: %v, want ErrLocked", err)
	}
	host, _ := os.Hostname()
	for _, want := range []string{"by process " + strconv.Itoa(os.Getpid()) + " on " + host, "since 2026-03-04T05:06:07Z"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q does not say %q", err, want)
		}
	}
	if dirsync.Hint(err) == "" {
		t.Errorf("%q comes without advice", err)
	}
	closing(t, open(t, server.Schema(t))) // another state in the same database
	closing(t, first)
	closing(t, open(t, dsn))
}

// Without the time a successor would not wait for what is under way.
func TestServerNeedsToKnowHowLongACallLasts(t *testing.T) {
	t.Parallel()
	if _, err := state.Open(t.Context(), postgres(t).Schema(t), state.Options{}); err == nil || !strings.Contains(err.Error(), "how long") {
		t.Errorf("opening without CallTime: %v", err)
	}
}

func TestServerLockDiesWithItsProcess(t *testing.T) {
	t.Parallel()
	dsn := postgres(t).Schema(t)
	before := time.Now()
	run := startRun(t, dsn)
	if _, err := state.Open(t.Context(), dsn, state.Options{CallTime: time.Minute}); !errors.Is(err, state.ErrLocked) {
		t.Errorf("opening beside a run: %v, want ErrLocked", err)
	}
	run.kill(t)
	eventually(t, func() bool {
		who, err := state.Holder(dsn)
		must(t, err)
		return who == ""
	})
	db := open(t, dsn)
	defer closing(t, db)
	// Its call may have been under way.
	if waited := time.Since(before); waited < childCallTime {
		t.Errorf("the state was open %v after the call began, which may last %v", waited, childCallTime)
	}
	checkKilled(t, db)
}

func TestCutOffHolderWritesNothingMore(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	dsn := server.Schema(t)
	cut := openFor(t, dsn, time.Millisecond)
	j := begin(t, cut, "cut off")
	intend(t, j, create("a"), time.Now())
	loseLock(t, server, dsn)
	intend(t, j, create("b"), time.Now()) // nobody else is there yet

	next := openFor(t, dsn, time.Millisecond)
	defer closing(t, next)
	after := begin(t, next, "next")
	for name, err := range map[string]error{
		"intend": refused(t.Context(), j, create("c")),
		"record": j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: link("a", "DU1")}}),
		"use":    j.Use(t.Context(), []string{"x"}),
		"finish": j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}),
	} {
		if !errors.Is(err, backend.ErrLostLock) || dirsync.Hint(err) == "" {
			t.Errorf("%s: %v, want ErrLostLock with advice", name, err)
		}
	}
	if _, err := cut.Begin(t.Context(), dirsync.RunStart{ID: "again", Started: time.Now(), Binding: account}); !errors.Is(err, backend.ErrLostLock) {
		t.Errorf("begin: %v, want ErrLostLock", err)
	}
	closing(t, cut)

	left, err := next.Open(t.Context())
	must(t, err)
	if len(left) != 2 || countLinks(t, next) != 0 {
		t.Errorf("%d open intents and %d links, want the two of before and none", len(left), countLinks(t, next))
	}
	intend(t, after, create("d"), time.Now())
}

func TestFrozenHolderWritesNothingMore(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	dsn := server.Schema(t) + "&application_name=frozen"
	frozen := start(t, "frozen", dsn)
	must(t, frozen.cmd.Process.Signal(syscall.SIGSTOP))
	// What the server does with a host that answers no more.
	must(t, server.Admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
		WHERE application_name = 'frozen' AND pid IN (SELECT pid FROM pg_locks WHERE locktype = 'advisory')`))
	eventually(t, func() bool {
		who, err := state.Holder(dsn)
		must(t, err)
		return who == ""
	})
	db := open(t, dsn)
	defer closing(t, db)
	must(t, frozen.cmd.Process.Signal(syscall.SIGCONT))
	_, err := frozen.in.Write([]byte("\n"))
	must(t, err)
	for _, call := range []string{"record", "intend", "finish"} {
		if said := frozen.says(t); !strings.Contains(said, "taken the state over") {
			t.Errorf("%s: %s", call, said)
		}
	}
	must(t, frozen.cmd.Wait())
	left, err := db.Open(t.Context())
	must(t, err)
	if len(left) != 1 || countLinks(t, db) != 0 {
		t.Errorf("%d open intents and %d links, want the one of before and none", len(left), countLinks(t, db))
	}
}

// A holder that lives keeps its lock, also past the time that a successor of a dead one
// would wait, and while it does nothing at all: frozen in the middle of a call here.
func TestALivingHolderKeepsItsLock(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		slow := start(t, "frozen", dsn)
		must(t, slow.cmd.Process.Signal(syscall.SIGSTOP))
		beside, err := state.OpenBeside(t.Context(), dsn, state.Options{})
		must(t, err)
		defer closing(t, beside)
		if _, err := beside.Setting(t.Context(), "search_path"); err == nil { // PostgreSQL: the call takes a day
			must(t, beside.Exec(t.Context(), `UPDATE intents SET begun = begun - interval '1 day'`))
		}
		if _, err := state.Open(t.Context(), dsn, state.Options{CallTime: time.Minute}); !errors.Is(err, state.ErrLocked) {
			t.Errorf("opening beside a slow call: %v, want ErrLocked", err)
		}
		must(t, slow.cmd.Process.Signal(syscall.SIGCONT))
		_, err = slow.in.Write([]byte("\n"))
		must(t, err)
		for _, call := range []string{"record", "intend", "finish"} {
			if said := slow.says(t); said != "<nil>" {
				t.Errorf("%s: %s", call, said)
			}
		}
		must(t, slow.cmd.Wait())
	})
}

func TestSuccessorWaitsForACall(t *testing.T) {
	t.Parallel()
	// atOnce opens a state without a wait, which would be of an hour.
	atOnce := func(t *testing.T, dsn string) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		db, err := state.Open(ctx, dsn, state.Options{CallTime: time.Minute})
		must(t, err)
		closing(t, db)
	}
	// wait opens it until some time after it has the lock, and gives how that ended.
	wait := func(t *testing.T, dsn string, pause time.Duration) error {
		t.Helper()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		opened := make(chan error, 1)
		go func() {
			db, err := state.Open(ctx, dsn, state.Options{CallTime: time.Minute})
			if err == nil {
				err = errors.Join(errors.New("it did not wait"), db.Close())
			}
			opened <- err
		}()
		eventually(t, func() bool {
			who, err := state.Holder(dsn)
			return err == nil && strings.HasPrefix(who, "by process") || len(opened) > 0
		})
		time.Sleep(pause)
		cancel()
		return <-opened
	}
	// waits sees how opening it does not end before it is told to. On a busy machine it
	// may be told between the lock and the wait.
	waits := func(t *testing.T, dsn string) {
		t.Helper()
		var err error
		for pause := 100 * time.Millisecond; pause < 10*time.Second; pause *= 2 {
			if err = wait(t, dsn, pause); !errors.Is(err, context.Canceled) || strings.Contains(err.Error(), "call to Duo") {
				break
			}
		}
		if !errors.Is(err, context.Canceled) || !strings.Contains(err.Error(), "call to Duo") {
			t.Error(err)
		}
	}
	// left leaves an intent without an outcome.
	left := func(t *testing.T, dsn string) *state.DB {
		t.Helper()
		db := openFor(t, dsn, time.Hour)
		j := begin(t, db, "first")
		intend(t, j, create("a"), time.Now())
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true, Keep: true}}))
		return db
	}
	server := postgres(t)
	t.Run("not of a holder that closed the state", func(t *testing.T) {
		dsn := server.Schema(t)
		closing(t, left(t, dsn))
		atOnce(t, dsn)
	})
	t.Run("of one that was cut off, again and again", func(t *testing.T) {
		dsn := server.Schema(t)
		db := left(t, dsn)
		loseLock(t, server, dsn)
		for range 2 {
			waits(t, dsn)
		}
		closing(t, db) // it is not its to tell any more
		waits(t, dsn)
		beside, err := state.OpenBeside(t.Context(), dsn, state.Options{})
		must(t, err)
		closing(t, beside)
	})
	t.Run("not when all is recorded", func(t *testing.T) {
		dsn := server.Schema(t)
		db := openFor(t, dsn, time.Hour)
		j := begin(t, db, "first")
		intend(t, j, create("a"), time.Now())
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
		loseLock(t, server, dsn)
		atOnce(t, dsn)
		closing(t, db)
	})
	t.Run("no longer than a call lasts, whatever the clock", func(t *testing.T) {
		dsn := server.Schema(t)
		db := openFor(t, dsn, 100*time.Millisecond)
		intend(t, begin(t, db, "first"), create("a"), time.Now())
		loseLock(t, server, dsn)
		must(t, db.Exec(t.Context(), `UPDATE intents SET begun = begun + interval '1 day'`))
		atOnce(t, dsn)
		closing(t, db)
	})
	t.Run("not on SQLite, where the call went with the process", func(t *testing.T) {
		dsn := t.TempDir() + "/duosync.db"
		startRun(t, dsn).kill(t)
		atOnce(t, dsn)
	})
}

// TestBesideWithoutAState: who asks for a state that is there makes none, and what is there
// is opened.
func TestBesideWithoutAState(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		if _, err := state.OpenBeside(t.Context(), dsn, state.Options{Existing: true}); !errors.Is(err, backend.ErrMissing) {
			t.Errorf("without a state: %v", err)
		}
		none, err := state.OpenReadOnly(t.Context(), dsn)
		must(t, err)
		if none.IsThere() {
			t.Error("a state was made")
		}
		closing(t, none)
		closing(t, open(t, dsn))
		beside, err := state.OpenBeside(t.Context(), dsn, state.Options{Existing: true})
		must(t, err)
		if !beside.IsThere() || beside.Name() == "" {
			t.Errorf("%q is there: %v", beside.Name(), beside.IsThere())
		}
		closing(t, beside)
	})
}

// TestExistingMakesNoFile: neither a folder nor a file is made for a state that is not there,
// and an empty file is none.
func TestExistingMakesNoFile(t *testing.T) {
	dir := t.TempDir()
	must(t, os.WriteFile(filepath.Join(dir, "empty.db"), nil, 0o600))
	before := tree(t, dir)
	for _, name := range []string{"duosync.db", "var/lib/duosync.db", "empty.db"} {
		path := filepath.Join(dir, name)
		if _, err := state.OpenBeside(t.Context(), path, state.Options{Existing: true}); !errors.Is(err, backend.ErrMissing) || dirsync.Hint(err) == "" {
			t.Errorf("%s: %v (%s)", name, err, dirsync.Hint(err))
		}
	}
	unchanged(t, before, dir)
}

func TestBesideARun(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, fresh func(*testing.T) string) {
		dsn := fresh(t)
		early, err := state.OpenBeside(t.Context(), dsn, state.Options{}) // it makes the state
		must(t, err)
		must(t, early.Approve(t.Context(), dirsync.Approval{ID: "early", Until: time.Now().Add(time.Hour)}))
		closing(t, early)

		db := open(t, dsn)
		defer closing(t, db)
		j := begin(t, db, "first")
		intend(t, j, create("a"), time.Now())
		beside, err := state.OpenBeside(t.Context(), dsn, state.Options{})
		must(t, err)
		defer closing(t, beside)
		must(t, beside.Approve(t.Context(), dirsync.Approval{ID: "late", Until: time.Now().Add(time.Hour)}))
		given, err := db.Approvals(t.Context(), time.Now())
		must(t, err)
		if len(given) != 2 {
			t.Errorf("the run sees %d approvals, want 2", len(given))
		}
		must(t, beside.Pause(t.Context(), dirsync.Pause{Since: time.Now(), Reason: "a test"}))
		if err := refused(t.Context(), j, create("b")); !errors.Is(err, dirsync.ErrPaused) {
			t.Errorf("intending while paused: %v, want ErrPaused", err)
		}
		paused, err := beside.Resume(t.Context(), "bob")
		if err != nil || !paused {
			t.Errorf("resume: %v, %v", paused, err)
		}
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
	})
}

func TestServerCommitsAreDurable(t *testing.T) {
	server := postgres(t)
	for given, want := range map[string]string{"": "on", "off": "on", "remote_apply": "remote_apply", "local": "local"} {
		dsn := server.Schema(t)
		if given != "" {
			dsn += "&synchronous_commit=" + given
		}
		db := open(t, dsn)
		got, err := db.Setting(t.Context(), "synchronous_commit")
		must(t, err)
		if got != want {
			t.Errorf("synchronous_commit %q becomes %q, want %q", given, got, want)
		}
		closing(t, db)
	}
}

// Whatever was acknowledged is there after the connections have broken.
func TestConnectionsThatEnd(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	dsn := server.Schema(t) + "&application_name=ends"
	db := openFor(t, dsn, time.Millisecond)
	j := begin(t, db, "first")
	intend(t, j, create("a"), time.Now())
	must(t, server.Admin(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'ends'`))
	err := refused(t.Context(), j, create("b"))
	if err == nil || !strings.Contains(dirsync.Hint(err), "run again") {
		t.Errorf("intending over a broken connection: %v (%s)", err, dirsync.Hint(err))
	}
	must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Link: link("a", "DU1")}})) // what has happened should be known
	must(t, db.Close())

	db = open(t, dsn)
	defer closing(t, db)
	left, err := db.Open(t.Context())
	must(t, err)
	if len(left) != 0 || countLinks(t, db) != 1 {
		t.Errorf("%d open intents and %d links, want none and 1", len(left), countLinks(t, db))
	}
}
