package cli

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// Lists are mapped in these tests so: departmentNumber holds aliases, mobile
// phones. ample lets a handful of people be changed at will.
const (
	listMapping = "  mapping: {aliases: [departmentNumber], phones: [mobile]}\n"
	ample       = "  limits: {floor: 40}\n"
)

func userDN(uid string) string { return "uid=" + uid + "," + slapdtest.UsersDN }

func groupDN(name string) string { return "cn=" + name + "," + slapdtest.GroupsDN }

// attributesOf gives the attributes of an entry: attribute=value…, in which an
// attribute may come several times.
func attributesOf(uid string, pairs []string) map[string][]string {
	attrs := map[string][]string{"objectClass": {"identityPerson"}, "uid": {uid}, "cn": {uid}, "sn": {uid}}
	for _, pair := range pairs {
		name, value, _ := strings.Cut(pair, "=")
		attrs[name] = append(attrs[name], value)
	}
	return attrs
}

// someone is a person of the directory in LDIF.
func someone(uid string, pairs ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "dn: %s\n", userDN(uid))
	for name, values := range attributesOf(uid, pairs) {
		for _, value := range values {
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String() + "\n"
}

// hire adds a person to the directory.
func (h *house) hire(uid string, pairs ...string) {
	h.t.Helper()
	h.ldap.Add(userDN(uid), attributesOf(uid, pairs))
}

// nextSecond waits until the server stamps a change with another second than those
// that the last run has seen.
func (h *house) nextSecond() {
	time.Sleep(time.Until(time.Now().Truncate(time.Second).Add(time.Second + 10*time.Millisecond)))
}

// handUser puts a user into Duo as somebody else would.
func (h *house) handUser(u duosim.User) duosim.User {
	h.t.Helper()
	stored, err := h.duo.AddUser(u)
	if err != nil {
		h.t.Fatal(err)
	}
	return stored
}

// handPhone puts a phone into Duo as somebody else would.
func (h *house) handPhone(p duosim.Phone) duosim.Phone {
	h.t.Helper()
	stored, err := h.duo.AddPhone(p)
	if err != nil {
		h.t.Fatal(err)
	}
	return stored
}

// handGroup puts a group into Duo as somebody else would.
func (h *house) handGroup(name, status string) duosim.Group {
	h.t.Helper()
	stored, err := h.duo.AddGroup(duosim.Group{Name: name, Status: status})
	if err != nil {
		h.t.Fatal(err)
	}
	return stored
}

// enroll lets somebody enroll a device of their own.
func (h *house) enroll(name, number string) duosim.Phone {
	h.t.Helper()
	device, err := h.duo.EnrollDevice(name, duosim.Phone{Number: number})
	if err != nil {
		h.t.Fatal(err)
	}
	return device
}

// user gives the Duo user of a name.
func (h *house) user(name string) duosim.User {
	h.t.Helper()
	u, found := h.duo.User(name)
	if !found {
		h.t.Fatalf("Duo has no user %s", name)
	}
	return u
}

// change has somebody change a user in the Admin Panel.
func (h *house) change(name string, by func(*duosim.User)) {
	h.t.Helper()
	u := h.user(name)
	by(&u)
	if err := h.duo.SetUser(u); err != nil {
		h.t.Fatal(err)
	}
}

// shows checks what Duo holds, a line a user:
//
//	anna active (a1 a2) [+12025550100] {staff}
func (h *house) shows(want ...string) {
	h.t.Helper()
	if diff := cmp.Diff(want, lines(h.duo.Snapshot())); diff != "" {
		h.t.Errorf("Duo (-want +got):\n%s", diff)
	}
}

func lines(s duosim.Snapshot) []string {
	groups, phones := map[string]string{}, map[string]string{}
	for _, g := range s.Groups {
		groups[g.ID] = g.Name
	}
	for _, p := range s.Phones {
		phones[p.ID] = p.Number
	}
	named := func(names map[string]string, ids []string) string {
		var list []string
		for _, id := range ids {
			list = append(list, names[id])
		}
		slices.Sort(list)
		return strings.Join(list, " ")
	}
	var lines []string
	for _, u := range s.Users {
		line := u.Username + " " + u.Status
		aliases := slices.DeleteFunc(slices.Sorted(slices.Values(u.Aliases)), func(alias string) bool { return alias == "" })
		if len(aliases) > 0 {
			line += " (" + strings.Join(aliases, " ") + ")"
		}
		if len(u.Phones) > 0 {
			line += " [" + named(phones, u.Phones) + "]"
		}
		if len(u.Groups) > 0 {
			line += " {" + named(groups, u.Groups) + "}"
		}
		lines = append(lines, line)
	}
	return lines
}

// silent checks that a run has nothing to do, and calls Duo not once.
func (h *house) silent() {
	h.t.Helper()
	h.duo.ResetCalls()
	r := h.want(0, "no-changes")
	for _, c := range h.duo.Calls() {
		h.t.Errorf("a run without changes: %s %s %v", c.Method, c.Path, c.Params)
	}
	if len(r.report.Operations) > 0 {
		h.t.Errorf("operations %v", r.ops())
	}
}

// codes counts Duo's answers with a code since the calls were last forgotten.
func (h *house) codes(code int) int {
	n := 0
	for _, c := range h.duo.Calls() {
		if c.Code == code {
			n++
		}
	}
	return n
}

// has checks that a run reported just these operations, in any order.
func (r result) has(t *testing.T, want ...string) {
	t.Helper()
	got := r.ops()
	slices.Sort(got)
	slices.Sort(want)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("operations (-want +got):\n%s\n%s", diff, brief(r.out))
	}
}

// conflict gives the reason of a conflict about somebody, "" where there is none.
func (r result) conflict(username string) string {
	for _, c := range r.report.Conflicts {
		if c.Username == username {
			return c.Reason
		}
	}
	return ""
}

// failures lists the operations that failed or were left out, with the reason.
func (r result) failures() []string {
	var failures []string
	for _, o := range r.report.Operations {
		if o.Result == "failed" || o.Result == "skipped" {
			failures = append(failures, o.Action+" "+o.Username+" "+o.Result+": "+o.Error)
		}
	}
	return failures
}

// changes gives the changes of one operation as the JSON report has them, such as
// `aliases ["a"] -> ["a","b"]`.
func (r result) changes(t *testing.T, action, username string) []string {
	t.Helper()
	var doc struct {
		Operations []struct {
			Action, Username string
			Changes          []struct {
				Field         string
				Before, After json.RawMessage
			}
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil {
		t.Fatal(err)
	}
	compact := func(data json.RawMessage) string {
		var value any
		if err := json.Unmarshal(data, &value); err != nil {
			t.Fatal(err)
		}
		text, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	var changes []string
	for _, o := range doc.Operations {
		if o.Action != action || o.Username != username {
			continue
		}
		for _, c := range o.Changes {
			changes = append(changes, fmt.Sprintf("%s %s -> %s", c.Field, compact(c.Before), compact(c.After)))
		}
	}
	return changes
}
