package ldapsrc_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"duosync/ldapsrc"
	"duosync/ldapsrc/ldapsim"
	"duosync/ldapsrc/schema"
	"duosync/ldapsrc/slapdtest"
	dirsync "duosync/sync"
)

// Ends of accounts in the forms that a real OpenLDAP takes, each as of a time: nothing in
// the directory changes between the reads.
func TestExpiryOnSlapd(t *testing.T) {
	t.Parallel()
	var ldif strings.Builder
	person := func(uid string, lines ...string) {
		_, _ = fmt.Fprintf(&ldif, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nobjectClass: shadowAccount\nuid: %[1]s\ncn: %[1]s\nsn: x\n%[3]s\n\n",
			uid, slapdtest.UsersDN, strings.Join(lines, "\n"))
	}
	person("ends", "shadowExpire: 20543", "pwdEndTime: 20260401000000Z")
	person("offset", "shadowExpire: 20544", "pwdEndTime: 20260331023000.5+0230")
	person("short", "shadowExpire: -1", "pwdEndTime: 2026033100Z")
	person("open", "shadowExpire: 0")
	person("free")
	person("begins", "pwdStartTime: 20260331000000Z")
	s := slapdtest.Start(t, slapdtest.Options{LDIF: ldif.String()})

	midnight := time.Date(2026, 3, 31, 0, 0, 0, 0, time.UTC)
	before, ended := "enabled", "disabled, expired on 2026-03-31 00:00 UTC"
	late := "disabled, expired on 2026-04-01 00:00 UTC"
	for _, tt := range []struct {
		expires string
		at      time.Time
		want    map[string]string
	}{
		{"", midnight.Add(-time.Second), map[string]string{"ends": before, "offset": before, "short": before, "open": before, "free": before,
			"begins": "disabled, not valid before 2026-03-31 00:00 UTC"}},
		{"", midnight, map[string]string{"ends": before, "offset": before, "short": ended, "open": before, "free": before, "begins": before}},
		{"", midnight.Add(time.Second), map[string]string{"ends": before, "offset": ended, "short": ended, "begins": before}},
		{"shadowExpire", midnight.Add(-time.Second), map[string]string{"ends": before, "offset": before, "short": before, "free": before,
			"open": "unreadable, shadowexpire 0"}},
		{"shadowExpire", midnight, map[string]string{"ends": ended, "offset": before, "short": before, "open": "unreadable, shadowexpire 0", "free": before}},
		{"shadowExpire", midnight.Add(24 * time.Hour), map[string]string{"ends": ended, "offset": late, "short": before}},
		{"none", midnight.Add(24 * time.Hour), map[string]string{"ends": before, "offset": before, "short": before, "begins": before}},
	} {
		src := newSource(t, options(s, func(o *ldapsrc.Options) { o.Preset, o.Expires = schema.OpenLDAP, tt.expires }))
		var people []dirsync.Person
		ctx := dirsync.AsOf(t.Context(), tt.at)
		if _, err := src.Read(ctx, func(p dirsync.Person) error { people = append(people, p); return nil }); err != nil {
			t.Fatal(err)
		}
		for uid, want := range tt.want {
			p := byUID(t, people, uid)
			if got := standing(&p); got != want {
				t.Errorf("%q at %v: %s is %s, want %s", tt.expires, tt.at, uid, got, want)
			}
			found, err := src.Lookup(ctx, []dirsync.SourceID{p.ID})
			if err != nil || found[p.ID].Person == nil {
				t.Fatalf("%s: %+v, %v", uid, found, err)
			}
			if got := standing(found[p.ID].Person); got != want || !p.At.Equal(tt.at) {
				t.Errorf("%q at %v: %s is %s at the second look, want %s", tt.expires, tt.at, uid, got, want)
			}
		}
	}
}

func standing(p *dirsync.Person) string {
	switch {
	case p.Term != nil:
		return string(p.Standing) + ", " + p.Term.Words()
	case p.Unsure != nil:
		return string(p.Standing) + ", " + p.Unsure.Attribute + " " + p.Unsure.Value
	}
	return string(p.Standing)
}

// How long a lockout lasts stands in the person's own policy, else in the server's default
// where the account may see which that is; else a lockout lasts, as does one that only an
// administrator ends.
func TestLockoutsThatEndOnSlapd(t *testing.T) {
	t.Parallel()
	policy := func(name, lines string) string {
		return fmt.Sprintf("dn: cn=%s,ou=System,%s\nobjectClass: organizationalRole\nobjectClass: pwdPolicy\ncn: %[1]s\npwdAttribute: userPassword\n%[3]s\n\n", name, slapdtest.Suffix, lines)
	}
	dn := func(name string) string { return "cn=" + name + ",ou=System," + slapdtest.Suffix }
	var ldif strings.Builder
	ldif.WriteString(policy("short", "pwdLockoutDuration: 600") + policy("forever", "pwdLockoutDuration: 0") + policy("silent", "pwdMaxFailure: 3") + policy("common", "pwdLockoutDuration: 3600"))
	locked := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	people := map[string][]string{
		"short": {"pwdPolicySubentry: " + dn("short")}, "shouted": {"pwdPolicySubentry: CN=Short, OU=System," + slapdtest.Suffix},
		"forever": {"pwdPolicySubentry: " + dn("forever")}, "silent": {"pwdPolicySubentry: " + dn("silent")}, "astray": {"pwdPolicySubentry: " + dn("nowhere")},
		"common": nil, "admin": {"pwdPolicySubentry: " + dn("short")}, "expired": {"pwdPolicySubentry: " + dn("short"), "pwdEndTime: 20260101000000Z"},
	}
	for uid, lines := range people {
		since := "20260102030405Z"
		if uid == "admin" {
			since = "000001010000Z"
		}
		_, _ = fmt.Fprintf(&ldif, "dn: uid=%s,%s\nobjectClass: inetOrgPerson\nuid: %[1]s\ncn: %[1]s\nsn: x\npwdAccountLockedTime: %[3]s\n%[4]s\n\n",
			uid, slapdtest.UsersDN, since, strings.Join(lines, "\n"))
	}
	const out, in = dirsync.LockedOut, dirsync.Enabled
	for _, server := range []struct {
		opts   slapdtest.Options
		common map[time.Duration]dirsync.Standing // of who has no policy
	}{
		{slapdtest.Options{LDIF: ldif.String(), DefaultPolicy: dn("common")}, map[time.Duration]dirsync.Standing{599 * time.Second: out, 600 * time.Second: out, time.Hour: in}},
		{slapdtest.Options{LDIF: ldif.String()}, map[time.Duration]dirsync.Standing{599 * time.Second: out, 600 * time.Second: out, time.Hour: out}},
	} {
		s := slapdtest.Start(t, server.opts)
		src := newSource(t, options(s, func(o *ldapsrc.Options) { o.Preset, o.PageSize = schema.OpenLDAP, 3 })) // the policies are read between two pages
		for after, common := range server.common {
			want := map[string]dirsync.Standing{"short": in, "shouted": in, "forever": out, "silent": out, "astray": out, "common": common, "admin": dirsync.Disabled, "expired": dirsync.Disabled}
			if after < 600*time.Second {
				want["short"], want["shouted"] = out, out
			}
			ctx := dirsync.AsOf(t.Context(), locked.Add(after))
			got := map[string]dirsync.Standing{}
			ids := map[string]dirsync.SourceID{}
			if _, err := src.Read(ctx, func(p dirsync.Person) error {
				got[p.Attrs["uid"][0]], ids[p.Attrs["uid"][0]] = p.Standing, p.ID
				return nil
			}); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("default policy %q, after %v (-want +got):\n%s", server.opts.DefaultPolicy, after, diff)
			}
			found, err := src.Lookup(ctx, []dirsync.SourceID{ids["short"], ids["common"]})
			if err != nil || found[ids["short"]].Person.Standing != want["short"] || found[ids["common"]].Person.Standing != common {
				t.Errorf("the second look after %v: %+v, %v", after, found, err)
			}
		}
	}
}

// A policy that is refused, gone or elsewhere leaves the lockout; a connection that is lost
// meanwhile ends the read.
func TestLockoutWhosePolicyIsNotShown(t *testing.T) {
	t.Parallel()
	const policy, person = "cn=short,dc=example,dc=com", "uid=zoe," + simUsers
	for name, test := range map[string]struct {
		faults ldapsim.Faults
		want   dirsync.Standing
	}{
		"shown":     {ldapsim.Faults{}, dirsync.Enabled},
		"denied":    {ldapsim.Faults{Denied: []string{policy}}, dirsync.LockedOut},
		"gone":      {ldapsim.Faults{Gone: []string{policy}}, dirsync.LockedOut},
		"elsewhere": {ldapsim.Faults{Elsewhere: map[string]string{policy: "ldap://127.0.0.1:1"}}, dirsync.LockedOut},
		"lost":      {ldapsim.Faults{}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := newSim(t, 120)
			for dn, attrs := range map[string]ldapsim.Attributes{
				policy: {"objectClass": {"pwdPolicy"}, "pwdLockoutDuration": {"600"}},
				person: {"objectClass": {"person"}, "cn": {"Zoe"}, "pwdAccountLockedTime": {"20260102030405Z"}, "pwdPolicySubentry": {policy}},
			} {
				if err := sim.Add(dn, attrs); err != nil {
					t.Fatal(err)
				}
			}
			if test.want == "" {
				test.faults.BeforePage = func(page int) {
					if page == 2 { // of the people; the next search is that of the policy
						sim.SetFaults(ldapsim.Faults{DropOnPage: 1})
					}
				}
			}
			sim.SetFaults(test.faults)
			src := newSource(t, simOptions(sim, func(o *ldapsrc.Options) { o.Preset, o.Users.Filter = schema.OpenLDAP, "(objectClass=person)" }))
			people, _, err := readAll(t, src)
			if test.want == "" {
				wantError(t, err, "EOF", "")
				return
			}
			if err != nil || len(people) != 121 {
				t.Fatalf("%d people, %v", len(people), err)
			}
			if got := byUID(t, people, "zoe").Standing; got != test.want {
				t.Errorf("%s, want %s", got, test.want)
			}
		})
	}
}
