package state_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"duosync/state"
	dirsync "duosync/sync"
)

// childEnv tells the test binary, started again, what to be: "role path".
const childEnv = "DUOSYNC_STATE_TEST_CHILD"

func TestMain(m *testing.M) {
	role, path, isChild := strings.Cut(os.Getenv(childEnv), " ")
	if !isChild {
		os.Exit(m.Run())
	}
	if err := beChild(role, path); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func beChild(role, path string) error {
	ctx := context.Background()
	switch role {
	case "run": // a run that is killed between a call and its record
		db, err := state.Open(ctx, path, state.Options{})
		if err != nil {
			return err
		}
		j, err := db.Begin(ctx, dirsync.RunStart{ID: "killed", Started: time.Now(), Binding: account})
		if err != nil {
			return err
		}
		if err := j.Intend(ctx, []*dirsync.Op{{Action: dirsync.Create, Source: "a"}, {Action: dirsync.Create, Source: "b"}}, time.Now()); err != nil {
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

// startRun starts a run in a process of its own, up to where it waits to be
// killed.
func startRun(t *testing.T, path string) (kill func()) {
	t.Helper()
	cmd := command(t, "run", path)
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil || line != "ready\n" {
		_ = cmd.Process.Kill()
		t.Fatalf("the child said %q: %v", line, err)
	}
	return func() {
		t.Helper()
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed, as it says
	}
}
