package cli

import (
	"io"
	stdlog "log"
	"strings"
	"testing"
)

// TestStandardLogIsLeftOut: net/http writes what a server says out of turn to the standard
// library's log, which nothing hides a secret in.
func TestStandardLogIsLeftOut(t *testing.T) {
	before := stdlog.Writer()
	defer stdlog.SetOutput(before)
	var out strings.Builder
	if code := Main([]string{"version"}, Stdio{Out: &out, Err: &out, Env: func(string) (string, bool) { return "", false }}); code != 0 || stdlog.Writer() != io.Discard {
		t.Errorf("exit %d, and the log goes to %T", code, stdlog.Writer())
	}
}
