package wire

import (
	"maps"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/planfile"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// rulesOf gives the rules of a configuration that has this section sync.
func rulesOf(t *testing.T, text string) (*config.Config, decide.Rules) {
	t.Helper()
	const duo = "duo: {host: api-1.example.com, integration_key: DIWJ8X6AEYOR5OMC6TQ1, secret_key: abc}\n"
	loaded, err := config.Parse("config.yaml", []byte(duo+text), func(string) (string, bool) { return "", false })
	if err != nil {
		t.Fatal(err)
	}
	r, err := Rules(&loaded.Config)
	if err != nil {
		t.Fatal(err)
	}
	return &loaded.Config, r
}

func TestRulesOfEverything(t *testing.T) {
	cfg, r := rulesOf(t, `
sync:
  mapping:
    username: lower(uid)
    aliases: [mail, 'mail ?? uid']
    notes: 'in_group("Night Shift") ? "night" : ""'
    phones: [mobile, {number: telephoneNumber, type: landline}]
    status: 'in_group("VPN users") ? preset : "disabled"'
  allow_bypass: true
  scope: {include_groups: [staff]}
  normalize: {phone_region: DE}
  phones: {on: always, taken: share}
  groups: {mirror: [/proj-.*/], rename: {proj-a: Project A}, existing: adopt, when_unmirrored: delete}
  limits: {max_group_loss: 3, max_group_delete: 7}
  drift: {groups: report}
enroll: {email: true, max_per_run: 7}
`)
	if diff := cmp.Diff([]string{"cn", "givenname", "mail", "mobile", "sn", "telephonenumber", "uid"}, attributes(&r.Rules)); diff != "" {
		t.Errorf("attributes (-want +got):\n%s", diff)
	}
	if !r.Status || r.StatusFrom == nil || !r.AllowBypass || r.EnrollMails != 7 || len(r.Aliases) != 2 || r.Limits.MaxGroupLoss.Count != 3 || r.Limits.MaxGroupDelete.Count != 7 {
		t.Errorf("rules %+v", r)
	}
	if p := r.Phones; !p.Always || !p.Share || p.Region != "DE" || len(p.From) != 2 || p.From[0].Type != "mobile" || p.From[1].Type != "landline" {
		t.Errorf("phones %+v", p)
	}
	if g := r.Groups; !g.Adopt || !g.DeleteUnmirrored || !g.Mirror("PROJ-a") || g.Mirror("staff") || g.Rename("Proj-A") != "Project A" || g.Rename("proj-b") != "proj-b" {
		t.Errorf("groups %+v", g)
	}
	if !r.ReportDrift(dirsync.FieldGroups) || r.ReportDrift(dirsync.FieldPhones) {
		t.Error("drift by field goes astray")
	}
	want := groups(&cfg.Each()[0], &r.Rules).Want
	for name, wanted := range map[string]bool{"Staff": true, "vpn users": true, "night shift": true, "proj-x": true, "robots": false} {
		if want(name) != wanted {
			t.Errorf("the directory is asked about the group %s: %v", name, !wanted)
		}
	}
}

func TestRulesOfLittle(t *testing.T) {
	cfg, r := rulesOf(t, "enroll: {max_per_run: 7}\n")
	if r.StatusFrom != nil || !r.Status || r.EnrollMails != 0 || r.Groups.Mirror != nil || r.Groups.Rename != nil || len(r.Phones.From)+len(r.Aliases) > 0 {
		t.Errorf("rules %+v", r)
	}
	if groups(&cfg.Each()[0], &r.Rules).Want != nil {
		t.Error("groups are read for nothing")
	}
	if _, r := rulesOf(t, "sync: {mapping: {status: \"\"}}\n"); r.Status || r.StatusFrom != nil {
		t.Error("a status that is not ours is set")
	}
}

// TestExpiresAttribute: left out and empty it is the preset's own, and none is none.
func TestExpiresAttribute(t *testing.T) {
	for text, want := range map[string]string{
		"":                                "pwdAccountLockedTime pwdEndTime pwdStartTime",
		", expires_attribute: ''":         "pwdAccountLockedTime pwdEndTime pwdStartTime",
		", expires_attribute: PWDENDTIME": "pwdAccountLockedTime pwdEndTime pwdStartTime",
		", expires_attribute: none":       "pwdAccountLockedTime pwdStartTime",
		", expires_attribute: validUntil": "pwdAccountLockedTime pwdStartTime validUntil",
	} {
		_, r := rulesOf(t, "ldap: {preset: openldap, users: {base_dns: ['dc=x,dc=y']}"+text+"}\n")
		if got := strings.Join(r.StatusAttributes, " "); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// TestAttributeNames: attributes that something hangs on are told as directories write them.
func TestAttributeNames(t *testing.T) {
	_, r := rulesOf(t, "ldap: {preset: activedirectory, users: {base_dns: ['dc=x,dc=y']}}\n")
	for folded, want := range map[string]string{
		"gidnumber": "gidNumber", "primarygroupid": "primaryGroupID", "useraccountcontrol": "userAccountControl", "telephonenumber": "telephonenumber",
	} {
		if got := r.AttributeName(folded); got != want {
			t.Errorf("%s: %s, want %s", folded, got, want)
		}
	}
}

// TestSettingsOfPlans: a plan is bound to ldap and sync by name, as ever; of several directories to
// each, and to their order.
func TestSettingsOfPlans(t *testing.T) {
	key, err := planfile.NewKey("secret")
	if err != nil {
		t.Fatal(err)
	}
	of := func(text string) map[string]string {
		t.Helper()
		cfg, _ := rulesOf(t, text)
		digests, err := settings(cfg, key)
		if err != nil {
			t.Fatal(err)
		}
		return digests
	}
	for path := range of("") {
		if !strings.HasPrefix(path, "ldap.") && !strings.HasPrefix(path, "sync.") {
			t.Errorf("a plan of one directory is bound to %s, which those of before are not", path)
		}
	}
	const a, b = "{name: a}", "{name: b, urls: ['ldap://b'], users: {base_dns: ['dc=b']}}"
	both := of("directories: [" + a + ", " + b + "]\n")
	for _, other := range []string{"[" + b + ", " + a + "]", "[" + a + "]", "[" + a + ", {name: b, urls: ['ldap://b'], users: {base_dns: ['dc=b']}, mapping: {realname: mail}}]"} {
		if maps.Equal(both, of("directories: "+other+"\n")) {
			t.Errorf("a plan of other directories is taken: %s", other)
		}
	}
}
