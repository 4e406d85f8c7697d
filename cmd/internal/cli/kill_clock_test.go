package cli

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc/ldapsim"
)

// TestClockJumps lets the clock of this machine, and not Duo's, jump a year forward
// and a year back between runs: nothing follows from it, neither then nor when the
// clock is right again.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	const hour, year = time.Hour, 365 * 24 * time.Hour
	onEither(t, func(t *testing.T, dsn string) {
		s := newSite(t, siteOptions{dsn: dsn, sync: "  on_missing: {action: disable, after: 48h, then: trash, grace: 720h}\n" +
			"  on_out_of_scope: {action: disable, after: 0s, then: trash, grace: 720h}\n  scope: {include_groups: [staff]}\n"})
		var staff []string
		for _, uid := range []string{"anna", "bert", "cora", "dora"} {
			s.hire(uid)
			staff = append(staff, s.person(uid))
		}
		s.must(s.ldap.Add("cn=staff,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": staff}))
		s.want(0, "applied")
		s.must(s.ldap.Replace("cn=staff,"+siteGroups, "member", staff[0], staff[2], staff[3]))
		s.want(0, "applied") // bert is disabled, and waits for the Trash
		s.must(s.ldap.Delete(s.person("anna")))
		s.want(0, "no-changes") // anna waits for being disabled
		s.must(s.ldap.Delete(s.person("cora")))
		links, writes := stateLinks(t, s.dsn), s.ledger.count()

		for way, ahead := range map[string]time.Duration{"ahead of": year, "behind": -year} {
			s.ahead = ahead
			for _, args := range [][]string{nil, {"--dry-run"}, {"--only", "cora"}} {
				r := s.sync(args...)
				if r.code != 1 || !strings.Contains(r.err, "this machine's clock is") || !strings.Contains(r.err, way+" Duo's") {
					t.Errorf("a year %s Duo's: sync %v: exit %d\n%s", way, args, r.code, r.err)
				}
			}
			if diff := cmp.Diff(links, stateLinks(t, s.dsn)); diff != "" {
				t.Errorf("a clock a year %s Duo's changed the state (-before +after):\n%s", way, diff)
			}
		}
		s.ahead = 0
		now := time.Now()
		r := s.want(0, "no-changes")
		var doc struct {
			Waiting []struct {
				Username, Action string
				Due              time.Time
			}
		}
		s.must(json.Unmarshal([]byte(r.out), &doc))
		waiting := map[string]string{}
		for _, w := range doc.Waiting {
			waiting[w.Username] = w.Action
			atLeast := map[string]time.Duration{"disable": 47 * hour, "trash": 719 * hour}[w.Action]
			if w.Due.Before(now.Add(atLeast)) || w.Due.After(now.Add(atLeast+2*hour)) {
				t.Errorf("%s of %s is due at %v, now is %v", w.Action, w.Username, w.Due, now)
			}
		}
		if diff := cmp.Diff(map[string]string{"anna": "disable", "bert": "trash", "cora": "disable"}, waiting); diff != "" {
			t.Errorf("who waits (-want +got):\n%s", diff)
		}
		if n := s.ledger.count(); n != writes {
			t.Errorf("Duo was written to: %v", s.ledger.since(writes))
		}
		if h := s.run("history"); h.code != 0 || !strings.Contains(h.out, "applied") {
			t.Errorf("history: exit %d\n%s%s", h.code, h.out, h.err)
		}
	})
}
