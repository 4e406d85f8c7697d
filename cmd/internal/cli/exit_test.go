package cli

import (
	"bytes"
	"errors"
	"testing"

	dirsync "duosync/sync"
)

// TestExit holds that an error is told, and counts first, whatever a command has found.
func TestExit(t *testing.T) {
	broken := dirsync.WithHint(errors.New("the report can't be written"), "Make room.")
	for _, c := range []struct {
		err  error
		code int
		told string
	}{
		{nil, 0, ""},
		{errors.Join(nil, nil), 0, ""},
		{status(exitHeld), 3, ""},
		{errors.Join(errors.Join(status(exitPending), nil), nil), 2, ""},
		{broken, 1, "duosync: the report can't be written\n  → Make room.\n"},
		{errors.Join(errors.Join(status(exitHeld), nil), broken), 1, "duosync: the report can't be written\n  → Make room.\n"},
	} {
		var told bytes.Buffer
		code := (&app{Stdio: Stdio{Err: &told}}).exit(c.err)
		if code != c.code || told.String() != c.told {
			t.Errorf("%v: exit %d, %q; want %d, %q", c.err, code, told.String(), c.code, c.told)
		}
	}
}
