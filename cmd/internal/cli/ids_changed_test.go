package cli

import (
	"encoding/json"
	"strings"
	"testing"

	"duosync/duo/duosim"
	"duosync/ldapsrc/slapdtest"
)

// asked gives the one who needs attention, as the last report has it.
func asked(t *testing.T, r result) (found struct{ Username, Source, Reason, Remedy string }) {
	t.Helper()
	var doc struct {
		Attention []struct {
			Username, Reason, Remedy string
			Source                   string `json:"source_id"`
		}
	}
	if err := json.Unmarshal([]byte(r.out), &doc); err != nil || len(doc.Attention) != 1 {
		t.Fatalf("%v; not exactly one needs attention:\n%s", err, brief(r.out))
	}
	a := doc.Attention[0]
	found.Username, found.Source, found.Reason, found.Remedy = a.Username, a.Source, a.Reason, a.Remedy
	return found
}

// TestIDsChangedIsToldEverywhere: who is there under a new id is told by each command and in
// each form, by the name and by either id, and what is printed settles it.
func TestIDsChangedIsToldEverywhere(t *testing.T) {
	ldif := ""
	for i := range 3 {
		ldif += someone(plain(i), "mail="+plain(i)+"@x.org")
	}
	h := newHouse(t, houseOptions{slapd: slapdtest.Options{LDIF: ldif}, sync: ample})
	h.want(0, "applied")
	name := plain(0)
	old := h.explain(0, name).Entry.SourceID
	h.ldap.Delete(userDN(name))
	h.hire(name, "mail="+name+"@x.org")

	a := asked(t, h.want(3, "held"))
	for _, user := range []string{name, old, a.Source} {
		doc := h.explain(0, user)
		if doc.Next.Result != "held" || len(doc.Holds) != 2 || doc.Holds[0].Name != "ids_changed" || doc.Holds[0].Remedy != a.Remedy {
			t.Errorf("explain %s: %+v, %+v", user, doc.Next, doc.Holds)
		}
		if text := h.run("explain", user).out; !strings.Contains(text, "HELD") || len(praises(text)) > 0 || strings.Count(text, a.Remedy) != 1 {
			t.Errorf("explain %s:\n%s", user, text)
		}
	}
	if text := h.run("sync", "--format", "csv").out; !strings.Contains(text, "attention,"+name+","+a.Source) {
		t.Errorf("CSV:\n%s", text)
	}
	for _, command := range []string{"due", "drift"} {
		if text := h.run(command).out; !strings.Contains(text, a.Remedy) || len(praises(text)) > 0 {
			t.Errorf("%s:\n%s", command, text)
		}
	}
	page, metrics, _ := h.page()
	if !strings.Contains(metrics, "duosync_attention 1") || !strings.Contains(page, ">"+strings.Split(a.Remedy, " --config ")[0]+" --config ") {
		t.Errorf("%s\n%s", page, metrics)
	}

	h.change(name, func(u *duosim.User) { u.Status = "pending deletion" })
	a = asked(t, h.want(3, "held", "--refresh"))
	if !strings.Contains(a.Reason, "restore it in the Duo Admin Panel before") {
		t.Errorf("in the Trash: %+v", a)
	}
	words := strings.Fields(strings.TrimSuffix(strings.TrimPrefix(a.Remedy, "duosync sync "), " --config "+h.config))
	h.want(3, "held", words...) // it can't be yet, and decides nothing
	h.want(3, "held")
	h.change(name, func(u *duosim.User) { u.Status = "active" })
	h.want(3, "held", "--refresh")
	h.want(3, "held")
	h.want(0, "applied", words...)
	h.want(0, "no-changes", "--refresh")
	if u := h.user(name); u.Status != "active" {
		t.Errorf("the user is %s", u.Status)
	}
}
