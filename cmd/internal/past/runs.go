package past

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"duosync/cmd/internal/report"
	"duosync/cmd/internal/report/form"
	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// RunID gives the id of the run that a text names: the id itself, or how it alone
// begins; "" where the history has none.
func RunID(ctx context.Context, db *state.DB, text string) (string, error) {
	ids, err := db.RunIDs(ctx, text, 5)
	switch {
	case err != nil:
		return "", err
	case slices.Contains(ids, text): // also when others begin with it
		return text, nil
	case len(ids) > 1:
		return "", dirsync.WithHint(fmt.Errorf("several runs begin with %s: %s", dirsync.Quote(text), strings.Join(ids, ", ")), "Give more of the id.")
	case len(ids) == 1:
		return ids[0], nil
	}
	return "", nil
}

// Last stands for the newest run in place of an id.
const Last = "last"

// Pick finds the run that is meant: by its id, how that begins, or [Last].
func Pick(ctx context.Context, db *state.DB, text string) (*state.Run, error) {
	newest, err := db.Runs(ctx, 5)
	switch {
	case err != nil:
		return nil, err
	case len(newest) == 0:
		return nil, dirsync.WithHint(errors.New("the history has no run yet"), "Dry runs leave no trace there, and a state that was lost has lost its history.")
	case text == Last:
		return runOf(ctx, db, newest[0].ID) // the list leaves the reports out
	}
	id := ""
	if text != "" {
		if id, err = RunID(ctx, db, text); err != nil {
			return nil, err
		}
	}
	if id == "" {
		return nil, unknownRun(ctx, db, text, newest)
	}
	return runOf(ctx, db, id)
}

func runOf(ctx context.Context, db *state.DB, id string) (*state.Run, error) {
	run, found, err := db.Run(ctx, id)
	if err == nil && !found {
		err = fmt.Errorf("the run %s is gone from the history", id)
	}
	return run, err
}

// unknownRun says that there is no such run, and which may be meant.
func unknownRun(ctx context.Context, db *state.DB, text string, newest []state.Run) error {
	var some []string
	for i := range newest {
		some = append(some, newest[i].ID)
	}
	hint := "`duosync history` lists them; dry runs and what is older than state.keep_history are not there."
	ids, _ := db.RunIDs(ctx, "", math.MaxInt32) // for a hint
	// All ids are alike: one is near that has the same minute, or the same end.
	const minute, end = len("20060102T1504"), len("-abcdef")
	if len(text) > minute {
		ids = slices.DeleteFunc(ids, func(id string) bool {
			return !strings.HasPrefix(id, text[:minute]) && !strings.HasSuffix(id, text[len(text)-end:])
		})
		if near := dirsync.Nearest(text, ids); near != "" {
			hint = fmt.Sprintf("Did you mean %s? ", near) + hint
		}
	}
	return dirsync.WithHint(fmt.Errorf("there is no run %s in the history; the newest are %s", dirsync.Quote(text), strings.Join(some, ", ")), hint)
}

// History lists the newest runs, and what was asked for beside them.
func (m *Moment) History(ctx context.Context, limit int) (*report.History, error) {
	runs, err := m.Runs(ctx, limit)
	if err != nil {
		return nil, err
	}
	history := &report.History{Runs: []report.Head{}}
	for i := range runs {
		head, err := m.head(ctx, &runs[i])
		if err != nil {
			return nil, fmt.Errorf("run %s: %w", runs[i].ID, err)
		}
		history.Runs = append(history.Runs, *head)
	}
	acts, err := m.Acts(ctx, limit)
	if err != nil {
		return nil, err
	}
	for _, a := range acts {
		history.ByHand = append(history.ByHand, report.ActOf(a.At, a.By, a.What, a.About, a.Reason))
	}
	history.State, err = PlaceOf(ctx, m.DB)
	return history, err
}

func (m *Moment) head(ctx context.Context, run *state.Run) (*report.Head, error) {
	if run.Summary != nil {
		return report.DecodeHead(run.Summary)
	}
	doc, err := m.Unfinished(ctx, run)
	if err != nil {
		return nil, err
	}
	return &doc.Head, nil
}

// Report gives the report of the run that a text names: its id, how that begins, or [Last].
func (m *Moment) Report(ctx context.Context, text string) (form.Renderer, error) {
	run, err := Pick(ctx, m.DB, text)
	if err != nil {
		return nil, err
	}
	if run.Report != nil {
		return report.Stored{Report: run.Report, Flags: m.Flags}, nil
	}
	return m.Unfinished(ctx, run)
}

// UnderWay reports whether a run goes on. Who held the lock at a time tells: it was
// taken before the run began, and goes with its process.
func UnderWay(run *state.Run, holder string, at time.Time) bool {
	return run.Outcome == "" && (holder != "" || run.Started.After(at))
}

// unreported is the error of a run that ended and left no report.
const unreported = "the run failed at its end: its report could not be kept. What was done is written down."

// Unfinished reports on a run that has not made a report, from its journal.
func (m *Moment) Unfinished(ctx context.Context, run *state.Run) (*report.Document, error) {
	goesOn := UnderWay(run, m.holder, m.At)
	doc, err := report.Unfinished(run.ID, run.Started, goesOn, func(add func(report.Operation) error) error {
		return m.EachStep(ctx, run.ID, func(step state.Step) error {
			result, problem := became(&step)
			switch {
			case step.Done.IsZero() && goesOn:
				result = dirsync.ResultPlanned
			case step.Done.IsZero():
				result, problem = dirsync.ResultFailed, "what became of it is not known yet; the next run finds out"
			}
			return add(report.OperationOf(step.Op, result, problem))
		})
	})
	if err != nil {
		return nil, err
	}
	doc.By = run.By
	if !run.Finished.IsZero() { // it came to an end of its own
		doc.Finished, doc.Error, doc.Interrupted = run.Finished.UTC().Format(time.RFC3339), unreported, false
	}
	return doc, nil
}

// became tells in the words of a report what became of an operation that is not open any
// more.
func became(step *state.Step) (result, problem string) {
	switch note := decide.ReadNote(step.Note); {
	case note.Fate != dirsync.Done:
		return dirsync.ResultFailed, note.Why
	case len(note.Undone) > 0:
		return dirsync.ResultFailed, cmp.Or(note.Why, step.Note)
	}
	return dirsync.ResultApplied, ""
}

// Removed lists what a run took, as its journal has it: that knows also what
// became of a call that was open when the run ended. One that is open still is
// among them, since the undoing finds out first.
func Removed(ctx context.Context, db *state.DB, id string) ([]dirsync.Removed, error) {
	var removed []dirsync.Removed
	err := db.EachStep(ctx, id, func(step state.Step) error {
		if op := step.Op; op.Removes() && (step.Done.IsZero() || decide.ReadNote(step.Note).Fate == dirsync.Done) {
			removed = append(removed, dirsync.Removed{Source: op.Source, User: op.User, Username: op.Username, Action: op.Action, Reason: op.Reason})
		}
		return nil
	})
	return removed, err
}

// RemovedAgain notes of those from whom a run took something whether a later run did so,
// too, for a reason of its own.
func RemovedAgain(ctx context.Context, db *state.DB, id string, removed []dirsync.Removed) error {
	const most = 20_000
	runs, err := db.Runs(ctx, most)
	if err != nil || len(removed) == 0 {
		return err
	}
	byPerson := map[dirsync.SourceID][]*dirsync.Removed{}
	for i := range removed {
		byPerson[removed[i].Source] = append(byPerson[removed[i].Source], &removed[i])
	}
	for i := range runs { // newest first
		if runs[i].ID == id {
			return nil
		}
		if runs[i].Outcome == dirsync.OutcomeNoChanges {
			continue
		}
		later, err := Removed(ctx, db, runs[i].ID)
		if err != nil {
			return err
		}
		for _, again := range later {
			for _, x := range byPerson[again.Source] {
				if x.Again == runs[i].ID || x.Again == "" && !goesOn(byPerson[again.Source], &again) {
					x.Again, x.Then = runs[i].ID, again.Action
				}
			}
		}
	}
	return nil
}

// goesOn reports whether a later removal is the next step of one of these: the Trash, or
// deleting, after a disabling for the same reason. A second disabling never is, for the
// user was enabled in between.
func goesOn(removed []*dirsync.Removed, later *dirsync.Removed) bool {
	return later.Action != dirsync.Disable && slices.ContainsFunc(removed, func(x *dirsync.Removed) bool { return why(x) == why(later) })
}

// why is the reason of a removal, without since when and what it means.
func why(x *dirsync.Removed) string {
	reason, _, _ := strings.Cut(x.Reason, ";")
	reason, _, _ = strings.Cut(reason, " since ")
	return reason
}

// LastRemoval names the newest run, other than one, that took something from
// somebody; "": none did.
func LastRemoval(ctx context.Context, db *state.DB, except string) (string, error) {
	const most = 1000
	runs, err := db.Runs(ctx, most)
	if err != nil {
		return "", err
	}
	for i := range runs {
		if runs[i].ID == except || runs[i].Outcome == dirsync.OutcomeNoChanges {
			continue
		}
		removed, err := Removed(ctx, db, runs[i].ID)
		if err != nil {
			return "", err
		}
		if len(removed) > 0 {
			return runs[i].ID, nil
		}
	}
	return "", nil
}
