package cli

import (
	"strings"
	"testing"

	"duosync/ldapsrc/slapdtest"
)

// TestCompletion: a shell is told the words of flags, and the runs that there were.
func TestCompletion(t *testing.T) {
	for line, want := range map[string]string{
		"sync --format":        "table json markdown html csv :4",
		"verify --format":      "table json :4",
		"config init --preset": "wso2is openldap 389ds activedirectory freeipa opendj edirectory custom :4",
		"sync --log-level":     "error warning info debug :4",
		"history --log-format": "text json :4",
		"completion":           "bash zsh fish powershell :4",
		"history":              ":4", // no state: nothing, and no message
	} {
		_, out, _ := typedIn(t, t.TempDir(), append(append([]string{"__completeNoDesc"}, strings.Fields(line)...), "")...)
		if got := strings.Join(strings.Fields(out), " "); got != want {
			t.Errorf("%s: %s, want %s", line, got, want)
		}
	}

	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: plainPeople(1)}})
	h.want(0, "applied")
	id, _ := h.history("--format", "json")[0]["run_id"].(string)
	for _, line := range []string{"history", "undo", "history " + id} {
		_, out, _ := typedIn(t, h.dir, append(append([]string{"__complete", "--config", h.config}, strings.Fields(line)...), "")...)
		want := "last\tthe newest\n" + id + "\tapplied\n:36\n"
		if strings.Contains(line, id) { // there is no second one
			want = ":4\n"
		}
		if out != want {
			t.Errorf("%s: %s", line, out)
		}
	}
}
