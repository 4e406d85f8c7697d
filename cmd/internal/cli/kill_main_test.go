package cli

import (
	"context"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"duosync/cmd/internal/wire"
	"duosync/state/pgtest"
)

// The test binary, started again with beDuosync set, is duosync itself. The others
// give it a timing, as durations.
const (
	beDuosync     = "DUOSYNC_TEST_BE_DUOSYNC"
	operationTime = "DUOSYNC_TEST_OPERATION_TIME"
	callTime      = "DUOSYNC_TEST_CALL_TIME"
	clockAhead    = "DUOSYNC_TEST_CLOCK_AHEAD"
)

func TestMain(m *testing.M) {
	if os.Getenv(beDuosync) != "" {
		a := &app{Stdio: Process(), timing: wire.Timing{Sleep: hurried, Operation: durationOf(operationTime), Call: durationOf(callTime)}}
		if ahead := durationOf(clockAhead); ahead != 0 {
			a.timing.Now = func() time.Time { return time.Now().Add(ahead) }
		}
		os.Exit(a.main(os.Args[1:]))
	}
	code := m.Run()
	if launched.server != nil {
		if err := launched.server.Close(); err != nil {
			fmt.Fprintln(os.Stderr, err)
			code = 1
		}
	}
	os.Exit(code)
}

// hurried waits a twentieth of the time. What Duo asks for in a Retry-After is
// waited for in whole, in more than one go.
func hurried(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d / 20)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

func durationOf(variable string) time.Duration {
	d, err := time.ParseDuration(os.Getenv(variable))
	if err != nil {
		return 0
	}
	return d
}

// launched is the PostgreSQL server of all tests here, started by the first that
// needs it.
var launched struct {
	sync.Mutex
	server *pgtest.Server
	err    error
}

func postgres(t *testing.T) *pgtest.Server {
	t.Helper()
	launched.Lock()
	defer launched.Unlock()
	if launched.server == nil && launched.err == nil {
		launched.server, launched.err = pgtest.Launch("")
	}
	if launched.err != nil {
		t.Fatal(launched.err)
	}
	return launched.server
}
