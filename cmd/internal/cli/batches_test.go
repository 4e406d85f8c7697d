package cli

import (
	"fmt"
	"testing"

	"duosync/duo/duosim"
)

// peopleVariable says how many people share calls; 100000 takes minutes.
const peopleVariable = "DUOSYNC_BATCH_PEOPLE"

// TestPeopleShareCalls counts the calls of a first run, and of one after the mail domain of
// a tenth has changed, with each answer that Duo may give; and in single calls.
func TestPeopleShareCalls(t *testing.T) {
	t.Parallel()
	people := int(numberOf(t, peopleVariable, 1000)) //nolint:gosec // it is small
	tenth := people / 10
	single := func(n int) int { return n * 103 / 100 }
	for name, test := range map[string]struct {
		rules          duosim.Rules
		duo            string
		create, change int // writes at most
	}{
		"envelopes":      {create: people * 101 / 10000, change: tenth * 21 / 1000},
		"partial":        {rules: duosim.Rules{BulkAnswer: duosim.BulkPartial}, create: people * 101 / 10000, change: tenth * 21 / 1000},
		"all or nothing": {rules: duosim.Rules{AllOrNothing: true}, create: people * 101 / 10000, change: tenth * 21 / 1000},
		"bare":           {rules: duosim.Rules{BulkAnswer: duosim.BulkBare}, create: people * 101 / 10000, change: tenth * 21 / 1000},
		"refused":        {rules: duosim.Rules{BulkRefused: 40301}, create: single(people), change: single(tenth)},
		"off":            {duo: "  bulk: off", create: people, change: tenth},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, siteOptions{rules: test.rules, duo: test.duo, unheard: true, sync: "  limits: {max_update: off}\n"})
			for i := range people {
				uid := fmt.Sprintf("u%06d", i)
				s.hire(uid, "mail="+uid+"@old.example")
			}
			forecast := s.want(0, "planned", "--dry-run")
			s.duo.ResetCalls()
			s.want(0, "applied")
			s.called(people, test.create, people/100+10)
			if got := forecast.report.Duo.ExpectedCalls; test.rules.BulkRefused == 0 && (got > test.create || got < people/100) {
				t.Errorf("%d calls were foretold", got)
			}
			for i := range tenth {
				uid := fmt.Sprintf("u%06d", i)
				s.must(s.ldap.Replace(s.person(uid), "mail", uid+"@new.example"))
			}
			s.duo.ResetCalls()
			s.want(0, "applied")
			s.called(people, test.change, tenth*11/1000+tenth/50+2)
			moved := 0
			for _, u := range s.duo.Users() {
				if u.Email == u.Username+"@new.example" {
					moved++
				}
			}
			if moved != tenth {
				t.Errorf("%d of %d have the new address", moved, tenth)
			}
			s.want(0, "no-changes", "--refresh")
		})
	}
}

// called checks how many calls were made, and that each person is there once.
func (s *site) called(people, writes, looks int) {
	s.t.Helper()
	wrote, looked := 0, 0
	for _, c := range s.duo.Calls() {
		if c.Method == "GET" {
			looked++
		} else {
			wrote++
		}
	}
	s.t.Logf("%d writes, %d looks", wrote, looked)
	if wrote > writes || looked > looks {
		s.t.Errorf("%d writes and %d looks, want %d and %d at most", wrote, looked, writes, looks)
	}
	if users := len(s.duo.Users()); users != people {
		s.t.Errorf("%d users for %d people", users, people)
	}
}
