package ldapsrc

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/go-cmp/cmp"

	dirsync "duosync/sync"
)

func TestStanding(t *testing.T) {
	t.Parallel()
	now := time.UnixMilli(1_800_000_000_000)
	type attrs map[string][]string
	tests := []struct {
		preset Preset
		attrs  attrs
		want   dirsync.Standing
	}{
		{WSO2IS, nil, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {"false"}, "accountdisabled": {"FALSE"}}, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {"yes"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"false"}, "accountdisabled": {"1"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"yes", "TRUE"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"1"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"1"}, "unlocktime": {"1800000000001"}}, dirsync.Unreadable},
		{WSO2IS, attrs{"accountlock": {"1"}, "accountdisabled": {"true"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {" "}, "accountdisabled": {""}}, dirsync.Enabled},
		{WSO2IS, attrs{"accountlock": {" TRUE "}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"false", "true"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountdisabled": {"True"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000001"}}, dirsync.LockedOut},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000000"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"0"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"soon"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "unlocktime": {"1800000000001", "0"}}, dirsync.Disabled},
		{WSO2IS, attrs{"accountlock": {"true"}, "accountdisabled": {"true"}, "unlocktime": {"1800000000001"}}, dirsync.Disabled},
		{WSO2IS, attrs{"unlocktime": {"1800000000001"}}, dirsync.Enabled},
		{WSO2IS, attrs{"pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Enabled},
		{OpenLDAP, nil, dirsync.Enabled},
		{OpenLDAP, attrs{"accountlock": {"true"}}, dirsync.Enabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"000001010000Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"00000101000000Z"}}, dirsync.Disabled},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"20260101000000Z"}}, dirsync.LockedOut},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon", "20260101000000Z"}}, dirsync.Unreadable},
		{OpenLDAP, attrs{"pwdaccountlockedtime": {"soon", "000001010000Z"}}, dirsync.Disabled},
		{DS389, nil, dirsync.Enabled},
		{DS389, attrs{"nsaccountlock": {"on"}}, dirsync.Unreadable},
		{DS389, attrs{"nsaccountlock": {"on"}, "accountunlocktime": {"20270115080001Z"}}, dirsync.Unreadable},
		{DS389, attrs{"nsaccountlock": {"on"}, "accountunlocktime": {"19700101000000Z"}}, dirsync.Disabled},
		{DS389, attrs{"nsaccountlock": {"false"}}, dirsync.Enabled},
		{DS389, attrs{"nsaccountlock": {"TRUE"}}, dirsync.Disabled},
		{DS389, attrs{"nsaccountlock": {"true"}, "accountunlocktime": {"20270115080001Z"}}, dirsync.Disabled},
		{DS389, attrs{"accountunlocktime": {"20270115080001Z"}}, dirsync.LockedOut}, // a second after now
		{DS389, attrs{"accountunlocktime": {"20270115080000Z"}}, dirsync.Enabled},
		{DS389, attrs{"accountunlocktime": {"20270115090001.5+0100"}}, dirsync.LockedOut},
		{DS389, attrs{"accountunlocktime": {"19700101000000Z"}}, dirsync.Disabled},
		{DS389, attrs{"accountunlocktime": {"soon"}}, dirsync.LockedOut},
		{ActiveDirectory, nil, dirsync.Unreadable},
		{ActiveDirectory, attrs{"objectclass": {"top", "contact"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"objectclass": {"top", "USER"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"useraccountcontrol": {"512"}, "accountexpires": {"0"}, "lockouttime": {"0"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"514"}}, dirsync.Disabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"-2147483134"}}, dirsync.Disabled},
		{ActiveDirectory, attrs{"useraccountcontrol": {"many"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"accountexpires": {"9223372036854775807"}, "useraccountcontrol": {"512"}}, dirsync.Enabled},
		{ActiveDirectory, attrs{"accountexpires": {"134444736000000000"}}, dirsync.Disabled},                               // now
		{ActiveDirectory, attrs{"accountexpires": {"134444736010000000"}, "useraccountcontrol": {"512"}}, dirsync.Enabled}, // a second later
		{ActiveDirectory, attrs{"accountexpires": {"134444736010000000"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"accountexpires": {"116444736000000000"}}, dirsync.Disabled}, // 1970
		{ActiveDirectory, attrs{"lockouttime": {"134444736000000000"}, "useraccountcontrol": {"512"}}, dirsync.LockedOut},
		{ActiveDirectory, attrs{"lockouttime": {"134444736000000000"}}, dirsync.Unreadable},
		{ActiveDirectory, attrs{"useraccountcontrol": {"514"}, "lockouttime": {"134444736000000000"}}, dirsync.Disabled},
		{Custom, attrs{"useraccountcontrol": {"514"}, "accountlock": {"true"}, "nsaccountlock": {"true"}}, dirsync.Enabled},
	}
	for _, tt := range tests {
		if got, _ := tt.preset.standing(tt.attrs, now); got != tt.want {
			t.Errorf("%s %v: %s, want %s", tt.preset, tt.attrs, got, tt.want)
		}
	}
}

func TestWhatIsUnsure(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		preset Preset
		attrs  map[string][]string
		want   *dirsync.Unsure
	}{
		{ActiveDirectory, map[string][]string{"useraccountcontrol": {"512"}}, nil},
		{ActiveDirectory, nil, &dirsync.Unsure{Attribute: "useraccountcontrol"}},
		{ActiveDirectory, map[string][]string{"useraccountcontrol": {"many"}}, &dirsync.Unsure{Attribute: "useraccountcontrol", Value: "many"}},
		{WSO2IS, map[string][]string{"accountlock": {"1"}}, &dirsync.Unsure{Attribute: "accountlock", Value: "1"}},
		{WSO2IS, map[string][]string{"accountlock": {"1"}, "accountdisabled": {"true"}}, nil},
		{DS389, map[string][]string{"nsaccountlock": {"on"}}, &dirsync.Unsure{Attribute: "nsaccountlock", Value: "on"}},
		{OpenLDAP, map[string][]string{"pwdaccountlockedtime": {"x"}}, &dirsync.Unsure{Attribute: "pwdaccountlockedtime", Value: "x"}},
	} {
		standing, got := tt.preset.standing(tt.attrs, time.Now())
		if diff := cmp.Diff(tt.want, got); diff != "" || (standing == dirsync.Unreadable) != (tt.want != nil) {
			t.Errorf("%s %v: %s (-want +got):\n%s", tt.preset, tt.attrs, standing, diff)
		}
	}
}

func TestLapses(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		preset    Preset
		attribute string
		values    []string
		want      bool
	}{
		{OpenLDAP, "pwdaccountlockedtime", []string{"20260101000000Z"}, true},
		{OpenLDAP, "pwdaccountlockedtime", []string{"000001010000Z"}, false},
		{OpenLDAP, "pwdaccountlockedtime", []string{"20260101000000Z", "000001010000Z"}, false},
		{OpenLDAP, "pwdaccountlockedtime", nil, false},
		{OpenLDAP, "lockouttime", []string{"1"}, false},
		{ActiveDirectory, "lockouttime", []string{"134444736000000000"}, true},
		{ActiveDirectory, "accountexpires", []string{"0"}, true},
		{ActiveDirectory, "accountexpires", []string{"9223372036854775807"}, true},
		{ActiveDirectory, "accountexpires", []string{"134444736000000000"}, false},
		{ActiveDirectory, "useraccountcontrol", []string{"512"}, false},
		{DS389, "accountunlocktime", []string{"20260101000000Z"}, true},
		{DS389, "accountunlocktime", []string{"19700101000000Z"}, false},
		{DS389, "nsaccountlock", []string{"true"}, false},
		{WSO2IS, "unlocktime", []string{"0"}, true},
		{WSO2IS, "accountlock", []string{"true"}, false},
		{Custom, "unlocktime", []string{"0"}, false},
	} {
		if got := Lapses(tt.preset)(tt.attribute, tt.values); got != tt.want {
			t.Errorf("%s %s %q: %v", tt.preset, tt.attribute, tt.values, got)
		}
	}
	if got := Via(DS389); got["memberof"] != "memberof" || got["nsaccountlock"] != "nsrole" {
		t.Errorf("389: %v", got)
	}
}

func TestIDForms(t *testing.T) {
	t.Parallel()
	guid := "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff"
	tests := []struct {
		form      idForm
		raw       string
		want      dirsync.SourceID // "" for an error
		assertion string
	}{
		{"entryuuid", "0DB5A0D8-1F2A-4A3B-8C9D-0123456789AB", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab"},
		{"entryuuid", "0db5a0d8-1f2a-4a3b-8c9d-0123456789a", "", ""},
		{"entryuuid", "0db5a0d8+1f2a-4a3b-8c9d-0123456789ab", "", ""},
		{"entryuuid", "", "", ""},
		{"nsuniqueid", "9A7F2B81-1dd211b2-80e3b5c8-0f9b0000", "9a7f2b81-1dd211b2-80e3b5c8-0f9b0000", "9a7f2b81-1dd211b2-80e3b5c8-0f9b0000"},
		{"objectguid", guid, "00112233-4455-6677-8899-aabbccddeeff", `\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff`},
		{"objectguid", "short", "", ""},
		{"scimid", "a(b)*c\\", "a(b)*c\\", `a\28b\29\2ac\5c`},
		{"scimid", "\xff", "", ""},
		{"scimid", " ", "", ""},
		{"scimid", "a\x00b", "", ""},
	}
	for _, tt := range tests {
		id, err := tt.form.canonical(tt.raw)
		if id != tt.want || (err != nil) != (tt.want == "") {
			t.Errorf("%s %q: %q, %v", tt.form, tt.raw, id, err)
		}
		if tt.want == "" {
			continue
		}
		if got, err := tt.form.assertion(id); err != nil || got != tt.assertion {
			t.Errorf("%s %q: filter value %q, %v; want %q", tt.form, id, got, err, tt.assertion)
		}
	}
	for _, form := range []idForm{entryUUID, objectGUID, "scimid"} {
		if got, err := form.assertion("\x01"); err == nil {
			t.Errorf("%s: an id that can't be one gives %q", form, got)
		}
	}
}

func TestPersonOfEntry(t *testing.T) {
	t.Parallel()
	d := decoder{
		id: entryUUID, idName: "entryUUID", preset: WSO2IS, now: time.Now,
		wanted: make(wishes),
	}
	for _, name := range []string{"entryUUID", "cn", "member"} {
		d.wanted.add(name)
	}
	uuid := "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab"
	entry := func(attrs map[string][]string) *ldap.Entry { return ldap.NewEntry("cn=x", attrs) }
	tests := []struct {
		name  string
		attrs map[string][]string
		words string
	}{
		{"complete", map[string][]string{"EntryUUID": {uuid}, "CN": {"x"}}, ""},
		{"no id", map[string][]string{"cn": {"x"}}, "no id attribute entryUUID"},
		{"id without value", map[string][]string{"entryUUID": {}}, "no id attribute entryUUID"},
		{"two ids", map[string][]string{"entryUUID": {uuid, uuid}}, "2 values"},
		{"no UUID", map[string][]string{"entryUUID": {"17"}}, "no UUID"},
	}
	for _, tt := range tests {
		p, err := d.person(entry(tt.attrs))
		if tt.words == "" {
			if err != nil || p.ID != dirsync.SourceID(uuid) || p.Attrs["cn"][0] != "x" {
				t.Errorf("%s: %+v, %v", tt.name, p, err)
			}
			continue
		}
		if err == nil || !strings.Contains(err.Error(), tt.words) || !strings.Contains(err.Error(), `"cn=x"`) {
			t.Errorf("%s: %v", tt.name, err)
		}
	}
}

// An id and its form in a filter stand for each other: the filter compiles, and
// asks for nothing but the id.
func FuzzIDs(f *testing.F) {
	for _, raw := range []string{"0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "a*b", "(", "\\", "\xff", "0123456789abcdef"} {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw string) {
		for _, form := range []idForm{entryUUID, nsUniqueID, objectGUID, "uid"} {
			id, err := form.canonical(raw)
			if err != nil {
				continue
			}
			if !utf8.ValidString(string(id)) || id == "" {
				t.Errorf("%s %q: id %q", form, raw, id)
			}
			value, err := form.assertion(id)
			if err != nil {
				t.Fatalf("%s %q: id %q can't be searched: %v", form, raw, id, err)
			}
			p, err := ldap.CompileFilter("(x=" + value + ")")
			if err != nil || p.Tag != ldap.FilterEqualityMatch {
				t.Fatalf("%s %q: filter value %q: %v", form, raw, value, err)
			}
			asked := p.Children[1].Data.String()
			if again, err := form.canonical(asked); err != nil || again != id {
				t.Errorf("%s %q: the filter asks for %q", form, raw, asked)
			}
		}
	})
}

func TestGeneralizedTime(t *testing.T) {
	t.Parallel()
	want := time.Date(2026, 11, 24, 6, 29, 44, 0, time.UTC)
	for text, want := range map[string]time.Time{
		"20261124062944Z":      want,
		"20261124062944.112Z":  want.Add(112 * time.Millisecond),
		"20261124062944,5Z":    want.Add(500 * time.Millisecond),
		"20261124062944.0Z":    want,
		"20261124082944+0200":  want,
		"20261124082944+02":    want,
		"202611240629Z":        want.Truncate(time.Minute),
		"2026112406Z":          want.Truncate(time.Hour),
		"20261124062944":       {}, // no zone
		"20261324062944Z":      {},
		"":                     {},
		"20261124062944Z more": {},
	} {
		got, err := parseGeneralizedTime(text)
		if (err != nil) != want.IsZero() || err == nil && !got.Equal(want) {
			t.Errorf("%s: %v, %v; want %v", text, got, err, want)
		}
	}
}

func FuzzStanding(f *testing.F) {
	f.Add("true", "1800000000001", "")
	f.Add("FALSE", "x", "000001010000Z")
	f.Fuzz(func(t *testing.T, lock, unlock, locked string) {
		now := time.UnixMilli(1_800_000_000_000)
		attrs := map[string][]string{"accountlock": {lock}, "unlocktime": {unlock}, "pwdaccountlockedtime": {locked}}
		isLocked := strings.EqualFold(strings.TrimSpace(lock), "true")
		if got, _ := WSO2IS.standing(attrs, now); (got == dirsync.Disabled || got == dirsync.LockedOut) != isLocked {
			t.Errorf("accountLock %q, unlockTime %q: %s", lock, unlock, got)
		}
		if got, _ := OpenLDAP.standing(attrs, now); got == dirsync.Enabled {
			t.Errorf("pwdAccountLockedTime %q: %s", locked, got)
		}
	})
}

// A filter that passes is one that go-ldap compiles, and can stand in an AND.
func FuzzFilter(f *testing.F) {
	for _, filter := range []string{"(objectClass=person)", "(&(a=b)(!(c=*)))", "(a=\\28)", "(", "(a=b))", "(|)"} {
		f.Add(filter)
	}
	f.Fuzz(func(t *testing.T, filter string) {
		if checkFilter("ldap.users.filter", filter) != nil {
			return
		}
		p, err := ldap.CompileFilter("(&" + filter + "(x=y))")
		if err != nil || len(p.Children) != 2 {
			t.Errorf("%q passes, but not within another: %v", filter, err)
		}
	})
}
