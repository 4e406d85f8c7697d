package ldapsrc

import (
	"errors"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	dirsync "duosync/sync"
)

// FuzzEntry holds that any entry gives a person with an id, or an error that
// says that it can't be told apart.
func FuzzEntry(f *testing.F) {
	f.Add("entryUUID", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "mail", "a@b", "uid=a,dc=b")
	f.Add("objectGUID", "\x33\x22\x11\x00\x55\x44\x77\x66\x88\x99\xaa\xbb\xcc\xdd\xee\xff", "userAccountControl", "514", "CN=a\\,b,DC=c")
	f.Add("ENTRYUUID;x-y", "a", "EntryUuid", "0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "\xff")
	f.Add("scimId", "a(b)*c\\", "accountLock", "TRUE", "")
	f.Fuzz(func(t *testing.T, name, value, name2, value2, dn string) {
		entry := &ldap.Entry{DN: dn, Attributes: []*ldap.EntryAttribute{
			{Name: name, Values: []string{value}}, {Name: name2, Values: []string{value2}}, {Name: "member"},
		}}
		for _, id := range []string{"entryUUID", "objectGUID", "nsUniqueId", "scimId"} {
			for _, preset := range Presets() {
				d := decoder{id: idForm(strings.ToLower(id)), idName: id, preset: preset, now: time.Now, wanted: make(wishes)}
				for _, wish := range append([]string{id, "mail", "member"}, StatusAttributes(preset)...) {
					d.wanted.add(wish)
				}
				person, err := d.person(entry)
				if err != nil {
					if !errors.Is(err, ErrID) || strings.ContainsAny(err.Error(), "\n\x1b") {
						t.Fatalf("%q", err)
					}
					continue
				}
				if person.ID == "" || !utf8.ValidString(string(person.ID)) || person.DN != dn {
					t.Fatalf("%+v", person)
				}
				if (person.Standing == dirsync.Unreadable) != (person.Unsure != nil) ||
					!slices.Contains([]dirsync.Standing{dirsync.Enabled, dirsync.Disabled, dirsync.LockedOut, dirsync.Unreadable}, person.Standing) {
					t.Fatalf("%s: standing %q", preset, person.Standing)
				}
				for key, values := range person.Attrs {
					if key != strings.ToLower(key) || len(values) == 0 {
						t.Fatalf("attribute %q: %q", key, values)
					}
				}
			}
		}
	})
}

// FuzzTimes holds that a time is read as one, wherever a preset looks for one,
// and that what is none never lets in whom another value locks out.
func FuzzTimes(f *testing.F) {
	for _, text := range []string{
		"20261124062944Z", "20261124062944,5+0130", "202611240629Z", "19700101000000Z", "000001010000Z", "20260230000000Z", "99991231235959.999999999Z",
		"1800000000001", "-1", "9223372036854775807", "-9223372036854775808", "134444736000000000", "514", "0x2", " 2 ", "٢",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		now := time.UnixMilli(1_800_000_000_000)
		if at, err := parseGeneralizedTime(text); err == nil {
			again, err := parseGeneralizedTime(at.UTC().Format("20060102150405.999999999Z"))
			if err != nil || !again.Equal(at) {
				t.Fatalf("%q is %v, which reads back as %v, %v", text, at, again, err)
			}
		} else if strings.Contains(err.Error(), "\n") {
			t.Fatalf("%q", err)
		}
		disabled := []struct {
			preset Preset
			attrs  map[string][]string
		}{
			{WSO2IS, map[string][]string{"accountdisabled": {"true"}, "accountlock": {text}, "unlocktime": {text}}},
			{WSO2IS, map[string][]string{"accountlock": {"true"}, "unlocktime": {"0", text}}},
			{OpenLDAP, map[string][]string{"pwdaccountlockedtime": {text, "000001010000Z"}}},
			{DS389, map[string][]string{"nsaccountlock": {"true"}, "accountunlocktime": {text}}},
			{DS389, map[string][]string{"accountunlocktime": {text, lockedUntilReset}}},
			{ActiveDirectory, map[string][]string{"useraccountcontrol": {"2"}, "accountexpires": {text}, "lockouttime": {text}}},
			{ActiveDirectory, map[string][]string{"useraccountcontrol": {text, "514"}}},
		}
		for _, d := range disabled {
			if got, _ := d.preset.standing(d.attrs, now); got != dirsync.Disabled {
				t.Errorf("%s %q: %s", d.preset, d.attrs, got)
			}
		}
		ticks, err := strconv.ParseInt(strings.TrimSpace(text), 10, 64)
		expired := err == nil && ticks > 0 && ticks <= (now.Unix()+secondsTo1970)*ticksPerSecond+ticksPerSecond-1
		got, _ := ActiveDirectory.standing(map[string][]string{"accountexpires": {text}}, now)
		if (got == dirsync.Disabled) != expired {
			t.Errorf("accountExpires %q: %s", text, got)
		}
	})
}

// FuzzReferral holds that a referral is refused, or leads to the host in its URL
// and asks there for no more than was asked here.
func FuzzReferral(f *testing.F) {
	for _, text := range []string{
		"ldap://other.example/dc=b", "ldaps://[::1]:1636/ou=x,dc=b?cn?one?(a=b)", "ldap://h/%00?*?sub?(a=b)(c=d)", "ldap://h/??base?)(x=*", "ldap://h/???%28a%3db%29",
		"ldap://u:p@h/", "ldap:///dc=b", "ldapi://%2ftmp", "http://h/", "ldap://h:99999/", "ldap://h/???(!(a=b)", "ldap://h/???(a=b)?x", "://", "ldap://h\x00/",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if strings.Count(text, "(")+strings.Count(text, "%28") > 2*maxFilterDepth {
			return // for the compiler of filters, below
		}
		q := query{base: "dc=a", scope: ldap.ScopeWholeSubtree, filter: "(objectClass=person)", hops: 1}
		s := &Source{opts: Options{Preset: ActiveDirectory, ReferralHosts: []string{"other.example"}}}
		if left := s.relevant([]string{text}, q); len(left) > 1 {
			t.Fatalf("%q became %q", text, left)
		}
		e, next, err := parseReferral(text, q)
		if err != nil {
			if strings.ContainsFunc(err.Error()+dirsync.Hint(err), func(r rune) bool { return !unicode.IsPrint(r) }) {
				t.Fatalf("%q", err)
			}
			return
		}
		u, err := url.Parse(text)
		if err != nil || e.host != u.Hostname() || e.host == "" || !strings.HasPrefix(e.addr, "[") && !strings.HasPrefix(e.addr, e.host+":") {
			t.Fatalf("%q leads to %+v", text, e)
		}
		if s.mayFollow(e) != strings.EqualFold(e.host, "other.example") {
			t.Fatalf("%q: %+v may be followed: %v", text, e, s.mayFollow(e))
		}
		if next.hops != q.hops+1 || next.base == "" {
			t.Fatalf("%q: %+v", text, next)
		}
		if next.filter == q.filter {
			return
		}
		compiled, err := ldap.CompileFilter(next.filter)
		if err != nil {
			return // the search fails
		}
		if compiled.Tag != ldap.FilterAnd || len(compiled.Children) < 1 {
			t.Fatalf("%q asks for %q", text, next.filter)
		}
		if first, err := ldap.DecompileFilter(compiled.Children[0]); err != nil || first != q.filter {
			t.Fatalf("%q asks for %q: %q, %v", text, next.filter, first, err)
		}
	})
}
