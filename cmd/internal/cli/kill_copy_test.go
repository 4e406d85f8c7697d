package cli

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"duosync/ldapsrc/ldapsim"
)

// TestRestoredCopy puts a dated copy of the state back that is older than the last
// run: all of Duo is read again, what is not known is a conflict, and nothing is
// made twice or removed. rebuild takes over whom that run had made.
func TestRestoredCopy(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{sync: "  mapping: {phones: [mobile]}\n  phones: {on: always}\n  groups: {mirror: [staff, team]}\n  limits: {floor: 100}\n", more: crowdMails})
	for _, uid := range []string{"anna", "bert", "cora", "dora", "eric"} {
		s.hire(uid, "mail="+uid+"@example.org")
	}
	s.must(s.ldap.Add("cn=staff,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {s.person("anna"), s.person("eric")}}))
	s.want(0, "applied")
	s.want(0, "no-changes")

	// A run with some of everything. It keeps a copy before its first change.
	s.must(s.ldap.Delete(s.person("bert")))
	s.must(s.ldap.Replace(s.person("cora"), "mail", "new@example.org"))
	s.must(s.ldap.Replace(s.person("dora"), "uid", "doris"))
	s.must(s.ldap.Replace(s.person("eric"), "mobile", "+12025550100"))
	s.hire("nina", "mobile=+12025550101", "mail=nina@example.org")
	s.hire("otto", "mail=otto@example.org")
	s.must(s.ldap.Add("cn=team,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {s.person("anna"), s.person("nina")}}))
	s.want(0, "applied")
	copies, err := filepath.Glob(s.dsn + ".*.bak")
	s.must(err)
	slices.Sort(copies)
	if len(copies) == 0 {
		t.Fatal("the run kept no copy of the state")
	}
	newest, err := os.ReadFile(copies[len(copies)-1])
	s.must(err)
	for _, beside := range []string{"-wal", "-shm"} {
		s.must(os.RemoveAll(s.dsn + beside))
	}
	s.must(os.WriteFile(s.dsn, newest, 0o600))
	writes := s.ledger.count()

	strangers := []string{"nina", "otto", "team"}
	for _, run := range []struct {
		code int
		args []string
	}{{0, []string{"--dry-run"}}, {4, []string{"--dry-run", "--detailed-exitcode"}}, {4, nil}, {0, nil}} {
		r := s.startRun(run.args...).wait()
		var conflicts []string
		for _, c := range r.report.Conflicts {
			conflicts = append(conflicts, c.Username)
		}
		if r.code != run.code || r.report.Outcome != "no-changes" || !slices.Equal(conflicts, strangers) {
			t.Errorf("sync %v on the copy: exit %d, conflicts %v; want %d, %v\n%s", run.args, r.code, conflicts, run.code, strangers, r.err)
		}
		last := run.code == 0 && run.args == nil // by then the state is new again
		if told := strings.Contains(r.err, "restored from a copy") && strings.Contains(r.err, "duosync rebuild"); told == last {
			t.Errorf("sync %v on the copy says %q", run.args, r.err)
		}
		if refreshed := strings.Contains(r.out, `"reason": "first"`); refreshed == last {
			t.Errorf("sync %v on the copy has read all of Duo: %v", run.args, refreshed)
		}
	}
	rebuilt := s.run("rebuild", "--write", "--format", "json")
	if ops := rebuilt.ops(); rebuilt.code != 0 || !slices.Equal(ops, []string{"adopt nina", "adopt otto"}) {
		t.Errorf("rebuild: exit %d, %v\n%s", rebuilt.code, ops, rebuilt.err)
	}
	s.settled()
	for _, call := range s.ledger.since(writes) {
		t.Errorf("on the copy: %s", call)
	}
	// And what comes next is done.
	s.must(s.ldap.Replace(s.person("nina"), "mail", "n@example.org"))
	s.must(s.ldap.Delete(s.person("otto")))
	s.want(0, "applied").has(t, "update nina", "disable otto")
	s.settled()
}
