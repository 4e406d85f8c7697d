package cli

import (
	"bytes"
	"flag"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"duosync/cmd/internal/explain"
	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

var updateExplain = flag.Bool("update-explain", false, "write what explain says into testdata")

// explained is one question, what goes before it, and how it ends.
type explained struct {
	name   string
	change func()
	args   []string
	code   int
}

// TestExplain compares what explain says of everybody with testdata/explain.txtar;
// go test -update-explain writes it anew. Nothing is changed by asking.
func TestExplain(t *testing.T) {
	h := explainHouse(t, "")
	sync := func() { h.sync() }
	alter := func(name string, change func(*duosim.User)) {
		t.Helper()
		u, found := h.duo.User(name)
		if !found {
			t.Fatalf("Duo has no %s", name)
		}
		change(&u)
		if err := h.duo.SetUser(u); err != nil {
			t.Fatal(err)
		}
	}
	tests := []explained{
		{name: "to be created", args: []string{"step"}},
		{name: "created today, in step", change: sync, args: []string{"step"}},
		{name: "by mail", args: []string{"STEP@example.com", "--format", "markdown"}},
		{name: "by DN", args: []string{"UID=Step, ou=users,dc=wso2,dc=org", "--format", "csv"}},
		{name: "locked in the directory", args: []string{"locked"}},
		{name: "out of scope by group", args: []string{"outside"}},
		{name: "excluded by a regex", args: []string{"svc-backup"}},
		{name: "excluded by group", args: []string{"robot"}},
		{name: "protected", args: []string{"vip"}},
		{name: "conflict by namesake", args: []string{"namesake"}},
		{name: "alias taken", args: []string{"aliased"}},
		{name: "a value left out", args: []string{"nomail"}},
		{name: "control characters", args: []string{"strange"}},
		{name: "not in the directory but in Duo", args: []string{"stranger"}},
		{name: "by the alias of a stranger and of a person", args: []string{"nickname"}},
		{name: "a leaver, before the run", change: func() { h.ldap.Delete(explainDN("leaver")) }, args: []string{"leaver"}},
		{name: "a leaver, with a due date", change: sync, args: []string{"leaver@example.com"}},
		{name: "moved out of the base", change: func() { h.ldap.Rename(explainDN("twin"), "uid=twin", slapdtest.LeftDN) }, args: []string{"twin"}},
		{name: "disabled by hand", change: func() { alter("byhand", func(u *duosim.User) { u.Status = "disabled" }) }, args: []string{"byhand"}},
		{name: "disabled by hand, after a refresh", change: func() { h.sync("--refresh") }, args: []string{"byhand"}},
		{name: "locked out by Duo", change: func() { alter("byhand", func(u *duosim.User) { u.Status = "locked out" }) }, args: []string{"byhand"}},
		{name: "a recycled uid", change: func() {
			h.ldap.Delete(explainDN("recycled"))
			h.sync()
			h.ldap.Add(explainDN("recycled"), map[string][]string{"objectClass": {"inetOrgPerson"}, "cn": {"Second Owner"}, "sn": {"Owner"}})
		}, args: []string{"recycled"}},
		{name: "a phone kept because it is activated", change: func() {
			for _, p := range h.duo.Snapshot().Phones {
				if p.Number == "+14155550102" {
					p.Activated = true
					if _, err := h.duo.AddPhone(p); err != nil {
						t.Fatal(err)
					}
				}
			}
			h.ldap.Modify(explainDN("phoned"), "mobile")
		}, args: []string{"phoned"}},
		{name: "a phone kept, after the refresh", change: func() { h.sync("--refresh") }, args: []string{"phoned"}},
		{name: "two with one mail address", change: func() { h.ldap.Modify(explainDN("vip"), "mail", "step@example.com") }, args: []string{"step@example.com"}, code: 1},
		{name: "yet one by username", args: []string{"vip"}},
		{name: "paused", change: func() {
			h.run("pause", "--reason", "migration", "--by", "ann")
			h.ldap.Modify(explainDN("step"), "cn", "Out Of Step")
		}, args: []string{"step"}},
		{name: "nobody", args: []string{"nobody"}, code: 1},
	}
	masked := newMask()
	archive := &txtar.Archive{Comment: []byte("What duosync explain says; written by go test -update-explain. Ids, times and ports are masked.\n\n")}
	for _, test := range tests {
		if test.change != nil {
			test.change()
		}
		h.duo.ResetCalls()
		before := h.leavings()
		args := append([]string{"explain"}, test.args...)
		r := h.run(args...)
		if r.code != test.code {
			t.Errorf("%s: exit %d, want %d\n%s%s", test.name, r.code, test.code, r.out, r.err)
		}
		if n := h.writes(); n > 0 {
			t.Errorf("%s: %d writes to Duo", test.name, n)
		}
		if diff := cmp.Diff(before, h.leavings()); diff != "" {
			t.Errorf("%s: something was changed (-before +after):\n%s", test.name, diff)
		}
		h.noSecret(r)
		text := fmt.Sprintf("$ duosync %s\n%s%sexit %d\n\n", strings.Join(args, " "), r.out, r.err, r.code)
		archive.Files = append(archive.Files, txtar.File{Name: test.name, Data: []byte(masked.of(strings.ReplaceAll(text, h.dir, "/srv/duosync")))})
	}
	compareArchive(t, "testdata/explain.txtar", archive, *updateExplain)
}

// TestExplainFindsTheSame asks for one person in every way.
func TestExplainFindsTheSame(t *testing.T) {
	h := explainHouse(t, "")
	h.sync()
	step := h.explain(0, "step")
	if step.Snapshot == nil || step.Duo.User == nil {
		t.Fatalf("no person of ours: %+v", step)
	}
	for asked, how := range map[string]string{
		"STEP ": explain.ByUsername, strings.ToUpper(step.Entry.SourceID): explain.ByID, step.Entry.DN: explain.ByDN, "step@example.com": explain.ByMail, step.Duo.User.ID: explain.ByDuoID,
	} {
		got := h.explain(0, asked)
		if got.FoundBy != how || got.Entry == nil || got.Entry.SourceID != step.Entry.SourceID || got.Next.Action != "none" {
			t.Errorf("%s: found by %q, want %q; %+v", asked, got.FoundBy, how, got.Entry)
		}
	}
	// Renamed in Duo, the person is found under that name, too.
	u, _ := h.duo.User("step")
	u.Username = "other-name"
	if err := h.duo.SetUser(u); err != nil {
		t.Fatal(err)
	}
	if got := h.explain(0, "other-name"); got.FoundBy != explain.ByDuoName || got.Entry.SourceID != step.Entry.SourceID {
		t.Errorf("by a name in Duo: %q, %+v", got.FoundBy, got.Entry)
	}
	// Who is gone from both is still in the state.
	h.ldap.Delete(explainDN("leaver"))
	h.sync()
	leaver, _ := h.duo.User("leaver")
	h.duo.RemoveUser(leaver.ID)
	if got := h.explain(0, "leaver"); got.FoundBy != explain.ByMemory || got.Entry.Found != "nowhere" || got.Duo.Standing != "no such user" || got.Next.Action != "wait" {
		t.Errorf("by the state: %+v", got)
	}
	// An entry that ldap.users leaves out is found by its id.
	id := h.explain(0, "outside").Entry.SourceID
	h.ldap.Rename(explainDN("outside"), "uid=outside", slapdtest.LeftDN)
	if got := h.explain(0, id); got.Entry.Found != "elsewhere" || got.Entry.DN != "uid=outside,"+slapdtest.LeftDN || got.Next.Action != "none" {
		t.Errorf("elsewhere: %+v", got)
	}
	h.explain(1, "outside")
}

// TestExplainAgreesWithTheRun compares what explain foretells with what the run
// then does, with and without a refresh that is due.
func TestExplainAgreesWithTheRun(t *testing.T) {
	for _, refresh := range []string{"24h", "0s"} {
		h := explainHouse(t, "")
		h.edit("refresh_every: 24h", "refresh_every: "+refresh)
		h.sync()
		h.ldap.Delete(explainDN("leaver"))
		h.ldap.Modify(explainDN("step"), "cn", "Changed")
		h.ldap.Modify(explainDN("byhand"), "accountLock", "true")
		h.ldap.Modify(explainDN("locked"), "accountLock", "false")
		for name, change := range map[string]func(*duosim.User){
			"phoned": func(u *duosim.User) { u.Email = "drift@example.com" }, "nomail": func(u *duosim.User) { u.Realname = "Drift" },
		} {
			u, _ := h.duo.User(name)
			change(&u)
			if err := h.duo.SetUser(u); err != nil {
				t.Fatal(err)
			}
		}
		recycled, _ := h.duo.User("recycled")
		h.duo.RemoveUser(recycled.ID)
		told := map[string][]string{}
		for _, name := range []string{"step", "locked", "leaver", "byhand", "phoned", "nomail", "recycled", "vip", "robot", "strange", "outside"} {
			doc := h.explain(0, name)
			for _, o := range doc.Next.Operations {
				told[name] = append(told[name], o.Action)
			}
			if len(doc.Next.Operations) > 0 && doc.Next.Action != doc.Next.Operations[0].Action {
				t.Errorf("%s: action %s before %v", name, doc.Next.Action, doc.Next.Operations)
			}
		}
		done := map[string][]string{}
		for _, o := range h.want(0, "applied").report.Operations {
			done[o.Username] = append(done[o.Username], o.Action)
		}
		if diff := cmp.Diff(done, told); diff != "" {
			t.Errorf("refresh every %s (-done +told):\n%s", refresh, diff)
		}
	}
}

// TestExplainHolds tells of a guard before and after the run that it holds, of the
// approval, and of the person's past.
func TestExplainHolds(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(20)}})
	h.want(0, "applied")
	for i := range 10 {
		h.ldap.Delete("uid=" + plain(i) + "," + slapdtest.UsersDN)
	}
	kinds := func(doc explanation) []string {
		var kinds []string
		for _, hold := range doc.Holds {
			kinds = append(kinds, hold.Kind+" "+hold.Name)
		}
		slices.Sort(kinds)
		return kinds
	}
	doc := h.explain(0, plain(3))
	if want := []string{"guard max_remove", "guard min_source"}; !slices.Equal(kinds(doc), want) || doc.Next.Action != "disable" || doc.Next.Result != "held" {
		t.Errorf("before the run: holds %v, %+v", kinds(doc), doc.Next)
	}
	if doc := h.explain(0, plain(15)); len(doc.Holds) != 0 || doc.Next.Action != "none" {
		t.Errorf("of somebody else: %+v", doc)
	}
	held := h.want(3, "held")
	id, one := held.report.ApprovalID, held.guard(t, "max_remove").ApprovalID
	doc = h.explain(0, plain(3))
	if want := []string{"guard max_remove", "guard min_source", "held max_remove", "held min_source"}; !slices.Equal(kinds(doc), want) {
		t.Errorf("after the run: holds %v", kinds(doc))
	}
	if !slices.ContainsFunc(doc.Holds, func(hold struct{ Kind, Name, Approve, Remedy string }) bool {
		return hold.Approve == "duosync approve "+one+" --config "+h.config
	}) {
		t.Errorf("no way on: %+v", doc.Holds)
	}
	if r := h.run("approve", id); r.code != 0 {
		t.Fatal(r.err)
	}
	doc = h.explain(0, plain(3))
	if want := []string{"approved "}; !slices.Equal(kinds(doc), want) || doc.Next.Result != "planned" {
		t.Errorf("approved: holds %v, %+v", kinds(doc), doc.Next)
	}
	h.want(0, "applied")
	doc = h.explain(0, plain(3))
	var past []string
	for _, step := range doc.History {
		past = append(past, step.Action+" "+step.Result)
	}
	if want := []string{"disable applied", "disable held", "create applied"}; !slices.Equal(past, want) {
		t.Errorf("past %v, want %v", past, want)
	}
	if len(doc.Holds) != 0 || doc.Next.Action != "wait" || doc.Snapshot.Origin != "created" || doc.Snapshot.Since == "" {
		t.Errorf("afterwards: %+v", doc)
	}
}

// TestExplainWithoutAll says what it knows when Duo or the directory can't be
// asked, and that this is not all.
func TestExplainWithoutAll(t *testing.T) {
	h := explainHouse(t, "")
	h.sync()
	h.edit("secret_key: "+secretKey, "secret_key: "+authSecret)
	doc := h.explain(1, "step")
	if doc.Entry.Found != "base" || doc.Snapshot == nil || doc.Duo.Standing != "unknown" || doc.Error == "" {
		t.Errorf("without Duo: %+v", doc)
	}
	if r := h.run("explain", "step"); r.code != 1 || !strings.Contains(r.out, "In Step") || !strings.Contains(r.err, "duosync: ") {
		t.Errorf("without Duo, as a table: exit %d\n%s%s", r.code, r.out, r.err)
	}
	if doc := h.explain(1, "nobody"); !strings.Contains(doc.Error, "not everywhere") {
		t.Errorf("nobody, without Duo: %s", doc.Error)
	}
	h.edit("secret_key: "+authSecret, "secret_key: "+secretKey)
	h.ldap.Stop()
	doc = h.explain(1, "step")
	if doc.Entry.Found != "unknown" || doc.Snapshot == nil || doc.Duo.Standing != "ours" || doc.Next.Action != "fail" {
		t.Errorf("without the directory: %+v", doc)
	}
	if doc := h.explain(1, "stranger"); doc.Duo.Standing != "not ours" || doc.Entry.Found != "unknown" || doc.Next.Action != "unknown" {
		t.Errorf("a stranger, without the directory: %+v", doc)
	}
}

// TestExplainHidesSecrets shows no value of an attribute that holds secrets, in no
// form, though somebody has mapped it.
func TestExplainHidesSecrets(t *testing.T) {
	const planted = "planted-in-the-directory"
	h := newHouse(t, houseOptions{
		slapd: slapdtest.Options{LDIF: explainMember("carl", "Carl", "userPassword: "+planted), Access: "access to attrs=userPassword by dn.exact=\"" + slapdtest.ReaderDN + "\" read by * auth"},
		sync:  "  mapping: {notes: 'userPassword'}\n",
	})
	for range 2 {
		for _, form := range []string{"table", "json", "markdown", "html", "csv"} {
			if r := h.run("explain", "carl", "--format", form); r.code != 0 || strings.Contains(r.out+r.err, planted) || form == "table" && !strings.Contains(r.out, "<hidden>") {
				t.Errorf("%s: exit %d\n%s%s", form, r.code, r.out, r.err)
			}
		}
		h.want(0, "applied")
		h.ldap.Modify(explainDN("carl"), "userPassword", planted+"2")
	}
}

func TestExplainRefuses(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	for name, args := range map[string][]string{
		"nobody": {"explain"}, "empty": {"explain", " "}, "two": {"explain", "a", "b"}, "no form": {"explain", "a", "--format", "xml"},
	} {
		if r := h.run(args...); r.code != 1 || r.err == "" || r.out != "" {
			t.Errorf("%s: exit %d\n%s%s", name, r.code, r.out, r.err)
		}
	}
	h.edit("state: {dsn: state.db}", "state: {dsn: other.db}")
	if doc := h.explain(0, plain(0)); doc.Snapshot != nil || doc.Next.Refresh != "first" {
		t.Errorf("without a state: %+v", doc)
	}
	if _, made := h.leavings()["other.db"]; made {
		t.Error("a state was made")
	}
}

// TestExplainOnTerminal shows how far it is, and takes that away.
func TestExplainOnTerminal(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(2)}})
	var out, errs bytes.Buffer
	stdio := Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }, OutTerminal: true, ErrTerminal: true}
	code := run(t.Context(), []string{"explain", plain(1), "--config", h.config}, stdio)
	if code != 0 || !strings.Contains(errs.String(), "reading the directory") || !strings.HasSuffix(errs.String(), "\r\x1b[K") || !strings.HasPrefix(out.String(), "\x1b[33mplain001") {
		t.Errorf("exit %d\n%q\n%q", code, errs.String(), out.String())
	}
}
