// Package wso2_test runs the whole job on the kind of store that WSO2 Identity
// Server comes with: an ApacheDS, with more people than it gives to anyone but
// its administrator. It is a package of its own because it takes a while.
package wso2_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/cli"
	"duosync/duo/duosim"
	"duosync/ldapsrc/apachedstest"
)

const secretKey = "planted-secret-key-planted-secret-key-42" //nolint:gosec // planted to be searched for

// site is an ApacheDS, a simulated Duo and a folder for the state.
type site struct {
	t      *testing.T
	dir    string
	ldap   *apachedstest.Server
	duo    *duosim.Server
	filter string // of the people
	rules  string // the configuration's section sync
}

func newSite(t *testing.T, ldap *apachedstest.Server) *site {
	t.Helper()
	s := &site{t: t, dir: t.TempDir(), ldap: ldap, filter: "(objectClass=person)"}
	s.duo = duosim.New(duosim.Options{Keys: []duosim.Key{{Kind: duosim.KeyAdmin, Integration: "DIPLANTEDKEY00000001", Secret: secretKey}}})
	if err := s.duo.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.duo.Close() })
	if err := s.duo.WriteFiles(s.dir); err != nil {
		t.Fatal(err)
	}
	return s
}

// run is what a command left behind.
type run struct {
	code     int
	out, err string
	report   struct {
		Outcome, Error string
		ApprovalID     string `json:"approval_id"`
		Summary        map[string]int
		Source         struct {
			Read     int
			Complete bool
		}
		Operations []struct{ Action, Username string }
	}
}

// sync runs `duosync sync` with the given account.
func (s *site) sync(bindDN, password string, args ...string) run {
	s.t.Helper()
	section, err := os.ReadFile(filepath.Join(s.dir, "duo.yaml"))
	if err != nil {
		s.t.Fatal(err)
	}
	config := filepath.Join(s.dir, "config.yaml")
	text := fmt.Sprintf("ldap: {urls: [%q], start_tls: true, ca_file: %q, bind_dn: %q, bind_password: %q, users: {filter: %q}}\nsync: {%s}\n%s  rate: 5000/1s\n",
		s.ldap.URL, s.ldap.CAFile, bindDN, password, s.filter, s.rules, section)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		s.t.Fatal(err)
	}
	var out, errs bytes.Buffer
	r := run{code: cli.Main(append([]string{"sync", "--config", config, "--format", "json"}, args...),
		cli.Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }})}
	r.out, r.err = out.String(), errs.String()
	if err := json.Unmarshal(out.Bytes(), &r.report); err != nil {
		s.t.Fatalf("sync %v: exit %d, and no report: %v\n%s%s", args, r.code, err, r.err, r.out)
	}
	for _, secret := range []string{secretKey, apachedstest.ReaderPassword} {
		if strings.Contains(r.out+r.err, secret) {
			s.t.Errorf("sync %v shows a secret", args)
		}
	}
	return r
}

// asAdmin runs a sync as WSO2 itself binds, and wants an exit code and an
// outcome.
func (s *site) asAdmin(code int, outcome string, args ...string) run {
	s.t.Helper()
	r := s.sync(apachedstest.AdminDN, apachedstest.AdminPassword, args...)
	if r.code != code || r.report.Outcome != outcome {
		s.t.Fatalf("sync %v: exit %d, %s; want %d, %s\n%s%.3000s", args, r.code, r.report.Outcome, code, outcome, r.err, r.out)
	}
	return r
}

// ops lists the operations as "action username", sorted.
func (r run) ops() []string {
	var ops []string
	for _, op := range r.report.Operations {
		ops = append(ops, op.Action+" "+op.Username)
	}
	slices.Sort(ops)
	return ops
}

// seesAllAsReader runs a sync as an account that the store cuts off after 1000 entries:
// it reads so many in parts, and must find nothing else than the administrator did.
func (s *site) seesAllAsReader(people int) {
	s.t.Helper()
	s.duo.ResetCalls()
	r := s.sync(apachedstest.ReaderDN, apachedstest.ReaderPassword)
	if r.code != 0 || r.report.Outcome != "no-changes" || r.report.Source.Read != people || !r.report.Source.Complete {
		s.t.Errorf("exit %d, %s, %+v; want 0, no-changes, %d read\n%s", r.code, r.report.Outcome, r.report.Source, people, r.err)
	}
	if calls := s.duo.Calls(); len(calls) > 0 {
		s.t.Errorf("a run without changes called Duo %d times", len(calls))
	}
}

const people = 3000

// The tests share a server: loading the people takes most of the time.
func TestStoreOfWSO2(t *testing.T) {
	ldap := apachedstest.Start(t, apachedstest.Options{People: people})
	t.Run("moving over", func(t *testing.T) { testMovingOver(t, newSite(t, ldap)) })
	t.Run("the whole job", func(t *testing.T) { testWholeJob(t, newSite(t, ldap)) })
}

func testWholeJob(t *testing.T, s *site) {
	locked := 0
	for i := range people {
		if apachedstest.Locked(i) {
			locked++
		}
	}

	dry := s.asAdmin(0, "planned", "--dry-run")
	want := map[string]int{"create": people - locked, "skipped": locked}
	for name, n := range want {
		if dry.report.Summary[name] != n {
			t.Errorf("dry run: %s %d, want %d", name, dry.report.Summary[name], n)
		}
	}
	s.asAdmin(0, "applied")
	if got := len(s.duo.Users()); got != people-locked {
		t.Fatalf("Duo has %d users, want %d", got, people-locked)
	}
	s.seesAllAsReader(people)
	s.duo.ResetCalls()
	s.asAdmin(0, "no-changes")
	if calls := s.duo.Calls(); len(calls) > 0 {
		t.Errorf("a run without changes called Duo %d times", len(calls))
	}

	dn, uid := apachedstest.UserDN, apachedstest.UID
	s.ldap.Modify(dn(2000), "mail", "new@example.com")
	s.ldap.Modify(dn(2001), "accountLock", "TRUE")
	s.ldap.Modify(dn(2013), "accountLock") // was locked, and so never created
	s.ldap.Rename(dn(2002), "uid=renamed", "")
	s.ldap.Rename(dn(2003), "uid="+uid(2003), apachedstest.LeftDN)
	s.ldap.Delete(dn(2004))
	s.ldap.Add(dn(people), apachedstest.Person(people))
	changes := s.sync(apachedstest.ReaderDN, apachedstest.ReaderPassword)
	if diff := cmp.Diff([]string{
		"create " + uid(2013), "create " + uid(people), "disable " + uid(2001), "disable " + uid(2003), "disable " + uid(2004),
		"update " + uid(2000), "update " + uid(2002),
	}, changes.ops()); diff != "" {
		t.Errorf("operations (-want +got):\n%s", diff)
	}
	s.seesAllAsReader(people - 1) // one moved away, one deleted, one added
	s.asAdmin(0, "no-changes")
}

// testMovingOver takes over users whom another tool made, WSO2's own connector
// or Duo's directory sync, as docs/wso2.md says: they stay the same Duo users,
// with their devices.
func testMovingOver(t *testing.T, s *site) {
	uid := apachedstest.UID
	s.filter = "(uid=user000000*)" // ten people; number 7 has no mail
	s.rules = "existing: adopt_if_email_matches"
	before := map[string]string{}
	for i := range 9 { // number 9 is new
		u := duosim.User{Username: strings.ToUpper(uid(i)), Email: uid(i) + "@example.com"}
		if i >= 5 && i < 7 {
			u.LastDirectorySync = time.Now()
		}
		made, err := s.duo.AddUser(u)
		if err != nil {
			t.Fatal(err)
		}
		before[uid(i)] = made.ID
		if _, err := s.duo.AddPhone(duosim.Phone{Number: fmt.Sprintf("+1415555%04d", i), Type: "mobile", Users: []string{made.ID}}); err != nil {
			t.Fatal(err)
		}
	}
	phones := s.duo.Snapshot().Phones

	held := s.asAdmin(3, "held") // the adoptions, by max_update; all else goes on
	if _, made := s.duo.User(uid(9)); !made {
		t.Errorf("%s waits for the approval", uid(9))
	}
	done := s.asAdmin(0, "applied", "--approve", held.report.ApprovalID) // the held run told of three conflicts
	var want []string
	for _, i := range []int{0, 1, 2, 3, 4, 8} {
		want = append(want, "adopt "+strings.ToUpper(uid(i)))
	}
	slices.Sort(want)
	if diff := cmp.Diff(want, done.ops()); diff != "" {
		t.Errorf("taken over (-want +got):\n%s", diff)
	}
	s.asAdmin(0, "no-changes")

	for i := 5; i < 7; i++ { // Duo's directory sync is removed
		u, _ := s.duo.User(uid(i))
		u.LastDirectorySync = time.Time{}
		if err := s.duo.SetUser(u); err != nil {
			t.Fatal(err)
		}
	}
	s.asAdmin(0, "no-changes") // what was told is looked at again at the next refresh
	synced := s.asAdmin(0, "applied", "--refresh")
	if diff := cmp.Diff([]string{"adopt " + strings.ToUpper(uid(5)), "adopt " + strings.ToUpper(uid(6))}, synced.ops()); diff != "" {
		t.Errorf("taken over from Duo's directory sync (-want +got):\n%s", diff)
	}
	s.asAdmin(0, "applied", "--only", uid(7), "--adopt", uid(7)) // by hand: her mail is nowhere to compare with
	s.asAdmin(0, "no-changes", "--refresh")

	after := map[string]string{}
	for _, u := range s.duo.Users() {
		after[strings.ToLower(u.Username)] = u.ID
	}
	delete(after, uid(9))
	if diff := cmp.Diff(before, after); diff != "" {
		t.Errorf("ids of the users (-before +after):\n%s", diff)
	}
	if diff := cmp.Diff(phones, s.duo.Snapshot().Phones); diff != "" {
		t.Errorf("phones (-before +after):\n%s", diff)
	}
}
