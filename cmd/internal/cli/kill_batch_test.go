package cli

import (
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"duosync/duo/duosim"
)

// TestKilledInABatch kills duosync while a call of 100 creates, or of 50 changes, has its
// intents and no answer: Duo carried it out, or did not. The next run finds out, does what is
// left, and nothing is done twice.
func TestKilledInABatch(t *testing.T) {
	t.Parallel()
	const people = 150
	for name, test := range map[string]struct {
		path string
		lost bool // Duo never got the call
	}{
		"creates, done":     {path: "/admin/v1/users/bulk_create"},
		"creates, not done": {path: "/admin/v1/users/bulk_create", lost: true},
		"changes, done":     {path: "/admin/v1/bulk"},
		"changes, not done": {path: "/admin/v1/bulk", lost: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onEither(t, func(t *testing.T, dsn string) {
				s := newSite(t, siteOptions{dsn: dsn, sync: "  limits: {max_update: off}\n", duo: "  max_in_flight: 1"})
				s.timing.Call = 200 * time.Millisecond // who is killed makes no more calls
				for i := range people {
					s.hire(fmt.Sprintf("u%03d", i), fmt.Sprintf("mail=u%03d@old.example", i))
				}
				domain := "@old.example"
				if test.path == "/admin/v1/bulk" {
					s.want(0, "applied")
					domain = "@new.example"
					for i := range people {
						s.must(s.ldap.Replace(s.person(fmt.Sprintf("u%03d", i)), "mail", fmt.Sprintf("u%03d%s", i, domain)))
					}
				}
				if test.lost {
					s.must(s.duo.AddFault(duosim.Fault{Name: "lost", Path: test.path, Nth: 1, Effect: duosim.CutBefore}))
				}
				before := s.ledger.count()
				p := s.command("sync", "--format", "json")
				var struck atomic.Bool
				s.before(func(c duosim.Call) {
					if c.Path == test.path && !struck.Swap(true) {
						p.kill()
						<-p.done
					}
				})
				if r := p.start().wait(); r.code >= 0 || !struck.Load() {
					t.Fatalf("it was not killed: exit %d\n%s", r.code, r.err)
				}
				s.onCall.Store(nil)
				if done := s.ledger.count() > before; done == test.lost {
					t.Errorf("%d changes by the call whose answer never came", s.ledger.count()-before)
				}
				r := s.want(0, "applied")
				if told := strings.Contains(r.out, "an earlier run left open"); !told {
					t.Errorf("the next run does not tell what it settled:\n%s", brief(r.out))
				}
				s.settled()
				if twice := s.ledger.twice(before); len(twice) > 0 {
					t.Errorf("done twice: %v", twice)
				}
				users := s.duo.Users()
				if len(users) != people {
					t.Errorf("%d users for %d people", len(users), people)
				}
				for _, u := range users {
					if u.Email != u.Username+domain {
						t.Errorf("%s has %s", u.Username, u.Email)
					}
				}
			})
		})
	}
}
