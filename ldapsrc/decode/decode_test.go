package decode

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

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
		{octets, guid, "33221100-5544-7766-8899-aabbccddeeff", `\33\22\11\00\55\44\77\66\88\99\aa\bb\cc\dd\ee\ff`},
		{octets, "0123456789abcdef", "30313233-3435-3637-3839-616263646566", `\30\31\32\33\34\35\36\37\38\39\61\62\63\64\65\66`},
		{octets, "33221100-5544-7766-8899-aabbccddeeff", "", ""}, // its text
		{octets, "", "", ""},
		{"guid", "0123456789abcdef", "0123456789abcdef", "0123456789abcdef"}, // elsewhere it is text
		{"guid", guid, "", ""},
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
		if got, ok := tt.form.assertion(id); !ok || got != tt.assertion {
			t.Errorf("%s %q: filter value %q, %v; want %q", tt.form, id, got, ok, tt.assertion)
		}
	}
	for _, form := range []idForm{entryUUID, objectGUID, octets, "scimid"} {
		if got, ok := form.assertion("\x01"); ok {
			t.Errorf("%s: an id that can't be one gives %q", form, got)
		}
	}
}

func TestPersonOfEntry(t *testing.T) {
	t.Parallel()
	kind, _ := schema.Of(schema.WSO2IS)
	d := Decoder{ID: NewIDAttribute("entryUUID", &kind), Kind: &kind, Now: time.Now}
	for _, name := range []string{"entryUUID", "cn", "member"} {
		d.Requested.Add(name)
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
		p, err := d.Person(entry(tt.attrs), time.Now())
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

// The bytes of a GUID are those of eDirectory alone: what is text elsewhere stays the id
// that states have.
func TestFormByKind(t *testing.T) {
	t.Parallel()
	for _, preset := range schema.Presets() {
		kind, _ := schema.Of(preset)
		for name, want := range map[string]idForm{"GUID": "guid", "objectGUID": objectGUID, "entryUUID": entryUUID, "uid": "uid"} {
			if name == "GUID" && preset == schema.EDirectory {
				want = octets
			}
			if a := NewIDAttribute(name, &kind); a.form != want || a.key != strings.ToLower(name) {
				t.Errorf("%s %s: %+v", preset, name, a)
			}
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
		for _, form := range []idForm{entryUUID, nsUniqueID, objectGUID, octets, "uid"} {
			id, err := form.canonical(raw)
			if err != nil {
				continue
			}
			if !utf8.ValidString(string(id)) || id == "" {
				t.Errorf("%s %q: id %q", form, raw, id)
			}
			value, ok := form.assertion(id)
			if !ok {
				t.Fatalf("%s %q: id %q can't be searched", form, raw, id)
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
