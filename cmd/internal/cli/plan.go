package cli

import (
	"errors"
	"io"
	"path/filepath"

	"duosync/cmd/internal/wholefile"
	dirsync "duosync/sync"
)

// planFlags refuses flags that do not go with a plan, or it with them.
func (o *syncOptions) planFlags() error {
	switch {
	case o.redact && o.planOut == "":
		return dirsync.WithHint(errors.New("--redact is about the file of --plan-out"), "Give --plan-out FILE, too, or leave it out.")
	case o.planOut == "":
		return nil
	case !o.dryRun:
		return dirsync.WithHint(errors.New("--plan-out: a run that writes keeps no plan"), "Give --dry-run, too, and then: duosync apply FILE")
	case o.asOf != "":
		return dirsync.WithHint(errors.New("--plan-out: what is due at another time can't be applied now"), "Leave out one of --plan-out and --as-of.")
	case filepath.Clean(o.planOut) == filepath.Clean(o.output):
		return errors.New("--plan-out and --output name the same file")
	}
	return nil
}

// openPlan opens the file that is to hold the plan; nil where none is asked for.
// What was no success leaves no file.
func (a *app) openPlan(path string) (io.WriteCloser, error) {
	if path == "" {
		return nil, nil
	}
	return wholefile.Create("--plan-out", path, true)
}
