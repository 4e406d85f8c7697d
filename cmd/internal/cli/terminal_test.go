package cli

import (
	"bytes"
	"strings"
	"testing"

	"github.com/rivo/uniseg"

	"duosync/ldapsrc/slapdtest"
)

// onTerminal runs a command for somebody at a terminal of so many columns, without colours.
func (h *house) onTerminal(columns int, args ...string) string {
	h.t.Helper()
	var out, errs bytes.Buffer
	stdio := Stdio{Out: &out, Err: &errs, OutTerminal: true, OutWidth: func() int { return columns },
		Env: func(name string) (string, bool) { return "1", name == "NO_COLOR" }}
	if code := run(h.t.Context(), append(args, "--config", h.config), stdio); code != 0 {
		h.t.Fatalf("duosync %s: exit %d\n%s%s", args, code, &out, &errs)
	}
	return out.String()
}

func lastLine(text string) string {
	lines := strings.Split(strings.TrimRight(text, "\n"), "\n")
	return lines[len(lines)-1]
}

// TestReportOnTerminal: a report is as wide as the terminal; to a file and a pipe it is of
// one width, whoever sits where.
func TestReportOnTerminal(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("anna", "cn=Anna Maria Elisabeth Becker", "givenName=Anna Maria Elisabeth", "mail=anna@example.org") + plainPeople(2)}})
	whole := "anna      realname Anna Maria Elisabeth Becker, firstname Anna Maria Elisabeth, lastname anna, email anna@example.org\n"
	if wide := h.onTerminal(200, "sync", "--dry-run"); !strings.Contains(wide, whole) {
		t.Errorf("200 columns, and a row in more than one line:\n%s", wide)
	}
	for _, columns := range []int{60, 80, 120} {
		for line := range strings.Lines(h.onTerminal(columns, "sync", "--dry-run")) {
			if uniseg.StringWidth(strings.TrimRight(line, "\n")) >= columns {
				t.Errorf("%d columns: %q", columns, line)
			}
		}
	}
	if piped := h.run("sync", "--dry-run").out; strings.Contains(piped, whole) {
		t.Errorf("as wide as a terminal, without one:\n%s", piped)
	}
}

// TestSummaryLast: the last line sums up, and with -q it is the only one.
func TestSummaryLast(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("anna", "mobile=+1 415 555 0100") + plainPeople(2)},
		sync: "  mapping: {phones: [mobile]}\n"})
	dry := h.run("sync", "--dry-run")
	want := "Dry run: 3 to create, 1 phone to add; nothing was written"
	if lastLine(dry.out) != want || !strings.Contains(dry.out, "\n  + create (3)\n") || strings.Contains(dry.out, "phone_create") {
		t.Errorf("want last: %s\n%s", want, dry.out)
	}
	if r := h.run("sync", "--dry-run", "-q"); r.out != want+"\n" {
		t.Errorf("-q:\n%s", r.out)
	}
	if r := h.run("sync", "-q"); r.out != "Run: 3 created, 1 phone added; all done\n" {
		t.Errorf("-q:\n%s", r.out)
	}
	if r := h.run("sync", "--quiet"); r.out != "Run: nothing to do; 3 unchanged\n" {
		t.Errorf("--quiet:\n%s", r.out)
	}
	for _, args := range [][]string{{"check"}, {"due"}, {"history"}, {"drift"}, {"explain", "anna"}} {
		if r := h.run(append(args, "-q")...); r.out == "" || strings.Count(r.out, "\n") != 1 {
			t.Errorf("%s -q: exit %d\n%s%s", args, r.code, r.out, r.err)
		}
	}
	if r := h.run("sync", "-q", "--format", "json"); !strings.HasPrefix(r.out, "{") {
		t.Errorf("-q leaves JSON as it is:\n%s", r.out)
	}
}

// TestSkippedAreNamed: for whom nothing is done by rule is named in JSON, and in the table
// where that is asked for.
func TestSkippedAreNamed(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("locky", "accountLock=true") + someone("prot") + plainPeople(2)},
		sync: "  scope: {protect: [prot]}\n"})
	for _, written := range []bool{false, true, true} { // seen for the first time, and remembered
		args := []string{"sync"}
		if !written {
			args = append(args, "--dry-run")
		}
		contains(t, h.run(append(args, "--dry-run", "--verbose")...).out, "SKIPPED\n", "\n  locky  disabled in the directory, and not in Duo\n", "\n  prot   protected (sync.scope.protect)")
		contains(t, h.run(append(args, "--dry-run", "--format", "json")...).out, `"username": "locky"`, `"reason": "locked"`, `"reason": "protected"`)
		if r := h.run(args...); r.code != 0 || strings.Contains(r.out, "locky") || written && strings.Contains(r.out, "create (") && strings.Contains(r.out, "prot ") {
			t.Errorf("exit %d, without --verbose:\n%s%s", r.code, r.out, r.err)
		}
	}
	if r := h.run("history", "last", "--format", "json"); strings.Contains(r.out, "locky") {
		t.Errorf("each run keeps them:\n%s", r.out)
	}
}

// TestDueNamesPeople: who waits is told with name and address, who has no device only where
// that is asked for.
func TestDueNamesPeople(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: someone("gone", "cn=Gerd Gone", "mail=gerd@example.org") + someone("anna", "cn=Anna A", "mail=anna@example.org") + plainPeople(20)},
		sync: "  on_missing: {action: disable, after: 5d}\n"})
	h.want(0, "applied")
	h.ldap.Delete(userDN("gone"))
	h.want(0, "no-changes")
	due := h.run("due").out
	contains(t, due, "gone  Gerd Gone, gerd@example.org: disable on ", "(--verbose lists them)")
	if strings.Contains(due, "anna@example.org") || !strings.HasPrefix(lastLine(due), "Due: removals: 1 person waiting") {
		t.Errorf("due:\n%s", due)
	}
	contains(t, h.run("due", "--verbose").out, "anna      Anna A, anna@example.org, DU")
	contains(t, h.run("due", "--format", "json").out, `"realname": "Gerd Gone"`, `"email": "gerd@example.org"`, `"email": "anna@example.org"`)
	contains(t, h.run("due", "--format", "csv").out, "Gerd Gone,gerd@example.org", "Anna A,anna@example.org")
	h.edit("\nduo:", "\nnosuch: 1\nduo:") // what the last complete run saw
	contains(t, h.run("due").out, "gone  Gerd Gone, gerd@example.org: disable on ")
}

// TestDrawings: history and due have a row of bars where somebody looks at a terminal that is wide
// enough and shows them; nowhere else.
func TestDrawings(t *testing.T) {
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(30)}, sync: "  on_missing: {after: 48h}\n"})
	h.want(0, "applied")
	h.ldap.Delete(userDN(plain(1)))
	h.want(0, "no-changes")
	const bars = "▁▂▃▄▅▆▇█·"
	for _, test := range []struct {
		columns int
		env     map[string]string
		drawn   bool
	}{
		{80, map[string]string{"LANG": "en_US.UTF-8"}, true},
		{160, map[string]string{"LANG": "C", "LC_ALL": "de_DE.utf8@euro"}, true},
		{80, map[string]string{"LC_CTYPE": "C.UTF-8", "NO_COLOR": "1"}, true},
		{79, map[string]string{"LANG": "en_US.UTF-8"}, false},
		{80, map[string]string{"LANG": "en_US.UTF-8", "LC_ALL": "C"}, false},
		{80, map[string]string{"LANG": "de_DE.ISO-8859-1"}, false},
		{80, map[string]string{"LANG": "en_US.UTF-8", "TERM": "dumb"}, false},
		{80, nil, false},
		{0, map[string]string{"LANG": "en_US.UTF-8"}, false}, // a pipe
	} {
		for _, args := range [][]string{{"history"}, {"due"}} {
			var out, errs bytes.Buffer
			stdio := Stdio{Out: &out, Err: &errs, OutTerminal: test.columns > 0, OutWidth: func() int { return test.columns },
				Env: func(name string) (string, bool) { value, set := test.env[name]; return value, set }}
			if code := run(t.Context(), append(args, "--config", h.config), stdio); code != 0 {
				t.Fatalf("%v: exit %d\n%s%s", args, code, &out, &errs)
			}
			if got := strings.ContainsAny(out.String(), bars); got != test.drawn {
				t.Errorf("%v, %d columns, %v: bars %v, want %v:\n%s", args, test.columns, test.env, got, test.drawn, &out)
			}
			if colour := strings.Contains(out.String(), "\x1b["); colour && test.env["NO_COLOR"] != "" {
				t.Errorf("%v: coloured in spite of NO_COLOR", args)
			}
		}
	}
}
