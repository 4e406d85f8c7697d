// Package directories_test plays one and the same life of people and groups on a real
// server of each kind of directory, through the command line, against a simulated Duo,
// and compares what Duo holds with what was computed beforehand. It is a package of its
// own because it takes a while.
package directories_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/cli"
	"duosync/duo/duosim"
	"duosync/ldapsrc/sambatest"
)

// Sizes, and those of `make directories`, which sets the variables.
const (
	people = 60
	groups = 6
)

func size(t *testing.T, name string, usual int) int {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < usual {
		t.Fatalf("%s: %q is no number from %d on", name, text, usual)
	}
	return n
}

// Statuses of users in Duo.
const (
	active   = "active"
	disabled = "disabled"
)

// somebody is a person, and what Duo is to hold of them.
type somebody struct {
	i              int
	name, mail, dn string
	group          int  // -1: none
	locked         bool // never created while they are
	status         string
	gone           bool
	id             string // of the user in Duo, once there is one
}

// house is a directory, a simulated Duo, and what is in both.
type house struct {
	t      *testing.T
	ldap   *directory
	duo    *duosim.Server
	config string
	people []*somebody
	groups int
}

func TestLife(t *testing.T) {
	for name, start := range kinds() {
		t.Run(name, func(t *testing.T) { live(t, start) })
	}
}

// live plays a life: made, changed, back again.
func live(t *testing.T, start func(testing.TB) *directory) {
	h := newHouse(t, start(t), size(t, "DUOSYNC_PEOPLE", people), size(t, "DUOSYNC_GROUPS", groups))
	h.settled("made")

	d, p := h.ldap, h.people
	p[0].mail = "new@example.com"
	d.Modify(p[0].dn, "mail", p[0].mail)
	p[1].name = "renamed"
	p[1].dn = d.rename(d, p[1].dn, p[1].name)
	d.lock(d, p[2].dn)
	p[2].status = disabled
	d.unlock(d, p[3].dn) // was locked, and so never created
	p[3].locked = false
	if d.expire != nil {
		d.expire(d, p[4].dn)
		p[4].status = disabled
	}
	p[5].group = -1
	home := p[6].dn
	h.move(p[6], d.left)
	p[6].status = disabled
	d.Delete(p[7].dn)
	p[7].gone, p[7].status = true, disabled
	h.hire(len(p))
	h.writeMembers()
	h.settled("changed")

	d.unlock(d, p[2].dn)
	if d.expire != nil {
		d.prolonged(d, p[4].dn)
	}
	p[5].group = 5
	h.move(p[6], d.users)
	if p[6].dn != home {
		t.Fatalf("%s is no longer where it was, %s", p[6].dn, home)
	}
	for _, back := range []int{2, 4, 6} {
		p[back].status = active
	}
	h.writeMembers()
	h.settled("back again")

	if d.hide != nil { // whoever is locked looks as if they were not: nobody gains by it
		d.hide(d)
		h.hire(len(h.people))
		h.people[len(h.people)-1].locked = true // so she is not created
		if r := h.sync(); r.code != 3 {
			t.Errorf("with locks hidden: exit %d, %s %v\n%s", r.code, r.report.Outcome, r.report.Summary, r.err)
		}
		h.holds("locks hidden")
	}

	// Down, nothing is written, whatever is to be done.
	h.duo.ResetCalls()
	h.edit("urls: [", `urls: ["ldap://127.0.0.1:1"] # [`)
	if r := h.sync(); r.code != 1 || len(h.duo.Calls()) > 0 {
		t.Errorf("with the directory down: exit %d, %d calls\n%s", r.code, len(h.duo.Calls()), r.err)
	}
}

func newHouse(t *testing.T, d *directory, people, groups int) *house {
	t.Helper()
	h := &house{t: t, ldap: d, groups: groups, config: filepath.Join(t.TempDir(), "config.yaml")}
	var section string
	h.duo, section = account(t, filepath.Dir(h.config))
	config := d.config
	if !strings.Contains(config, "\nsync:\n") {
		config += "sync:\n"
	}
	h.write(config + "  groups: {mirror: ['/team.*/']}\nstate: {dsn: state.db}\n" + section)
	for i := range people {
		h.hire(i)
		if i%10 == 3 {
			h.people[i].locked = true
			d.lock(d, h.people[i].dn)
		}
	}
	d.Do(func(c *ldap.Conn) error {
		for g := range groups {
			request := ldap.NewAddRequest(h.groupDN(g), nil)
			for name, values := range d.group {
				request.Attribute(name, values)
			}
			request.Attribute("member", h.members(g))
			if err := c.Add(request); err != nil {
				return fmt.Errorf("%s: %w", h.groupDN(g), err)
			}
		}
		return nil
	})
	return h
}

// account starts a simulated Duo account, and gives the section of a configuration in dir
// that leads to it.
func account(t *testing.T, dir string) (*duosim.Server, string) {
	t.Helper()
	duo := duosim.New(duosim.Options{Keys: []duosim.Key{{Kind: duosim.KeyAdmin, Integration: "DIPLANTEDKEY00000001", Secret: strings.Repeat("s", 40)}}})
	if err := duo.Start("127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = duo.Close() })
	if err := duo.WriteFiles(dir); err != nil {
		t.Fatal(err)
	}
	section, err := os.ReadFile(filepath.Join(dir, "duo.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	return duo, string(section) + "  rate: 5000/1s\n"
}

// hire adds person i.
func (h *house) hire(i int) {
	h.t.Helper()
	name := fmt.Sprintf("person%04d", i)
	p := &somebody{i: i, name: name, mail: name + "@example.com", dn: h.ldap.rdn + "=" + name + "," + h.ldap.users, group: i % h.groups, status: active}
	h.ldap.Do(func(c *ldap.Conn) error {
		request := ldap.NewAddRequest(p.dn, nil)
		for attribute, values := range h.ldap.person(name, i) {
			request.Attribute(attribute, values)
		}
		return c.Add(request)
	})
	h.people = append(h.people, p)
}

// move moves a person below another entry.
func (h *house) move(p *somebody, parent string) {
	rdn, _, _ := strings.Cut(p.dn, ",")
	h.ldap.Rename(p.dn, rdn, parent)
	p.dn = rdn + "," + parent
}

func groupName(g int) string { return fmt.Sprintf("team%02d", g) }

func (h *house) groupDN(g int) string { return "cn=" + groupName(g) + "," + h.ldap.groups }

// members are the DNs of a group's members as it should be.
func (h *house) members(g int) []string {
	var dns []string
	for _, p := range h.people {
		if p.group == g && !p.gone {
			dns = append(dns, p.dn)
		}
	}
	return dns
}

// writeMembers writes all groups' members anew: not every server follows a move.
func (h *house) writeMembers() {
	h.t.Helper()
	for g := range h.groups {
		h.ldap.Modify(h.groupDN(g), "member", h.members(g)...)
	}
}

func (h *house) write(config string) {
	h.t.Helper()
	if err := os.WriteFile(h.config, []byte(config), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *house) edit(from, to string) {
	h.t.Helper()
	data, err := os.ReadFile(h.config)
	if err != nil || !bytes.Contains(data, []byte(from)) {
		h.t.Fatalf("no %q in the configuration (%v)", from, err)
	}
	h.write(strings.Replace(string(data), from, to, 1))
}

// run is what a command left behind.
type run struct {
	code   int
	err    string
	report struct {
		Outcome  string
		Summary  map[string]int
		Warnings []string
		Guards   []map[string]any
		Shadowed []map[string]any
	}
}

func (h *house) sync(more ...string) run {
	h.t.Helper()
	var out, errs bytes.Buffer
	r := run{code: cli.Main(append([]string{"sync", "--config", h.config, "--format", "json"}, more...), cli.Stdio{Out: &out, Err: &errs, Env: func(string) (string, bool) { return "", false }})}
	r.err = errs.String()
	if err := json.Unmarshal(out.Bytes(), &r.report); err != nil {
		h.t.Fatalf("exit %d, and no report: %v\n%s%s", r.code, err, r.err, out.String())
	}
	for _, secret := range []string{strings.Repeat("s", 40), "reader-pw", sambatest.AdminPassword} {
		if strings.Contains(out.String()+r.err, secret) {
			h.t.Error("a secret shows")
		}
	}
	return r
}

// user is what Duo holds of one user.
type user struct{ Email, Status, Group string }

// settled runs a sync, compares Duo with what it is to hold, and wants a further run to
// find nothing and not to call Duo.
func (h *house) settled(stage string) {
	h.t.Helper()
	if r := h.sync(); r.code != 0 || r.report.Outcome != "applied" {
		h.t.Fatalf("%s: exit %d, %s %v %v\n%s", stage, r.code, r.report.Outcome, r.report.Summary, r.report.Guards, r.err)
	}
	h.holds(stage)
	h.duo.ResetCalls()
	if r := h.sync(); r.code != 0 || r.report.Outcome != "no-changes" || len(h.duo.Calls()) > 0 {
		h.t.Errorf("%s: a second run: exit %d, %s, %d calls\n%s", stage, r.code, r.report.Outcome, len(h.duo.Calls()), r.err)
	}
}

// holds compares what Duo holds with what it is to hold.
func (h *house) holds(stage string) {
	h.t.Helper()
	want, got := map[string]user{}, map[string]user{}
	for _, p := range h.people {
		if p.locked {
			continue
		}
		u := user{Email: p.mail, Status: p.status}
		if p.status == active && p.group >= 0 {
			u.Group = groupName(p.group)
		}
		want[p.name] = u
	}
	names, ids := map[string]string{}, map[string]string{}
	snapshot := h.duo.Snapshot()
	for _, g := range snapshot.Groups {
		names[g.ID] = g.Name
	}
	for _, held := range snapshot.Users {
		u := user{Email: held.Email, Status: held.Status}
		if u.Status == active { // what a disabled user is in decides nothing
			var in []string
			for _, id := range held.Groups {
				in = append(in, names[id])
			}
			slices.Sort(in)
			u.Group = strings.Join(in, " ")
		}
		got[held.Username], ids[held.Username] = u, held.ID
	}
	if diff := cmp.Diff(want, got); diff != "" {
		h.t.Fatalf("%s: Duo holds (-want +got):\n%s", stage, diff)
	}
	for _, p := range h.people {
		if p.id != "" && ids[p.name] != p.id {
			h.t.Errorf("%s: %s is another user than before", stage, p.name)
		}
		p.id = ids[p.name]
	}
}
