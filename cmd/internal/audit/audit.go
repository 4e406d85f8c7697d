// Package audit writes the audit file: a line for each write to Duo and each act, as the state
// has numbered them, as OCSF events or plain JSON. It derives the lines from what the state
// keeps, so that one that could not be written, or that a crash took, is written later, with the
// same number and the same bytes.
package audit

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report"
	"duosync/state"
	dirsync "duosync/sync"
)

const (
	most  = 500             // acts and operations that are written at once
	often = 2 * time.Second // at least, while a run writes to Duo
	// lineBytes is what the lines of an operation take at most, as a rule.
	lineBytes = 4 << 10
)

// State is what the audit needs of a state.
type State interface {
	NextAudit(ctx context.Context, most int, lines func(*dirsync.Op) int) (*state.AuditBatch, error)
	Audited(ctx context.Context) error
	Note(ctx context.Context, acts ...state.Act) error
	NoteHolds(ctx context.Context, holds []state.Hold, whole bool) error
}

// Trail writes what a state has to tell into the audit file. A nil Trail writes nothing.
type Trail struct {
	state    State
	file     file
	form     func(*record, string) any
	account  string
	required bool

	mu      sync.Mutex
	last    time.Time // when it was written last, or tried
	problem error     // why what is to be told is not in the file; nil: it is
	run     *dirsync.Run
}

// New makes the trail of a state that is open for runs; nil where the configuration has none.
// account is the host of Duo's API.
func New(c *config.Audit, account string, of State) *Trail {
	if c.File == "" {
		return nil
	}
	t := &Trail{state: of, file: file(c.File), form: eventOf, account: account, required: c.Required}
	if c.Format == "json" {
		t.form = plainOf
	}
	return t
}

// Flush writes what is not in the file yet. What could not be written is tried again by
// the next call; Problem tells why.
func (t *Trail) Flush(ctx context.Context) {
	if t == nil {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.flush(ctx)
}

func (t *Trail) flush(ctx context.Context) {
	t.last = time.Now()
	t.problem = t.write(ctx)
}

func (t *Trail) write(ctx context.Context) error {
	for {
		batch, err := t.state.NextAudit(ctx, most, linesOf)
		if err != nil || len(batch.Entries) == 0 {
			return err
		}
		var lines []byte
		for i := range batch.Entries {
			for _, r := range recordsOf(&batch.Entries[i]) {
				line, err := encode(t.form(&r, t.account))
				if err != nil {
					return err
				}
				lines = append(lines, line...)
			}
		}
		if err := t.file.append(lines); err != nil {
			return err
		}
		if err := t.state.Audited(ctx); err != nil {
			return err
		}
	}
}

// Still looks whether the file can take the lines of so many operations, and writes nothing: what is
// to be told is written every two seconds. What went wrong with that counts.
func (t *Trail) Still(operations int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.problem == nil {
		t.problem = t.file.promising(int64(operations) * lineBytes)
	}
	return t.problem
}

// unwritten begins the warning of lines that are not in the file.
const unwritten = "the audit's lines can't be written, and follow later: "

// Warning is the warning of an error of the trail; "" of none.
func Warning(err error) string {
	if err == nil {
		return ""
	}
	text := unwritten + err.Error()
	if hint := dirsync.Hint(err); hint != "" {
		text += ". " + hint
	}
	return text
}

// Warned reports whether a run has that warning already.
func Warned(run *dirsync.Run) bool {
	return slices.ContainsFunc(run.Warnings, func(w string) bool { return strings.HasPrefix(w, unwritten) })
}

// Problem says why something that is to be told is not in the file; nil: all is.
func (t *Trail) Problem() error {
	if t == nil {
		return nil
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.problem
}

// Ready writes what is to be told, and fails where that, or the lines of so many operations, can't
// be written.
func (t *Trail) Ready(ctx context.Context, operations int) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.flush(ctx); t.problem == nil {
		t.problem = t.file.ready(int64(operations) * lineBytes)
	}
	return t.problem
}

// Promising fails where a run could not write the lines of so many operations into the file, as
// far as that can be seen without leaving a trace.
func Promising(c *config.Audit, operations int) error {
	return file(c.File).promising(int64(operations) * lineBytes)
}

// Look tells what the file is, and fails as [Promising].
func Look(c *config.Audit) (string, error) {
	if err := Promising(c, 0); err != nil {
		return "", err
	}
	format, required := "OCSF "+Version, ""
	if c.Format == "json" {
		format = "JSON"
	}
	if c.Required {
		required = "; what gives waits where it can't be written"
	}
	info, err := os.Stat(c.File)
	if err != nil {
		return fmt.Sprintf("%s is not there yet; the first run makes it (mode %04o less the umask), lines of %s%s", c.File, mode, format, required), nil
	}
	return fmt.Sprintf("%s can be written (mode %04o), lines of %s%s", c.File, info.Mode().Perm(), format, required), nil
}

// Heed takes what guards hold in a run that ends, to be told with its end.
func (t *Trail) Heed(run *dirsync.Run) {
	if t != nil {
		t.mu.Lock()
		defer t.mu.Unlock()
		t.run = run
	}
}

// holds gives what the guards of a run hold.
func holds(run *dirsync.Run) []state.Hold {
	var all []state.Hold
	for i := range run.Guards {
		g := &run.Guards[i]
		if !g.Held {
			continue
		}
		title := report.GuardTitle(g)
		all = append(all, state.Hold{Key: title + "|" + g.ApprovalID, Act: state.Act{What: state.ActHold, By: run.By, About: g.ApprovalID, Reason: report.GuardWords(g),
			ActDetails: state.ActDetails{Run: run.ID}}})
	}
	return all
}

// Over gives a store whose runs are told while they go on. rebuilds: what is written without
// an operation pairs somebody anew.
func (t *Trail) Over(store dirsync.Store, by string, rebuilds bool) dirsync.Store {
	if t == nil {
		return store
	}
	return &told{Store: store, trail: t, by: by, rebuilds: rebuilds}
}

// told is a store whose runs are told.
type told struct {
	dirsync.Store
	trail    *Trail
	by       string
	rebuilds bool
}

// Begin implements [dirsync.Store].
func (s *told) Begin(ctx context.Context, run dirsync.RunStart) (dirsync.Journal, error) {
	j, err := s.Store.Begin(ctx, run)
	if err != nil {
		return nil, err
	}
	s.trail.Flush(ctx)
	return &journal{Journal: j, told: s, run: run.ID}, nil
}

// journal is that of a run which is told.
type journal struct {
	dirsync.Journal
	told *told
	run  string
	mu   sync.Mutex
	new  int // outcomes that are not told yet
}

// Record implements [dirsync.Journal].
func (j *journal) Record(ctx context.Context, outcomes []dirsync.Outcome) error {
	if j.told.rebuilds { // before: a pairing that is told and was not made is made, and told, again
		if err := j.told.trail.state.Note(ctx, j.pairings(outcomes)...); err != nil {
			return err
		}
	}
	if err := j.Journal.Record(ctx, outcomes); err != nil {
		return err
	}
	j.mu.Lock()
	j.new += len(outcomes)
	due := j.new >= most || j.told.trail.idle() >= often
	if due {
		j.new = 0
	}
	j.mu.Unlock()
	if due {
		j.told.trail.Flush(ctx)
	}
	return nil
}

func (t *Trail) idle() time.Duration {
	t.mu.Lock()
	defer t.mu.Unlock()
	return time.Since(t.last)
}

// pairings are the users and groups that a rebuilding makes ours.
func (j *journal) pairings(outcomes []dirsync.Outcome) (acts []state.Act) {
	for i := range outcomes {
		o := &outcomes[i]
		act := state.Act{What: state.ActAdopt, By: j.told.by, ActDetails: state.ActDetails{Run: j.run}}
		switch {
		case o.Seq != 0: // what became of an earlier operation
			continue
		case o.Group != nil:
			act.About, act.Group = o.Group.Name, o.Group.ID
		case o.Link != nil && !o.Same:
			act.About, act.User, act.Source = o.Link.Answered.Username, o.Link.User, o.Link.ID
		default:
			continue
		}
		acts = append(acts, act)
	}
	return acts
}

// Finish implements [dirsync.Journal].
func (j *journal) Finish(ctx context.Context, end dirsync.RunEnd) error {
	t := j.told.trail
	t.mu.Lock()
	run := t.run
	t.mu.Unlock()
	var err error
	if run != nil && run.Err == nil {
		err = t.state.NoteHolds(ctx, holds(run), !run.Narrowed)
	}
	// Before the end: the report that is kept tells what is not in the file.
	t.Flush(ctx)
	if text := Warning(t.Problem()); text != "" && run != nil && end.Report != nil && !Warned(run) {
		run.Warnings = append(run.Warnings, text)
		err = errors.Join(err, report.Keep(run, &end))
	}
	return errors.Join(j.Journal.Finish(ctx, end), err)
}
