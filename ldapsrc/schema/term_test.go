package schema

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
)

// The configured attribute stands in the place of the preset's own, whatever the form of
// its values, and a lock is told before an end.
func TestExpiring(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 31, 12, 0, 0, 0, time.UTC)
	type attrs map[string][]string
	over := func(at time.Time) Verdict {
		return Verdict{Standing: dirsync.Disabled, Term: &dirsync.Term{At: at}}
	}
	unsure := func(attribute, value string) Verdict {
		return Verdict{Standing: dirsync.Unreadable, Unsure: &dirsync.Unsure{Attribute: attribute, Value: value}}
	}
	enabled, disabled := Verdict{Standing: dirsync.Enabled}, Verdict{Standing: dirsync.Disabled}
	for _, tt := range []struct {
		preset  Preset
		expires string
		attrs   attrs
		want    Verdict
	}{
		{Custom, "shadowExpire", attrs{"shadowexpire": {"20543"}}, over(now.Add(-12 * time.Hour))}, // from the first second of the day
		{Custom, "shadowExpire", attrs{"shadowexpire": {"20544"}}, enabled},
		{Custom, "shadowExpire", attrs{"shadowexpire": {"-1"}}, enabled},
		{Custom, "shadowExpire", attrs{"shadowexpire": {""}}, enabled},
		{Custom, "shadowExpire", attrs{"shadowexpire": {"0"}}, unsure("shadowexpire", "0")},
		{Custom, "shadowExpire", attrs{"shadowexpire": {"20543"}, "pwdendtime": {"19800101000000Z"}}, over(now.Add(-12 * time.Hour))},
		{Custom, "SHADOWEXPIRE", attrs{"shadowexpire": {"20543"}}, over(now.Add(-12 * time.Hour))},
		{Custom, "validUntil", attrs{"validuntil": {"1774958400"}}, over(now)},
		{Custom, "validUntil", attrs{"validuntil": {"1774958401"}}, enabled},
		{Custom, "validUntil", attrs{"validuntil": {"31.3.2026"}}, unsure("validuntil", "31.3.2026")},
		{Custom, "", attrs{"accountexpires": {"1"}}, enabled},
		{ActiveDirectory, "", attrs{"useraccountcontrol": {"512"}, "accountexpires": {"134194320000000000"}}, over(now)},
		{ActiveDirectory, "none", attrs{"useraccountcontrol": {"512"}, "accountexpires": {"1"}}, enabled},
		{ActiveDirectory, "accountexpires", attrs{"useraccountcontrol": {"512"}, "accountexpires": {"134194320000000000"}}, over(now)},
		{ActiveDirectory, "accountExpires", attrs{"useraccountcontrol": {"514"}, "accountexpires": {"134194320000000000"}}, disabled},
		{OpenLDAP, "shadowExpire", attrs{"shadowexpire": {"20544"}, "pwdendtime": {"19800101000000Z"}}, enabled},
		{OpenLDAP, "shadowExpire", attrs{"pwdstarttime": {"20260331120001Z"}}, Verdict{Standing: dirsync.Disabled, Term: &dirsync.Term{At: now.Add(time.Second), Begin: true}}},
		{WSO2IS, "validUntil", attrs{"accountlock": {"true"}, "validuntil": {"1774958400"}}, disabled},
		{WSO2IS, "validUntil", attrs{"accountlock": {"maybe"}, "validuntil": {"1774958400"}}, over(now)},
		{WSO2IS, "validUntil", attrs{"accountlock": {"maybe"}, "validuntil": {"soon"}}, unsure("accountlock", "maybe")},
	} {
		kind := of(tt.preset).Expiring(tt.expires)
		if diff := cmp.Diff(tt.want, kind.Judge(tt.attrs, now)); diff != "" {
			t.Errorf("%s %s %v (-want +got):\n%s", tt.preset, tt.expires, tt.attrs, diff)
		}
		if kind.Expires != "" && !slices.ContainsFunc(kind.Status, func(name string) bool { return name == kind.Expires }) {
			t.Errorf("%s %s: not asked for among %q", tt.preset, tt.expires, kind.Status)
		}
	}
	if kind := of(OpenLDAP).Expiring("none"); slices.Contains(kind.Status, "pwdEndTime") || !slices.Contains(kind.Status, "pwdStartTime") {
		t.Errorf("%q", kind.Status)
	}
	if kind := of(OpenLDAP); !slices.Contains(kind.Status, "pwdEndTime") {
		t.Errorf("the table itself was changed: %q", kind.Status)
	}
}

// Each preset's own attribute is among those for the end of accounts, once.
func TestEnds(t *testing.T) {
	t.Parallel()
	ends := Ends()
	for _, preset := range Presets() {
		if own := of(preset).Expires; own != "" && !slices.Contains(ends, own) {
			t.Errorf("%s: %s is not among %q", preset, own, ends)
		}
	}
	for _, name := range []string{"krb5ValidEnd", "shadowExpire", "sambaKickoffTime"} {
		if !slices.Contains(ends, name) {
			t.Errorf("%s is not among %q", name, ends)
		}
	}
	slices.Sort(ends)
	if len(slices.Compact(ends)) != len(Ends()) {
		t.Errorf("%q", Ends())
	}
}

func TestTermWords(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 3, 31, 2, 0, 0, 0, time.FixedZone("", 7200))
	if got := (&dirsync.Term{At: at}).Words(); got != "expired on 2026-03-31 00:00 UTC" {
		t.Error(got)
	}
	if got := (&dirsync.Term{At: at, Begin: true}).Words(); got != "not valid before 2026-03-31 00:00 UTC" {
		t.Error(got)
	}
}
