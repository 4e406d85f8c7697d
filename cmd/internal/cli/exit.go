package cli

import (
	"errors"
	"fmt"
	"strings"

	"duosync/cmd/internal/afterrun"
	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/drift"
	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/verify"
	"duosync/cmd/internal/wire"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// Exit codes. Where several hold: 1, then 3, 4, 2, 0.
const (
	exitDone    = 0
	exitError   = 1
	exitPending = 2
	exitHeld    = 3
	exitPartial = 4
)

// What the help says of exit codes: of duosync, and of the commands that have more to say.
const (
	exitsOfAll = `Exit status: 0 done; 1 it could not be done; 2 changes are pending (where asked
for); 3 a guard wants a human: max_remove, min_source and state_lost hold the whole
run; every other guard holds what follows from it, and all else goes on; 4 some
objects failed or are in a conflict not told before, all others were applied.`

	exitsOfSync = `Exit status: 0 done; 1 it could not be done; 2 changes are pending (--dry-run
--detailed-exitcode); 3 a guard wants a human: max_remove, min_source and state_lost
hold the whole run; every other guard holds what follows from it, and all else goes
on; 4 some objects failed or are in a conflict not told before, all others were
applied.`

	exitsOfApply = `Exit status: 0 done; 1 it was refused, or could not be done; 3 a guard wants a
human: max_remove, min_source and state_lost hold the whole run; every other guard
holds what follows from it, and all else goes on; 4 some operations failed or have
moved, all others were applied.`

	exitsOfRun = `Exit status: 0 ended by a signal; 1 it could not start.`
)

// status is an exit code without a message: the report has said it all.
type status int

func (s status) Error() string { return fmt.Sprintf("exit status %d", int(s)) }

// statusOfRun gives the exit code of a run. A dry run answers 0, unless it is
// asked what the run itself would answer.
func statusOfRun(run *dirsync.Run, detailed bool) error {
	switch {
	case run.Err != nil:
		return run.Err
	case run.DryRun && !detailed:
		return nil
	case run.Held():
		return status(exitHeld)
	case run.NewFailures() || run.NewConflicts():
		return status(exitPartial)
	case run.DryRun && run.Pending():
		return status(exitPending)
	}
	return nil
}

// statusOfDrift gives the exit code of a comparison.
func statusOfDrift(d *drift.Document) error {
	if d.Differs() {
		return status(exitPending)
	}
	return nil
}

// statusOfAnswer gives the exit code of what Duo says of a user.
func statusOfAnswer(answer *verify.Answer) error {
	if !answer.Can() {
		return status(exitPartial)
	}
	return nil
}

// exit prints what went wrong for the person at the terminal, and gives the code.
func (a *app) exit(err error) int {
	code, err := split(err)
	if err == nil {
		return int(code)
	}
	if a.flags == "" && a.configPath != "" { // it went wrong before the configuration was read
		a.flags = (&config.Loaded{File: a.configPath}).Flags()
	}
	err = wire.Interrupted(err)
	if log, ok := a.logger(); ok == nil && a.logFormat == "json" { // one object a line, to the end
		afterrun.WithError(log, err, a.flags).Error(strings.TrimSpace("duosync "+a.command) + " failed")
		return exitError
	}
	_, _ = fmt.Fprintf(a.Err, "duosync: %s\n", form.CleanLines(printed.Runnable(err.Error(), a.flags)))
	if hint := dirsync.Hint(err); hint != "" {
		_, _ = fmt.Fprintf(a.Err, "  → %s\n", form.CleanLines(printed.Runnable(hint, a.flags)))
	}
	return exitError
}

// split takes the exit code that a command has found apart from what went wrong beside.
func split(err error) (code status, wrong error) {
	if !errors.As(err, &code) {
		return exitDone, err
	}
	var joined interface{ Unwrap() []error }
	if !errors.As(err, &joined) {
		return code, nil
	}
	var rest []error
	for _, part := range joined.Unwrap() {
		_, wrong := split(part)
		rest = append(rest, wrong)
	}
	return code, errors.Join(rest...)
}
