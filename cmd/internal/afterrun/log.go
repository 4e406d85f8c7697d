package afterrun

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"time"

	"github.com/sirupsen/logrus"

	"duosync/cmd/internal/report"
	dirsync "duosync/sync"
	"duosync/sync/printed"
)

// runLog logs runs, a line each.
type runLog struct {
	log      logrus.FieldLogger
	skipped  error           // why the run before did not begin, which was told
	warnings []string        // of the run before, which were told
	attended map[string]bool // who needed a human after the run before, which was told
}

// tell logs a run: at info where all went well, at warning where a human should
// look, at error where it failed. That writing is paused or the state is in use
// is told once, and so is a warning that comes with every run, and somebody who needs a
// human for long.
func (l *runLog) tell(ctx context.Context, run *dirsync.Run) {
	if l.tellSkipped(run) {
		return
	}
	for _, warning := range run.Warnings {
		if !slices.Contains(l.warnings, warning) {
			l.log.WithField("run", run.ID).Warn(printed.Runnable(warning, run.Flags))
		}
	}
	l.warnings = slices.Clone(run.Warnings)

	newcomers := l.attend(run)
	log := l.log.WithFields(fields(run))
	switch {
	case interrupted(ctx, run):
		log.Info("run interrupted; what was done is written down, the next run goes on from there")
	case run.Err != nil:
		WithError(log, run.Err, run.Flags).Error("run failed")
	case run.Held():
		how := "run held in part, all else was done: a guard wants a human"
		if run.Count(dirsync.ResultFailed)+run.Count(dirsync.ResultSkipped) > 0 {
			how = "run held in part, and not all else was done: a guard wants a human"
		}
		if report.HeldWhole(run) {
			how = "run held, nothing was written: a guard wants a human"
		}
		log.WithFields(holds(run)).Warn(how)
	case run.Outcome == dirsync.OutcomePartial || run.NewConflicts():
		log.Warn("run ended; some people need a look: " + printed.Command(run.Flags, "history", run.ID))
	case len(run.Attention) > 0:
		say := log.Info
		if newcomers {
			say = log.Warn
		}
		say("run ended; " + report.NeedsAttention(report.AttentionOf(run.Attention)) + ": " + printed.Command(run.Flags, "history", run.ID))
	default:
		log.Info("run ended")
	}
}

// attend takes over who needs a human after a run, and reports whether somebody is among
// them who did not before. A run that failed does not know.
func (l *runLog) attend(run *dirsync.Run) (newcomers bool) {
	if run.Err != nil {
		return false
	}
	before := l.attended
	l.attended = make(map[string]bool, len(run.Attention))
	for _, a := range run.Attention {
		key := string(a.Source) + "|" + a.Username
		l.attended[key] = true
		newcomers = newcomers || !before[key]
	}
	return newcomers
}

func (l *runLog) tellSkipped(run *dirsync.Run) bool {
	why := WhySkipped(run)
	told := why != nil && errors.Is(l.skipped, why)
	l.skipped = why
	if why == nil {
		return false
	}
	log := WithError(l.log, run.Err, run.Flags)
	if told {
		log.Debug("no run")
	} else {
		log.Warn("no run; this is told once, until a run begins again")
	}
	return true
}

// fields are the outcome of a run and all counts that are not zero.
func fields(run *dirsync.Run) logrus.Fields {
	f := logrus.Fields{"run": run.ID, "outcome": run.Outcome, "seconds": run.Finished.Sub(run.Started).Round(time.Millisecond).Seconds()}
	for name, n := range Counts(report.Summarize(run)) {
		if n != 0 {
			f[name] = n
		}
	}
	if run.Usage.Calls > 0 {
		f["duo_calls"] = run.Usage.Calls
	}
	return f
}

// Counts gives a summary by the words of the report.
func Counts(s report.Summary) map[string]int {
	byName := make(map[string]int)
	data, err := json.Marshal(s)
	if err == nil {
		err = json.Unmarshal(data, &byName)
	}
	if err != nil {
		return nil // a struct of numbers has no such error
	}
	return byName
}

// holds gives each guard that holds, with the command that lets it through or what else
// ends it, and with what it has seen.
func holds(run *dirsync.Run) logrus.Fields {
	var ways, seen []string
	for i := range run.Guards {
		if g := &run.Guards[i]; g.Held {
			ways = append(ways, report.GuardTitle(g)+": "+report.WayOut(run, g))
			seen = append(seen, report.GuardWords(g))
		}
	}
	return logrus.Fields{"guards": strings.Join(ways, "; "), "held_by": strings.Join(seen, "; ")}
}

// WithError adds an error and its advice to a line of the log. flags end the commands in
// them, see [printed.Runnable].
func WithError(log logrus.FieldLogger, err error, flags string) logrus.FieldLogger {
	log = log.WithField("error", printed.Runnable(err.Error(), flags))
	if hint := dirsync.Hint(err); hint != "" {
		log = log.WithField("hint", printed.Runnable(hint, flags))
	}
	return log
}
