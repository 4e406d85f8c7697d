package past

import (
	"errors"
	"testing"

	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// TestBecame: of whatever the journal keeps, a report says what the run itself said.
func TestBecame(t *testing.T) {
	lacking := &dirsync.Result{Fate: dirsync.Done, Undone: []dirsync.Undone{{Field: dirsync.FieldGroups, Fate: dirsync.Refused, Err: errors.New("no such group")}},
		Met: true, Account: &dirsync.Account{}, Op: &dirsync.Op{Joins: []dirsync.Membership{{ID: "DG1", Name: "staff"}}}}
	for name, test := range map[string]struct {
		res             *dirsync.Result
		result, problem string
	}{
		"done":        {&dirsync.Result{Fate: dirsync.Done}, dirsync.ResultApplied, ""},
		"refused":     {&dirsync.Result{Fate: dirsync.Refused, Err: errors.New("a bad name")}, dirsync.ResultFailed, decide.FateWords(dirsync.Refused) + ": a bad name"},
		"not known":   {&dirsync.Result{Fate: dirsync.Unknown}, dirsync.ResultFailed, decide.FateWords(dirsync.Unknown)},
		"not wholly":  {lacking, dirsync.ResultFailed, "groups: no such group"},
		"not a field": {&dirsync.Result{Fate: dirsync.Done, Undone: []dirsync.Undone{{Field: "phones", Fate: dirsync.Failed}}}, dirsync.ResultFailed, "phones: " + decide.FateWords(dirsync.Failed)},
	} {
		if result, problem := became(&state.Step{Note: decide.NoteOf(test.res)}); result != test.result || problem != test.problem {
			t.Errorf("%s: %s %q, want %s %q", name, result, problem, test.result, test.problem)
		}
	}
}
