package decode

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
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
		for _, id := range []string{"entryUUID", "objectGUID", "nsUniqueId", "scimId", "GUID"} {
			for _, preset := range schema.Presets() {
				kind, _ := schema.Of(preset)
				d := Decoder{ID: NewIDAttribute(id, &kind), Kind: &kind, Now: time.Now}
				for _, wish := range append([]string{id, "mail", "member"}, kind.Status...) {
					d.Requested.Add(wish)
				}
				person, err := d.Person(entry, time.Now())
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
