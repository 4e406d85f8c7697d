package cli

import (
	"fmt"
	"strings"
	"testing"

	"duosync/duo/duosim"
)

// TestLostReplies loses the reply of every k-th write after its effect; of every
// write, even. A run does what can be done, the next ones find out what became of
// the rest, and nothing is done twice.
func TestLostReplies(t *testing.T) {
	t.Parallel()
	for k := 1; k <= 7; k++ {
		t.Run(fmt.Sprint(k), func(t *testing.T) {
			t.Parallel()
			onEither(t, func(t *testing.T, dsn string) { losing(t, dsn, k) })
		})
	}
}

func losing(t *testing.T, dsn string, k int) {
	t.Helper()
	s := newSite(t, siteOptions{dsn: dsn, sync: crowdRules, more: crowdMails})
	c := newCrowd(s, uint64(k)) //nolint:gosec // it is small
	size := 3 + 2*k             // a reply that is lost costs time
	for round := range 2 {
		c.changes(size)
		s.must(s.duo.SetFaults(duosim.Faults{Rules: []duosim.Fault{
			{Name: "write", Method: "POST", Every: k, Effect: duosim.CutAfter},
			{Name: "delete", Method: "DELETE", Every: k, Effect: duosim.CutAfter},
		}}))
		before, runs := s.ledger.count(), 0
		for {
			runs++
			now := s.ledger.count()
			r := s.sync()
			if r.code == 0 && r.report.Outcome == "no-changes" {
				break
			}
			// Where all goes wrong, a run ends early.
			inARow := k == 1 && r.code == 1 && strings.Contains(r.report.Error, "in a row")
			if r.code != 0 && r.code != 4 && !inARow || len(r.report.Conflicts) > 0 {
				t.Fatalf("round %d, run %d: exit %d, conflicts %v\n%s%s", round, runs, r.code, r.report.Conflicts, r.err, brief(r.out))
			}
			if runs > 2 && s.ledger.count() == now {
				t.Fatalf("round %d, run %d: no progress\n%s%s", round, runs, r.err, brief(r.out))
			}
		}
		t.Logf("every %d.: round %d took %d runs, %d writes with effect, lost %v", k, round, runs, s.ledger.count()-before, s.duo.FaultHits())
		s.duo.ClearFaults()
		s.settled()
		wrong := c.wrong()
		for _, call := range s.ledger.twice(before) {
			wrong = append(wrong, "done twice: "+call)
		}
		if len(wrong) > 0 {
			t.Fatalf("round %d:\n%s\ncalls:\n%s", round, strings.Join(wrong, "\n"), brief(strings.Join(s.ledger.since(before), "\n")))
		}
	}
}
