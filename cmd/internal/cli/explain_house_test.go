package cli

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// explainMember writes the LDIF of a person with mail, and what else is given, as in
// "mobile: 1".
func explainMember(uid, cn string, more ...string) string {
	text := fmt.Sprintf("dn: uid=%s,%s\nobjectClass: inetOrgPerson\nobjectClass: wso2Person\nobjectClass: scimPerson\nobjectClass: identityPerson\nuid: %s\ncn: %s\nsn: %s\nmail: %s@example.com\n", uid, slapdtest.UsersDN, uid, cn, cn, uid)
	for _, line := range more {
		text += line + "\n"
	}
	return text + "\n"
}

func explainDN(uid string) string { return "uid=" + uid + "," + slapdtest.UsersDN }

// explainHouse has one person of each kind, named by it.
func explainHouse(t *testing.T, sync string) *house {
	t.Helper()
	ldif := explainMember("step", "In Step", "mobile: (415) 555-0101") + explainMember("locked", "Locked", "accountLock: true") + explainMember("outside", "Out Side") +
		explainMember("svc-backup", "Backup") + explainMember("robot", "Robot") + explainMember("leaver", "Leaver") + explainMember("byhand", "By Hand") + explainMember("namesake", "Name Sake") +
		explainMember("recycled", "First Owner") + explainMember("aliased", "Aliased", "employeeNumber: nickname") +
		explainMember("phoned", "Phoned", "mobile: (415) 555-0102") + explainMember("vip", "Vip") + explainMember("twin", "Twin One") +
		explainMember("strange", "Strange", "employeeType:: G1szMW1SRUQbWzBt") + explainMember("nomail", "No Mail", "employeeNumber: mine")
	ldif = strings.Replace(ldif, "mail: nomail@example.com", "mail: not an address", 1)
	people := []string{"step", "locked", "svc-backup", "robot", "leaver", "byhand", "namesake", "recycled", "aliased", "phoned", "vip", "twin", "strange", "nomail"}
	var dns []string
	for _, uid := range people {
		dns = append(dns, explainDN(uid))
	}
	h := newHouse(t, houseOptions{
		single: true,
		slapd:  slapdtest.Options{LDIF: ldif + group("staff", dns...) + group("robots", explainDN("robot"))},
		sync: `  scope: {include_groups: [staff], exclude_users: ["/svc-.*/"], exclude_groups: [robots], protect: [vip]}
  mapping: {aliases: [employeeNumber], phones: [mobile], notes: 'employeeType ?? ""'}
  phones: {on: always}
  groups: {mirror: [staff]}
  limits: {max_remove: off}
` + sync,
	})
	for _, u := range []duosim.User{{Username: "namesake", Email: "other@example.com"}, {Username: "stranger", Aliases: []string{"nickname"}, Groups: []string{h.group("open", "bypass")}}} {
		if _, err := h.duo.AddUser(u); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

// compareArchive compares an archive with a file, or writes it.
func compareArchive(t *testing.T, file string, got *txtar.Archive, update bool) {
	t.Helper()
	if update {
		if err := os.WriteFile(file, txtar.Format(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(txtar.Format(got))); diff != "" {
		t.Errorf("%s (-want +got):\n%s", file, diff)
	}
}

// leavings are what a command could leave behind: files, and the state's bytes.
func (h *house) leavings() map[string]string {
	h.t.Helper()
	entries, err := os.ReadDir(h.dir)
	if err != nil {
		h.t.Fatal(err)
	}
	files := map[string]string{}
	for _, entry := range entries {
		data, err := os.ReadFile(h.dir + "/" + entry.Name())
		if err != nil {
			h.t.Fatal(err)
		}
		files[entry.Name()] = string(data)
	}
	return files
}

// mask replaces what differs from test to test by something as long, so that lines
// break at the same place.
type mask struct{ ids map[string]string }

func newMask() *mask { return &mask{ids: map[string]string{}} }

var (
	maskedID   = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	maskedRun  = regexp.MustCompile(`\d{8}T\d{6}Z-[0-9a-f]{6}`)
	maskedTime = regexp.MustCompile(`\d{4}-\d\d-\d\d[ T]\d\d:\d\d(:\d\dZ)?`)
	maskedDay  = regexp.MustCompile(`\d{4}-\d\d-\d\d`)
	maskedPort = regexp.MustCompile(`127\.0\.0\.1:\d+`)
)

func (m *mask) of(text string) string {
	text = maskedID.ReplaceAllStringFunc(text, func(id string) string {
		if m.ids[id] == "" {
			m.ids[id] = fmt.Sprintf("00000000-0000-4000-8000-%012d", len(m.ids)+1)
		}
		return m.ids[id]
	})
	text = maskedRun.ReplaceAllString(text, "20260304T120000Z-0a1b2c")
	text = maskedTime.ReplaceAllStringFunc(text, func(at string) string { return ("2026-03-04" + at[10:11] + "12:00:00Z")[:len(at)] })
	text = maskedDay.ReplaceAllString(text, "2026-03-04")
	return maskedPort.ReplaceAllString(text, "127.0.0.1:0")
}

// explanation is the JSON form, as far as the tests look at it.
type explanation struct {
	FoundBy string `json:"found_by"`
	Entry   *struct {
		Found    string
		DN       string
		SourceID string `json:"source_id"`
	}
	Scope  struct{ Rule, Item string }
	Fields []struct {
		Field         string
		Before, After any
	}
	Snapshot *struct{ Origin, Since string }
	Duo      struct {
		Standing string
		User     *struct {
			ID string `json:"duo_user_id"`
		}
	}
	Next struct {
		Action, Reason, Result, Refresh string
		Operations                      []reportOperation
	}
	Holds   []struct{ Kind, Name, Approve, Remedy string }
	History []struct{ Action, Result string }
	Matches []struct{ Username string }
	Error   string
}

// explain asks for somebody in JSON.
func (h *house) explain(code int, user string) explanation {
	h.t.Helper()
	r := h.run("explain", user, "--format", "json")
	var doc explanation
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || r.code != code {
		h.t.Fatalf("explain %s: exit %d, want %d; %v\n%s%s", user, r.code, code, err, r.out, r.err)
	}
	h.noSecret(r)
	return doc
}
