package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/audit/audittest"
	"duosync/cmd/internal/check"
	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
)

// toldBy lists lines as "action user (result, by)", from a number on.
func toldBy(lines []audittest.Line, from int) (texts []string) {
	for _, l := range lines[min(from, len(lines)):] {
		name := l.User
		if l.Group != "" {
			name = strings.TrimSpace(name + " " + l.Group)
		}
		text := strings.TrimSpace(l.Action + " " + name)
		if l.Result != "applied" {
			text += " (" + l.Result + ")"
		}
		texts = append(texts, text+" by "+l.By)
	}
	return texts
}

// TestAuditActs lets people of several accounts act beside the runs, while the file is another's: the
// next run tells of each act, once, with who it was, in either format.
func TestAuditActs(t *testing.T) {
	t.Parallel()
	for _, format := range []string{"ocsf", "json"} {
		t.Run(format, func(t *testing.T) {
			t.Parallel()
			file, section := audited(t, ", format: "+format)
			s := newSite(t, siteOptions{more: section, sync: "  limits: {max_remove: 2, min_source: off, max_enable: off, floor: 0}\n"})
			for _, uid := range []string{"ann", "bea", "cy", "dan", "eve"} {
				s.hire(uid)
			}
			seen := 0
			want := func(what string, texts ...string) {
				t.Helper()
				lines := auditLines(t, format == "ocsf", file)
				if diff := cmp.Diff(texts, toldBy(lines, seen)); diff != "" {
					t.Errorf("%s (-want +got):\n%s", what, diff)
				}
				seen = len(lines)
			}
			act := func(code int, args ...string) result {
				t.Helper()
				r := s.run(args...)
				if r.code != code {
					t.Fatalf("%v: exit %d\n%s%s", args, r.code, r.out, r.err)
				}
				return r
			}
			s.want(0, "applied", "--by", "cron")
			want("a first run", "create ann by cron", "create bea by cron", "create cy by cron", "create dan by cron", "create eve by cron")

			for _, uid := range []string{"ann", "bea", "cy"} {
				s.must(s.ldap.Delete(s.person(uid)))
			}
			r := s.want(3, "held")
			id := r.guard(t, "max_remove").ApprovalID
			by := (&app{Stdio: Stdio{Env: func(string) (string, bool) { return "", false }}}).loginName()
			want("a hold", "hold by "+by)
			s.want(3, "held")
			want("the same hold")
			act(0, "approve", id, "--by", "cy")
			act(0, "approve", "--revoke", id, "--by", "dan")
			act(0, "approve", id, "--by", "eve")
			act(0, "pause", "--by", "fay", "--reason", "x\x1b[2Jy")
			want("nothing before the next run")
			act(1, "sync")
			want("a run that did not begin", "approve by cy", "revoke by dan", "approve by eve", "pause by fay")
			act(0, "resume", "--by", "gil")
			s.want(0, "applied")
			want("what was approved", "resume by gil", "disable ann by "+by, "disable bea by "+by, "disable cy by "+by)

			act(0, "undo", "last", "--write", "--only", "ann", "--by", "hal")
			want("an undoing", "undo (requested) by hal", "enable ann by hal")
			act(0, "disable", "dan", "--reason", "left", "--by", "ida")
			act(0, "enable", "dan", "--by", "jon")
			act(0, "rebuild", "--write", "--by", "kim")
			want("a mark, and a rebuilding", "disable dan (requested) by ida", "disabled dan by ida", "enable dan by jon", "rebuild (requested) by kim")
		})
	}
}

// TestAuditRebuilt tells of each user who is paired after the state was lost, and of an
// adoption.
func TestAuditRebuilt(t *testing.T) {
	t.Parallel()
	s := newSite(t, siteOptions{sync: "  groups: {mirror: ['/proj-.*/']}\n"})
	s.hire("ann")
	s.hire("bea")
	s.must(s.ldap.Add("cn=proj-1,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {s.person("ann")}}))
	s.want(0, "applied")
	file, section := audited(t, "")
	s.edit("state: {dsn", section+"state: {dsn")
	s.must(os.Remove(s.dsn))
	if r := s.run("rebuild", "--write", "--by", "kim"); r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	s.hire("cy")
	if _, err := s.duo.AddUser(duosim.User{Username: "cy"}); err != nil {
		t.Fatal(err)
	}
	if r := s.sync("--adopt", "cy", "--by", "kim"); r.code != 0 {
		t.Fatalf("exit %d\n%s%s", r.code, r.out, r.err)
	}
	got := toldBy(auditLines(t, true, file), 0)
	want := []string{"rebuild (requested) by kim", "adopt proj-1 by kim", "adopt ann by kim", "adopt bea by kim", "adopt cy by kim"}
	if diff := cmp.Diff(want, got[:min(len(got), len(want))]); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// TestAuditUnwritable has no place for the audit for a while: the runs go on with a warning, and
// all lines follow, whole, once there is one. Then it is switched off, and on again.
func TestAuditUnwritable(t *testing.T) {
	t.Parallel()
	onEither(t, func(t *testing.T, dsn string) {
		file, section := audited(t, "")
		s := newSite(t, siteOptions{dsn: dsn, more: section, sync: "  limits: {max_remove: off}\n"})
		s.edit("state: {dsn: ", "state: {keep_history: 1s, dsn: ")
		aside := filepath.Dir(file) + ".aside"
		s.must(os.Rename(filepath.Dir(file), aside))
		for n := range 3 {
			s.hire(fmt.Sprintf("u%d", n))
			r := s.want(0, "applied")
			if !slices.ContainsFunc(r.report.Warnings, func(w string) bool { return strings.Contains(w, "audit") && strings.Contains(w, "follow later") }) {
				t.Errorf("no warning: %v", r.report.Warnings)
			}
			s.ahead += 3 * time.Second // what keep_history prunes
		}
		s.must(os.Rename(aside, filepath.Dir(file)))
		s.want(0, "no-changes")
		lines := auditLines(t, true, file)
		if got := len(lines); got != 3 {
			t.Fatalf("%d lines: %v", got, toldBy(lines, 0))
		}

		// Moved away, as logrotate does, the file begins anew, and its numbers go on.
		s.must(os.Rename(file, file+".1"))
		s.hire("u3")
		s.want(0, "applied")
		if lines = auditLines(t, true, file+".1", file); len(lines) != 4 {
			t.Fatalf("%d lines after a rotation: %v", len(lines), toldBy(lines, 0))
		}

		// Switched off, nothing is numbered, and nothing of that is told later.
		s.edit(section, "")
		s.hire("u4")
		s.want(0, "applied")
		s.edit("state: {", section+"state: {")
		s.want(0, "no-changes")
		s.hire("u5")
		s.want(0, "applied")
		lines = auditLines(t, true, file+".1", file)
		if got := toldBy(lines, 4); len(got) != 1 || !strings.HasPrefix(got[0], "create u5") {
			t.Errorf("after it was switched on again: %v", got)
		}
	})
}

// TestAuditRequired lets nothing through that gives while the file can't be written, and all that
// takes; a dry run says so and leaves no file behind.
func TestAuditRequired(t *testing.T) {
	t.Parallel()
	file, section := audited(t, ", required: true")
	s := newSite(t, siteOptions{more: section, sync: crowdRules})
	s.hire("ann", "mobile=+12025550123", "mail=ann@example.org")
	s.hire("bea", "departmentNumber=b1")
	s.hire("cy")
	s.must(s.ldap.Add("cn=proj-1,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {s.person("ann"), s.person("bea")}}))
	s.want(0, "planned", "--dry-run")
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("a dry run has left a file: %v", err)
	}
	s.want(0, "applied")
	before := len(auditLines(t, true, file))

	aside := filepath.Dir(file) + ".aside"
	s.must(os.Rename(filepath.Dir(file), aside))
	s.hire("dan", "mobile=+12025550124")
	s.must(s.ldap.Delete(s.person("cy")))
	s.must(s.ldap.Replace(s.person("ann"), "mail", "new@example.org"))
	s.must(s.ldap.Replace(s.person("ann"), "mobile"))
	s.must(s.ldap.Replace("cn=proj-1,"+siteGroups, "member", s.person("ann"), s.person("dan")))
	for _, args := range [][]string{{"--dry-run", "--detailed-exitcode"}, nil, nil} {
		r := s.sync(args...)
		var held, done []string
		for _, o := range r.report.Operations {
			if o.Result == "held" {
				held = append(held, o.Action+" "+o.Username)
			} else {
				done = append(done, o.Action+" "+o.Username)
			}
		}
		if g := r.guard(t, "audit"); r.code != 3 || g.WholeRun || g.ApprovalID != "" || g.Remedy == "" || g.Affected == 0 {
			t.Errorf("exit %d, the guard: %+v", r.code, g)
		}
		t.Logf("held %v, done %v", held, done)
		if !slices.Contains(held, "create dan") || slices.ContainsFunc(held, func(o string) bool { return strings.HasPrefix(o, "disable") || strings.HasPrefix(o, "trash") }) {
			t.Errorf("held: %v", held)
		}
	}
	ann, bea, cy := s.userNamed("ann"), s.userNamed("bea"), s.userNamed("cy")
	if ann.Email != "ann@example.org" || len(ann.Phones) != 0 || len(bea.Groups) != 0 || cy.Status == "active" || s.userNamed("dan") != nil {
		t.Errorf("ann %+v, bea %+v, cy %+v", ann, bea, cy)
	}
	s.must(os.Rename(aside, filepath.Dir(file)))
	s.want(0, "applied")
	s.settled()
	if ann := s.userNamed("ann"); ann.Email != "new@example.org" || s.userNamed("dan") == nil {
		t.Errorf("ann %+v", ann)
	}
	lines := auditLines(t, true, file)
	t.Log(toldBy(lines, before))
	for _, entry := range missingIn(lines, s.ledger.since(0)) {
		t.Errorf("Duo has, and the audit has not: %s", entry)
	}
}

// userNamed gives a user of Duo's, nil where there is none.
func (s *site) userNamed(name string) *duosim.User {
	for _, u := range s.duo.Snapshot().Users {
		if u.Username == name {
			return &u
		}
	}
	return nil
}

// TestAuditLostMeanwhile takes the required file away while a run writes: what gives in the waves
// to come is held, by the guard, and what takes is done; the next run that can does the rest, and
// the file tells of all.
func TestAuditLostMeanwhile(t *testing.T) {
	t.Parallel()
	file, section := audited(t, ", required: true, format: json")
	s := newSite(t, siteOptions{more: section, sync: crowdRules})
	s.hire("ann")
	s.hire("bea")
	s.must(s.ldap.Add("cn=proj-1,"+siteGroups, ldapsim.Attributes{"objectClass": {"groupOfNames"}, "member": {s.person("bea")}}))
	s.want(0, "applied")
	s.must(s.ldap.Delete(s.person("ann")))
	s.want(0, "applied") // disabled: to be trashed by the next run
	s.hire("cy")
	s.must(s.ldap.Replace("cn=proj-1,"+siteGroups, "member", s.person("cy")))
	s.must(s.ldap.Replace(s.person("bea"), "mail", "bea@example.org"))

	aside := filepath.Dir(file) + ".aside"
	away := false
	s.before(func(c duosim.Call) {
		if c.Method != "GET" && !away {
			away = true
			s.must(os.Rename(filepath.Dir(file), aside))
		}
	})
	r := s.sync()
	s.onCall.Store(nil)
	results := map[string]string{}
	for _, o := range r.report.Operations {
		results[o.Action+" "+o.Username] += o.Result
	}
	want := map[string]string{"update bea": "appliedheld", "create cy": "held", "update cy": "held", "trash ann": "applied"}
	if _, follows := results["update cy"]; !follows {
		delete(want, "update cy")
	}
	if diff := cmp.Diff(want, results); diff != "" {
		t.Errorf("(-want +got):\n%s%s", diff, r.err)
	}
	if g := r.guard(t, "audit"); r.code != 3 || g.Affected < 2 || g.ApprovalID != "" || g.Remedy == "" {
		t.Errorf("exit %d, %+v", r.code, g)
	}
	s.must(os.Rename(aside, filepath.Dir(file)))
	s.want(0, "applied")
	s.settled()
	if u := s.userNamed("bea"); u.Email != "bea@example.org" || len(u.Groups) > 0 || len(s.userNamed("cy").Groups) != 1 {
		t.Errorf("in the end: %+v, %+v", u, s.userNamed("cy"))
	}
	lines := auditLines(t, false, file)
	for _, entry := range missingIn(lines, s.ledger.since(0)) {
		t.Errorf("Duo has, and the audit has not: %s", entry)
	}
	if !slices.ContainsFunc(lines, func(l audittest.Line) bool { return l.Action == "hold" && strings.Contains(l.Text, "audit") }) {
		t.Error("the hold itself is not told")
	}
}

// TestAuditTold: that an audit file can't be written is told by whatever tells how things are,
// until it is written again.
func TestAuditTold(t *testing.T) {
	t.Parallel()
	file, section := audited(t, ", format: json")
	s := newSite(t, siteOptions{more: section})
	look := func(want string, code int) {
		t.Helper()
		r := s.run("check", "--format", "json")
		var doc struct{ Checks []check.Check }
		s.must(json.Unmarshal([]byte(r.out), &doc))
		at := slices.IndexFunc(doc.Checks, func(c check.Check) bool { return c.Name == check.Audit })
		if at < 0 || !strings.Contains(doc.Checks[at].Detail, want) || doc.Checks[at].OK != (code == 0) || code != 0 && doc.Checks[at].Hint == "" {
			t.Errorf("check: %+v, want %q", doc.Checks, want)
		}
	}
	troubles := func() int {
		t.Helper()
		var doc struct {
			Troubles []struct{ What, Since, Why string }
		}
		s.must(json.Unmarshal([]byte(s.run("due", "--format", "json").out), &doc))
		text := s.run("due").out
		if told := strings.Contains(text, "audit file can't be written since"); told != (len(doc.Troubles) > 0) {
			t.Errorf("due: %+v\n%s", doc.Troubles, text)
		}
		return len(doc.Troubles)
	}
	look("is not there yet; the first run makes it (mode 0640 less the umask), lines of JSON", 0)
	if _, err := os.Lstat(file); !os.IsNotExist(err) {
		t.Errorf("check has left a file: %v", err)
	}
	s.hire("ann")
	s.want(0, "applied")
	look("can be written (mode 06", 0)

	aside := filepath.Dir(file) + ".aside"
	s.must(os.Rename(filepath.Dir(file), aside))
	look("no such file or directory", 1)
	s.hire("bea")
	r := s.run("sync", "-q")
	if r.code != 0 || !strings.Contains(r.err, "audit") || !strings.Contains(r.err, "follow later") {
		t.Errorf("exit %d, on stderr %q", r.code, r.err)
	}
	if past := s.run("history", "last", "--format", "json"); !slices.ContainsFunc(past.report.Warnings, func(w string) bool { return strings.Contains(w, "follow later") }) {
		t.Errorf("the report that is kept: %v", past.report.Warnings)
	}
	if troubles() != 1 {
		t.Error("due does not tell of it")
	}
	if r := s.want(0, "no-changes"); strings.Count(r.out, "follow later") != 1 {
		t.Errorf("warnings %v", r.report.Warnings)
	}
	s.must(os.Rename(aside, filepath.Dir(file)))
	if r := s.want(0, "no-changes"); len(r.report.Warnings) != 0 || troubles() != 0 {
		t.Errorf("it is written again, and told still: %v", r.report.Warnings)
	}
}

// TestAuditLostWithinWave takes the required file away in the middle of a wave: what gives of it
// and was not sent yet is held, and no further call gives anything.
func TestAuditLostWithinWave(t *testing.T) {
	t.Parallel()
	file, section := audited(t, ", required: true, format: json")
	s := newSite(t, siteOptions{more: section, sync: crowdRules})
	s.edit("duo:\n", "duo:\n  bulk: off\n")
	s.hire("leaver")
	s.want(0, "applied")
	s.must(s.ldap.Delete(s.person("leaver")))
	const people, before = 40, 10
	for n := range people {
		s.hire(fmt.Sprintf("u%02d", n))
	}
	aside := filepath.Dir(file) + ".aside"
	var creates atomic.Int32
	s.before(func(c duosim.Call) {
		if c.Method == "POST" && c.Path == "/admin/v1/users" && creates.Add(1) == before {
			s.must(os.Rename(filepath.Dir(file), aside))
		}
	})
	r := s.sync()
	s.onCall.Store(nil)
	results := map[string]int{}
	for _, o := range r.report.Operations {
		results[o.Action+" "+o.Result]++
	}
	const underWay = 10 // calls at once, at most
	if sent := int(creates.Load()); r.code != 3 || sent < before || sent > before+underWay || results["create applied"] != sent || results["create held"] != people-sent || results["disable applied"] != 1 {
		t.Errorf("exit %d, %d creates sent: %v\n%s", r.code, sent, results, r.err)
	}
	if g := r.guard(t, "audit"); g.Affected != results["create held"] {
		t.Errorf("the guard: %+v", g)
	}
	s.must(os.Rename(aside, filepath.Dir(file)))
	s.want(0, "applied")
	s.settled()
	for _, entry := range missingIn(auditLines(t, false, file), s.ledger.since(0)) {
		t.Errorf("Duo has, and the audit has not: %s", entry)
	}
}
