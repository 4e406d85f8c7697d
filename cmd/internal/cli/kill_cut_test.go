package cli

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
)

// TestCutNetwork cuts the network in the middle of reading the directory, and of
// calls to Duo, while somebody has left: exit 1, nobody is removed and nothing is
// noted of anybody; then all goes on as if nothing had been.
func TestCutNetwork(t *testing.T) {
	t.Parallel()
	const people = 30
	s := newSite(t, siteOptions{sync: "  limits: {max_remove: off, min_source: off}\n"})
	s.edit("ldap: {", "ldap: {page_size: 10, ")
	for i := range people {
		s.hire(fmt.Sprintf("u%02d", i))
	}
	s.want(0, "applied")
	for i := range 12 {
		s.must(s.ldap.Delete(s.person(fmt.Sprintf("u%02d", i))))
	}
	s.hire("new")
	links, writes := stateLinks(t, s.dsn), s.ledger.count()
	fails := func(what string, args ...string) {
		t.Helper()
		r := s.sync(args...)
		if r.code != 1 || r.report.Outcome != "failed" || !strings.Contains(r.err, "→") {
			t.Errorf("%s: exit %d, %s\n%s", what, r.code, r.report.Outcome, r.err)
		}
		if n := s.ledger.count(); n != writes {
			t.Fatalf("%s: Duo was written to: %v", what, s.ledger.since(writes))
		}
		if diff := cmp.Diff(links, stateLinks(t, s.dsn)); diff != "" {
			t.Fatalf("%s: the state has changed (-before +after):\n%s", what, diff)
		}
	}
	for what, fault := range map[string]ldapsim.Faults{
		"cut after some entries":     {DropAfter: 5},
		"cut within an entry":        {DropAfter: 13, TearEntry: true},
		"cut between pages":          {DropOnPage: 2},
		"no end of the search":       {DropAfter: 18},
		"busy on the second page":    {FailOnPage: 2, FailCode: 51},
		"a time limit":               {TimeLimitOnPage: 2},
		"the paging control is lost": {LosePagingOnPage: 2},
	} {
		s.ldap.SetFaults(fault)
		fails("LDAP: " + what)
		s.ldap.SetFaults(ldapsim.Faults{})
	}
	for _, effect := range []duosim.Effect{duosim.CutBefore, duosim.HTML502, duosim.Error500} {
		for _, method := range []string{"", "GET", "POST"} {
			s.must(s.duo.SetFaults(duosim.Faults{Rules: []duosim.Fault{{Name: "all", Method: method, Effect: effect}}}))
			fails(fmt.Sprintf("Duo: %s for each %s", effect, method))
			if method != "POST" {
				fails(fmt.Sprintf("Duo: %s for each %s, at a refresh", effect, method), "--refresh")
			}
			s.duo.ClearFaults()
		}
	}
	s.must(s.duo.SetFaults(duosim.Faults{Rules: []duosim.Fault{{Name: "page", Effect: duosim.FailPage, Page: 1}}}))
	fails("Duo: a page that fails", "--refresh")
	s.duo.ClearFaults()

	r := s.want(0, "applied")
	if r.report.Summary["disable"] != 12 || r.report.Summary["create"] != 1 {
		t.Errorf("after all that: %v", r.report.Summary)
	}
	s.settled()
}
