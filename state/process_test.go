package state_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"duosync/state"
	dirsync "duosync/sync"
)

// childCallTime is how long a call of a child may last.
const childCallTime = 1500 * time.Millisecond

// childEnv tells the test binary, started again, what to be: "role path".
const childEnv = "DUOSYNC_STATE_TEST_CHILD"

func TestMain(m *testing.M) {
	role, path, isChild := strings.Cut(os.Getenv(childEnv), " ")
	if !isChild {
		code := m.Run()
		if err := stopPostgres(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
		os.Exit(code)
	}
	if err := beChild(role, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beChild(role, path string) error {
	ctx := context.Background()
	switch role {
	case "once": // a whole run
		return beOnce(ctx, path)
	case "frozen": // a run that is stopped for a while, and goes on
		return beFrozen(ctx, path)
	case "run": // a run that is killed between a call and its record
		db, err := state.Open(ctx, path, state.Options{CallTime: childCallTime})
		if err != nil {
			return err
		}
		j, err := db.Begin(ctx, dirsync.RunStart{ID: "killed", Started: time.Now(), Binding: account})
		if err != nil {
			return err
		}
		if _, err := j.Intend(ctx, []*dirsync.Op{{Action: dirsync.Create, Source: "a"}, {Action: dirsync.Create, Source: "b"}}, time.Now()); err != nil {
			return err
		}
		if err := j.Record(ctx, []dirsync.Outcome{{Source: "b", Link: link("b", "DU2")}}); err != nil {
			return err
		}
		fmt.Println("ready")
		select {}
	case "intruder": // another program, about to take itself for the last one here
		file, err := os.OpenFile(path, os.O_RDWR, 0)
		if err != nil {
			return err
		}
		// SQLite's range of shared locks (file format, PENDING_BYTE + 2).
		lock := unix.Flock_t{Type: unix.F_WRLCK, Start: 0x40000002, Len: 510}
		if err := unix.FcntlFlock(file.Fd(), unix.F_GETLK, &lock); err != nil {
			return err
		}
		if lock.Type == unix.F_UNLCK {
			return errors.New("nobody seems to use the database")
		}
		return file.Close()
	}
	return fmt.Errorf("no role %q", role)
}

func beOnce(ctx context.Context, path string) error {
	db, err := state.Open(ctx, path, state.Options{})
	if err != nil {
		return fmt.Errorf("%w (%s)", err, dirsync.Hint(err))
	}
	id := dirsync.SourceID(fmt.Sprintf("%d-%d", os.Getpid(), time.Now().UnixNano()))
	j, err := db.Begin(ctx, dirsync.RunStart{ID: string(id), Started: time.Now(), Binding: account})
	if err == nil {
		_, err = j.Intend(ctx, []*dirsync.Op{{Action: dirsync.Create, Source: id}}, time.Now())
	}
	if err == nil {
		err = j.Record(ctx, []dirsync.Outcome{{Source: id, Link: link(id, string(id))}})
	}
	if err == nil {
		err = j.Finish(ctx, dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"})
	}
	if warnings := db.Warnings(); len(warnings) > 0 {
		err = errors.Join(err, fmt.Errorf("warnings: %q", warnings))
	}
	return errors.Join(err, db.Close())
}

func beFrozen(ctx context.Context, dsn string) error {
	db, err := state.Open(ctx, dsn, state.Options{CallTime: childCallTime})
	if err != nil {
		return err
	}
	j, err := db.Begin(ctx, dirsync.RunStart{ID: "frozen", Started: time.Now(), Binding: account})
	if err != nil {
		return err
	}
	if _, err := j.Intend(ctx, []*dirsync.Op{{Action: dirsync.Create, Source: "a"}}, time.Now()); err != nil {
		return err
	}
	fmt.Println("ready")
	if _, err := bufio.NewReader(os.Stdin).ReadString('\n'); err != nil {
		return err
	}
	for _, err := range []error{
		j.Record(ctx, []dirsync.Outcome{{Source: "a", Link: link("a", "DU1")}}),
		refused(ctx, j, []*dirsync.Op{{Action: dirsync.Create, Source: "b"}}),
		j.Finish(ctx, dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}),
	} {
		fmt.Println(strings.ReplaceAll(fmt.Sprint(err), "\n", " "))
	}
	return nil
}

// command prepares the test binary in a role.
func command(t *testing.T, role, path string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self)
	cmd.Env = append(os.Environ(), childEnv+"="+role+" "+path)
	cmd.Stderr = os.Stderr
	return cmd
}

// child is the test binary, started again, at a point where it waits.
type child struct {
	cmd *exec.Cmd
	in  io.Writer
	out *bufio.Reader
}

// startRun starts a run in a process of its own, up to where it waits to be
// killed.
func startRun(t *testing.T, dsn string) *child { return start(t, "run", dsn) }

func start(t *testing.T, role, dsn string) *child {
	t.Helper()
	c := &child{cmd: command(t, role, dsn)}
	out, err := c.cmd.StdoutPipe()
	must(t, err)
	c.out = bufio.NewReader(out)
	c.in, err = c.cmd.StdinPipe()
	must(t, err)
	must(t, c.cmd.Start())
	if line := c.says(t); line != "ready" {
		t.Fatalf("the child said %q", line)
	}
	return c
}

// checkKilled fails the test unless db has what startRun's run wrote down.
func checkKilled(t *testing.T, db *state.DB) {
	t.Helper()
	intents, err := db.Open(t.Context())
	must(t, err)
	if len(intents) != 1 || intents[0].Op.Source != "a" {
		t.Errorf("open intents %v, want the one of a", intents)
	}
	links, err := db.Load(t.Context(), []dirsync.SourceID{"a", "b"})
	must(t, err)
	if diff := cmp.Diff([]dirsync.Link{*link("b", "DU2")}, links); diff != "" {
		t.Errorf("links (-want +got):\n%s", diff)
	}
	must(t, db.Check(t.Context(), account))
}

// says reads the child's next line.
func (c *child) says(t *testing.T) string {
	t.Helper()
	line, err := c.out.ReadString('\n')
	if err != nil {
		_ = c.cmd.Process.Kill()
		t.Fatalf("the child said %q: %v", line, err)
	}
	return strings.TrimSuffix(line, "\n")
}

func (c *child) kill(t *testing.T) {
	t.Helper()
	must(t, c.cmd.Process.Kill())
	_ = c.cmd.Wait() // it was killed, as it says
}

// eventually waits until a condition holds that another process brings about.
func eventually(t *testing.T, holds func() bool) {
	t.Helper()
	for range 3000 {
		if holds() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Fatal("it has not come about")
}
