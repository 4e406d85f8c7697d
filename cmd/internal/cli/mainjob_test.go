package cli

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"duosync/duo/duosim"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/slapdtest"

	"github.com/google/go-cmp/cmp"
)

// TestMainJob is the job from a first dry run to everyday changes, on a real
// slapd.
func TestMainJob(t *testing.T) {
	const people = 60
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: people}})

	dry := h.want(0, "planned", "--dry-run")
	if h.writes() != 0 {
		t.Error("the dry run wrote to Duo")
	}
	if files, _ := filepath.Glob(h.state + "*"); len(files) > 0 {
		t.Errorf("the dry run left %v", files)
	}
	if got := dry.report.Summary["create"] + dry.report.Summary["skipped"]; got != people {
		t.Errorf("the dry run creates or skips %d people, want %d", got, people)
	}
	if r := h.sync("--dry-run", "--detailed-exitcode"); r.code != 2 {
		t.Errorf("--detailed-exitcode: exit %d, want 2", r.code)
	}

	first := h.want(0, "applied")
	if first.report.PlanID != dry.report.PlanID {
		t.Error("the run did not do what the dry run said")
	}
	if got := len(h.duo.Users()); got != first.report.Summary["create"] {
		t.Errorf("Duo has %d users, the report says %d", got, first.report.Summary["create"])
	}
	h.duo.ResetCalls()
	h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("a run without changes called Duo %d times", len(calls))
	}
	if r := h.sync("--dry-run", "--detailed-exitcode"); r.code != 0 {
		t.Errorf("nothing to do: exit %d, want 0", r.code)
	}

	unlocked := func(i int) string { // a person who is in Duo
		for ; ; i++ {
			if slices.ContainsFunc(h.duo.Users(), func(u duosim.User) bool { return u.Username == slapdtest.UID(i) }) {
				return slapdtest.UserDN(i)
			}
		}
	}
	uid := func(dn string) string { return strings.TrimPrefix(strings.Split(dn, ",")[0], "uid=") }
	mail, lock, name, gone, moved := unlocked(0), unlocked(10), unlocked(20), unlocked(30), unlocked(40)
	h.ldap.Modify(mail, "mail", "new@example.com")
	h.ldap.Modify(lock, "accountLock", "TRUE")
	h.ldap.Rename(name, "uid=renamed", "")
	h.ldap.Delete(gone)
	h.ldap.Rename(moved, strings.Split(moved, ",")[0], slapdtest.LeftDN)
	h.ldap.Add("uid=added,"+slapdtest.UsersDN, map[string][]string{"objectClass": {"inetOrgPerson"}, "uid": {"added"}, "cn": {"Ada Ded"}, "sn": {"Ded"}})
	r := h.want(0, "applied")
	want := []string{"disable " + uid(lock), "disable " + uid(gone), "disable " + uid(moved), "update " + uid(mail), "update " + uid(name), "create added"}
	got := r.ops()
	slices.Sort(want)
	slices.Sort(got)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	h.duo.ResetCalls()
	h.want(0, "no-changes")
	if calls := h.duo.Calls(); len(calls) > 0 {
		t.Errorf("a run without changes called Duo %d times", len(calls))
	}
}

// TestReadsThatFail checks that no read that stopped half-way is taken for the
// truth.
func TestReadsThatFail(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 50, PagedTotal: 60}})
	h.want(0, "applied")
	h.writes()
	links := h.links()
	fails := func(what, message string, args ...string) {
		t.Helper()
		r := h.sync(args...)
		if r.code != 1 || !strings.Contains(r.report.Error, message) {
			t.Errorf("%s: exit %d, error %q, want 1 and %q", what, r.code, r.report.Error, message)
		}
		if h.writes() != 0 {
			t.Errorf("%s: Duo was written to", what)
		}
		if diff := cmp.Diff(links, h.links()); diff != "" {
			t.Errorf("%s: the snapshot has changed:\n%s", what, diff)
		}
	}
	for i := range 20 { // beyond the server's limit for the paged total
		h.ldap.Add(fmt.Sprintf("uid=more%d,%s", i, slapdtest.UsersDN), map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"M"}, "sn": {"M"}})
	}
	h.want(0, "planned", "--dry-run")
	h.ldap.LimitPagedTotal(1)
	fails("a size limit on the paged total that leaves no parts", "size limit")
	h.edit("ldap: {", "ldap: {users: {base_dns: ['ou=Nowhere,dc=WSO2,dc=ORG']}, ")
	fails("a base that is gone", "ou=Nowhere")
	h.edit("users: {base_dns: ['ou=Nowhere,dc=WSO2,dc=ORG']}", "users: {filter: '(uid=nobody)'}")
	fails("a filter that finds nobody", "nobody")
	h.ldap.Stop()
	fails("a server that is down", "connect")
}

// links is the snapshot as the state has it.
func (h *house) links() []string {
	h.t.Helper()
	return stateLinks(h.t, h.state)
}

// TestMassRemoval is held, and approved for just these operations.
func TestMassRemoval(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 40}})
	h.want(0, "applied")
	users := len(h.duo.Users())
	for i := range 15 {
		h.ldap.Delete(slapdtest.UserDN(i))
	}
	h.writes()
	held := h.want(3, "held")
	if h.writes() != 0 {
		t.Fatal("a held run wrote to Duo")
	}
	if g := held.guard(t, "max_remove"); g.Approve != "duosync approve "+g.ApprovalID+" --config "+h.config || g.ApprovalID == "" || held.report.ApprovalID == "" || !g.WholeRun {
		t.Errorf("no approve command: %+v", held.report.Guards)
	}
	for _, id := range []string{"nonsense", "0123456789abcdef0123", held.report.ApprovalID[:19] + "x"} {
		if r := h.run("approve", id); r.code != 1 || !strings.Contains(r.err, "held") {
			t.Errorf("approve %s: exit %d %s", id, r.code, r.err)
		}
	}
	if r := h.run("approve", held.report.ApprovalID); r.code != 0 {
		t.Fatalf("approve: exit %d %s", r.code, r.err)
	}
	h.ldap.Delete(slapdtest.UserDN(20)) // one more than was approved
	h.want(3, "held")
	if h.writes() != 0 {
		t.Fatal("more was let through than had been approved")
	}
	h.ldap.Add(slapdtest.UserDN(20), map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"New"}, "sn": {"New"}})
	// A new entry of that name is another human; the old one is still gone.
	h.want(3, "held")
	dry := h.want(0, "held", "--dry-run")
	done := h.want(0, "applied", "--approve", dry.report.ApprovalID)
	if n := done.report.Summary["disable"]; n == 0 || len(h.duo.Users()) != users {
		t.Errorf("%d disabled, %d users in Duo, want %d", n, len(h.duo.Users()), users)
	}
	h.want(0, "no-changes")
}

// TestMovedWhileReading moves a person from a page that is still to come to one
// that has been read: the second look sees her.
func TestMovedWhileReading(t *testing.T) {
	dir, err := ldapsim.New(ldapsim.Options{Suffixes: []string{"dc=x"}, Binds: map[string]string{slapdtest.ReaderDN: bindPassword}})
	if err != nil {
		t.Fatal(err)
	}
	if err := dir.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dir.Close() })
	add := func(dn string, attributes ldapsim.Attributes) {
		t.Helper()
		if err := dir.Add(dn, attributes); err != nil {
			t.Fatal(err)
		}
	}
	add("dc=x", ldapsim.Attributes{"objectClass": {"domain"}})
	for _, ou := range []string{"a", "b"} {
		add("ou="+ou+",dc=x", ldapsim.Attributes{"objectClass": {"organizationalUnit"}})
	}
	for i := range 10 {
		ou := "a"
		if i > 4 {
			ou = "b"
		}
		add(fmt.Sprintf("uid=p%d,ou=%s,dc=x", i, ou), ldapsim.Attributes{"objectClass": {"person"}, "cn": {"P"}, "sn": {"P"}})
	}
	h := newHouse(t, houseOptions{ldap: strings.Replace(ldapSection(dir.URL()), "{", "{page_size: 2, users: {base_dns: ['ou=a,dc=x', 'ou=b,dc=x']}, ", 1)})
	h.want(0, "applied")
	moved := false
	dir.SetFaults(ldapsim.Faults{BeforePage: func(page int) {
		if page == 3 && !moved {
			moved = true
			if err := dir.Move("uid=p9,ou=b,dc=x", "ou=a,dc=x"); err != nil {
				t.Error(err)
			}
		}
	}})
	r := h.sync()
	if r.code != 0 || !moved || len(r.report.Operations) > 0 {
		t.Errorf("moved %v: exit %d, operations %v, %s%s", moved, r.code, r.ops(), r.report.Error, r.err)
	}
}

// TestFaultyDuo applies 300 people to a Duo that loses replies, cuts connections, throttles
// and fails in every way, in half of the writes too, and refuses one person in a hundred;
// whatever it makes of a call with a bad person in it. Everybody is there exactly once, and
// who is refused is told of.
func TestFaultyDuo(t *testing.T) {
	for name, test := range map[string]struct {
		rules  duosim.Rules
		single bool
	}{
		"single calls":       {single: true},
		"envelopes":          {},
		"partial":            {rules: duosim.Rules{BulkAnswer: duosim.BulkPartial}},
		"all or nothing":     {rules: duosim.Rules{AllOrNothing: true}},
		"50 in a call":       {rules: duosim.Rules{Limits: duosim.Limits{BulkCreate: 50, Bulk: 50}}},
		"bulk calls refused": {rules: duosim.Rules{BulkRefused: 40301}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			faulty(t, test.rules, test.single)
		})
	}
}

func faulty(t *testing.T, rules duosim.Rules, single bool) {
	t.Helper()
	const people, victims = 300, 3
	at := 2 // batches are few calls
	if single || rules.BulkRefused != 0 {
		at = 17
	}
	fault := func(name string, effect duosim.Effect) duosim.Fault {
		at++
		return duosim.Fault{Name: name, Method: "POST", Path: "/admin/v1/**", Every: at, Times: 2, Effect: effect}
	}
	throttled := fault("throttled", duosim.Status429)
	throttled.RetryAfter = time.Second
	half := duosim.Fault{Name: "half", Method: "POST", Path: "/admin/v1/**", Every: 2, Times: 6, Effect: duosim.Fail200}
	refused := duosim.Fault{Name: "refused", Method: "POST", Path: "/admin/v1/users", Params: map[string]string{"username": "victim*"}, Effect: duosim.Refuse, Code: 40002, Detail: "realname"}
	ldif := plainPeople(people)
	for i := range victims {
		ldif += person(fmt.Sprintf("victim%d", i), "V")
	}
	h := newHouse(t, houseOptions{
		single: single, slapd: slapdtest.Options{LDIF: ldif},
		duo: duosim.Options{Rules: rules, Faults: duosim.Faults{Rules: []duosim.Fault{refused, throttled,
			fault("lost", duosim.CutAfter), fault("cut", duosim.CutBefore), fault("after", duosim.ErrorAfter),
			fault("html", duosim.HTML502), fault("500", duosim.Error500), half}}},
	})
	r := h.sync()
	for tries := 0; tries < 5 && r.report.Summary["failed"] > victims; tries++ {
		r = h.sync()
	}
	if r.code != 4 && r.code != 0 || r.report.Summary["failed"]+r.report.Summary["conflict"] != victims {
		t.Errorf("exit %d, summary %v, want %d failed\n%s%s", r.code, r.report.Summary, victims, r.err, brief(r.out))
	}
	if r.code == 4 && !slices.ContainsFunc(r.report.Operations, func(o reportOperation) bool {
		return o.Username == "victim1" && o.Result == "failed" && strings.Contains(o.Error, "realname")
	}) {
		t.Errorf("the person whom Duo refused is not told\n%s", brief(r.out))
	}
	seen := map[string]int{}
	for _, u := range h.duo.Users() {
		seen[u.Username]++
	}
	for i := range people {
		if n := seen[fmt.Sprintf("plain%03d", i)]; n != 1 {
			t.Errorf("plain%03d exists %d times", i, n)
		}
	}
	if v := h.duo.Violations(); single && len(v) > 0 { // of several calls at once others are on their way
		t.Errorf("calls before Retry-After: %v", v)
	}
	hits, struck := h.duo.FaultHits(), 0
	for _, n := range hits {
		struck += min(n, 1)
	}
	if want := map[bool]int{true: len(hits), false: 5}[single]; struck < want || hits["refused"] == 0 {
		t.Errorf("faults struck: %v", hits)
	}
	// The refused ones are told once; a further run makes no call for them.
	h.duo.ResetCalls()
	if r := h.want(0, "no-changes"); r.report.Summary["conflict"] != victims || h.writes() > 0 {
		t.Errorf("summary %v", r.report.Summary)
	}
}

func plainPeople(n int) string {
	var b strings.Builder
	for i := range n {
		b.WriteString(person(fmt.Sprintf("plain%03d", i), fmt.Sprintf("Plain %d", i)))
	}
	return b.String()
}

func person(uid, cn string) string {
	return fmt.Sprintf("dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %s\ncn: %s\nsn: %s\n\n", uid, slapdtest.UsersDN, uid, cn, cn)
}

// TestSecretsAppearNowhere searches all output at debug level, and the state.
func TestSecretsAppearNowhere(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 20}})
	var all strings.Builder
	for _, args := range [][]string{
		{"sync", "--dry-run"}, {"sync"}, {"sync", "--format", "json"}, {"sync", "--refresh"}, {"config", "show"}, {"approve", "x"},
		{"disable", slapdtest.UID(1), "--reason", "x"}, {"enable", slapdtest.UID(1)},
	} {
		r := h.run(append(args, "--log-level", "debug")...)
		all.WriteString(r.out + r.err)
	}
	h.ldap.Stop()
	r := h.run("sync", "--log-level", "debug")
	all.WriteString(r.out + r.err)
	h.edit(secretKey, secretKey+"-wrong")
	r = h.run("sync", "--log-level", "debug")
	all.WriteString(r.out + r.err)
	state, err := filepath.Glob(h.state + "*")
	if err != nil || len(state) == 0 {
		t.Fatalf("no state: %v", err)
	}
	for _, file := range state {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		all.Write(data)
	}
	for _, secret := range []string{secretKey, bindPassword} {
		if i := strings.Index(all.String(), secret); i >= 0 {
			t.Errorf("a secret shows: …%s…", all.String()[max(0, i-80):i])
		}
	}
}

// TestTwoAtOnce checks that a second writing run ends at once.
func TestTwoAtOnce(t *testing.T) {
	release := make(chan struct{})
	var h *house
	done := make(chan result, 1)
	started := make(chan struct{})
	var once sync.Once
	h = newHouse(t, houseOptions{slapd: slapdtest.Options{People: 3}, duo: duosim.Options{OnCall: func(duosim.Call) {
		once.Do(func() {
			close(started)
			<-release
		})
	}}})
	go func() { done <- h.sync() }()
	<-started
	second := h.sync()
	close(release)
	first := <-done
	if second.code != 1 || !strings.Contains(second.report.Error, "since") || first.code != 0 {
		t.Errorf("the second: exit %d %q; the first: exit %d", second.code, second.report.Error, first.code)
	}
}

// TestPause stops a run under way before its next call, and every later one.
func TestPause(t *testing.T) {
	var h *house
	writes := 0
	h = newHouse(t, houseOptions{single: true, slapd: slapdtest.Options{LDIF: plainPeople(5)}, duo: duosim.Options{OnCall: func(c duosim.Call) {
		if c.Method == "POST" {
			if writes++; writes == 2 {
				if r := h.run("pause", "--reason", "migration"); r.code != 0 {
					t.Errorf("pause: %s", r.err)
				}
			}
		}
	}}})
	r := h.want(1, "failed")
	if !strings.Contains(r.report.Error, "migration") || r.report.Summary["skipped"] != 3 || len(h.duo.Users()) != 2 {
		t.Errorf("paused under way: %q, %v, %d users", r.report.Error, r.report.Summary, len(h.duo.Users()))
	}
	h.want(1, "failed")
	h.want(0, "planned", "--dry-run")
	if r := h.run("resume"); r.code != 0 {
		t.Errorf("resume: %s", r.err)
	}
	h.want(0, "applied")
	if len(h.duo.Users()) != 5 {
		t.Errorf("%d users", len(h.duo.Users()))
	}
}

func TestDemo(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{People: 1}})
	dir := t.TempDir()
	for range 2 { // also over what an earlier demo left
		if r := h.run("demo", "--dir", dir); r.code != 0 {
			t.Fatalf("exit %d\n%s", r.code, r.err)
		}
	}
	reports, err := filepath.Glob(filepath.Join(dir, "*.json"))
	if err != nil || len(reports) != 6 {
		t.Errorf("reports %v, %v", reports, err)
	}
}
