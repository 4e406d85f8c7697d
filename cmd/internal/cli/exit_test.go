package cli

import (
	"bytes"
	"encoding/json"
	"errors"
	"regexp"
	"strings"
	"testing"

	"duosync/cmd/internal/report/form"
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

// TestNothingFromOutsideReachesTheTerminal: whatever names, reasons and answers have in them, messages and
// errors are text, in every form of the log.
func TestNothingFromOutsideReachesTheTerminal(t *testing.T) {
	hostile := "a\x1b[31mred\x07 \u202eevil\u2066 \x7f\u009b2J\r\xff"
	ours := regexp.MustCompile("\x1b\\[\\d+m") // what colours the log
	for _, logFormat := range []string{"text", "json"} {
		for _, terminal := range []bool{false, true} {
			var told bytes.Buffer
			a := &app{Stdio: Stdio{Err: &told, ErrTerminal: terminal, Env: func(string) (string, bool) { return "", false }}, logLevel: "debug", logFormat: logFormat, flags: " --config x"}
			log, err := a.logger()
			if err != nil {
				t.Fatal(err)
			}
			log.Warn("the user " + hostile)
			log.WithField("user", hostile).WithError(errors.New(hostile)).Warn("a field")
			a.exit(dirsync.WithHint(errors.Join(errors.New("paused: "+hostile), errors.New("second")), "Look at "+hostile))
			text := told.String()
			if logFormat == "text" && terminal != ours.MatchString(text) {
				t.Errorf("terminal %v: colours are %v: %q", terminal, !terminal, text)
			}
			if terminal && logFormat == "text" {
				text = ours.ReplaceAllString(text, "") // of what is hostile, too; the rest of it would be left
			}
			if clean := form.CleanLines(text); clean != text {
				t.Errorf("%s, terminal %v: %q", logFormat, terminal, text)
			}
			for line := range strings.Lines(text) {
				var object map[string]string
				if err := json.Unmarshal([]byte(line), &object); logFormat == "json" && err != nil {
					t.Errorf("%q: %v", line, err)
				}
			}
			if logFormat == "text" && !strings.Contains(text, `a\u001b[31mred\u0007 \u202eevil`) {
				t.Errorf("the text can't be read: %q", text)
			}
		}
	}
}
