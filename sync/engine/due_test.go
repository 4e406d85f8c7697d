package engine_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
	"duosync/sync/decide"
	"duosync/sync/mapping"
)

func TestDue(t *testing.T) {
	since := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	disabled := since.Add(2 * time.Hour)
	rules := decide.Rules{
		OnMissing:    decide.Removal{Action: dirsync.Disable, After: 2 * time.Hour, Then: dirsync.Delete, Grace: 720 * time.Hour},
		OnOutOfScope: decide.Removal{Action: dirsync.Disable, Then: decide.Keep},
		Rules:        mapping.Rules{Protect: map[string]bool{"boss": true}},
	}
	link := func(missing *dirsync.Missing, change ...func(*dirsync.Link)) *dirsync.Link {
		l := &dirsync.Link{ID: "1", User: "DU1", Origin: dirsync.Created, Missing: missing, Answered: dirsync.Account{Username: "jdoe"}}
		for _, c := range change {
			c(l)
		}
		return l
	}
	gone := func(step dirsync.Action, at time.Time) *dirsync.Missing {
		return &dirsync.Missing{Why: dirsync.Gone, Since: since, Step: step, At: at}
	}
	waiting := func(action dirsync.Action, due time.Time) *dirsync.Waiting {
		return &dirsync.Waiting{Username: "jdoe", Source: "1", Since: since, Action: action, Due: due}
	}
	for _, test := range []struct {
		name string
		link *dirsync.Link
		want *dirsync.Waiting // nil: nothing is due
	}{
		{"there", link(nil), nil},
		{"gone, nothing done yet", link(gone("", time.Time{})), waiting(dirsync.Disable, since.Add(2*time.Hour))},
		{"gone and disabled", link(gone(dirsync.Disable, disabled)), waiting(dirsync.Delete, disabled.Add(720*time.Hour))},
		{"adopted, so never deleted", link(gone(dirsync.Disable, disabled), func(l *dirsync.Link) { l.Origin = dirsync.Adopted }),
			waiting(dirsync.Trash, disabled.Add(720*time.Hour))},
		{"trashed, the last step", link(gone(dirsync.Trash, disabled)), nil},
		{"out of scope", link(&dirsync.Missing{Why: dirsync.OutOfScope, Since: since}), waiting(dirsync.Disable, since)},
		{"out of scope and disabled, then kept", link(&dirsync.Missing{Why: dirsync.OutOfScope, Since: since, Step: dirsync.Disable, At: disabled}), nil},
		{"let go", link(gone("", time.Time{}), func(l *dirsync.Link) { l.LetGo = dirsync.LetGoSynced }), nil},
		{"protected", link(gone("", time.Time{}), func(l *dirsync.Link) { l.Answered.Username = "Boss" }), nil},
	} {
		got, ok := rules.Due(test.link)
		if ok != (test.want != nil) {
			t.Errorf("%s: due %v, want %v", test.name, ok, test.want != nil)
			continue
		}
		if test.want == nil {
			continue
		}
		if diff := cmp.Diff(*test.want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}
