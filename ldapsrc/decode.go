package ldapsrc

import (
	"encoding/hex"
	"fmt"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// decoder makes persons of entries.
type decoder struct {
	id     idForm
	idName string // as configured
	kind   *schema.Kind
	now    func() time.Time
	wanted wishes
}

// person decodes an entry. It keeps no part of the entry but its strings.
func (d *decoder) person(entry *ldap.Entry) (dirsync.Person, error) {
	attrs := d.attributes(entry)
	id, err := d.sourceID(entry.DN, attrs)
	if err != nil {
		return dirsync.Person{}, &idError{err}
	}
	p := dirsync.Person{ID: id, DN: entry.DN, Attrs: attrs}
	p.Standing, p.Unsure = d.kind.Standing(attrs, d.now())
	return p, nil
}

// idOf gives the id of an entry of any kind.
func (d *decoder) idOf(entry *ldap.Entry) (dirsync.SourceID, error) {
	return d.sourceID(entry.DN, d.attributes(entry))
}

// attributes gives what was asked for, by the names under which it is given on.
func (d *decoder) attributes(entry *ldap.Entry) map[string][]string {
	attrs := make(map[string][]string, len(entry.Attributes))
	for _, a := range entry.Attributes {
		keys := d.wanted[strings.ToLower(a.Name)]
		if len(keys) == 0 || len(a.Values) == 0 {
			continue
		}
		for _, key := range keys {
			attrs[key] = append(attrs[key], a.Values...)
		}
	}
	return attrs
}

// sourceID takes the id out of an entry's attributes. An entry that can't be
// told apart makes the read worthless, so every problem is an error.
func (d *decoder) sourceID(dn string, attrs map[string][]string) (dirsync.SourceID, error) {
	values := attrs[strings.ToLower(d.idName)]
	switch len(values) {
	case 1:
		id, err := d.id.canonical(values[0])
		if err != nil {
			return "", dirsync.WithHint(fmt.Errorf("entry %q: id attribute %s: %w", dn, d.idName, err), "check ldap.users.id_attribute")
		}
		return id, nil
	case 0:
		return "", dirsync.WithHint(fmt.Errorf("entry %q has no id attribute %s", dn, d.idName),
			"set ldap.users.id_attribute to one that every person has, and let the account read it")
	}
	return "", dirsync.WithHint(fmt.Errorf("entry %q has %d values of the id attribute %s", dn, len(values), d.idName),
		"set ldap.users.id_attribute to one with a single value that never changes")
}

// idForm is the lower-cased name of the id attribute, which tells the form of
// its values.
type idForm string

const (
	entryUUID  idForm = "entryuuid"  // RFC 4530: text
	nsUniqueID idForm = "nsuniqueid" // 389 Directory Server: text of hexadecimal digits
	objectGUID idForm = "objectguid" // Active Directory: 16 bytes, the first three fields little-endian
)

// canonical gives the form in which the same id is the same string.
func (f idForm) canonical(raw string) (dirsync.SourceID, error) {
	switch f {
	case objectGUID:
		if len(raw) != 16 {
			return "", fmt.Errorf("%d bytes are no objectGUID", len(raw))
		}
		b := swapGUID([]byte(raw))
		h := hex.EncodeToString(b)
		return dirsync.SourceID(h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]), nil
	case entryUUID:
		if !isUUID(raw) {
			return "", fmt.Errorf("%q is no UUID", raw)
		}
		return dirsync.SourceID(strings.ToLower(raw)), nil
	}
	if !utf8.ValidString(raw) || strings.TrimSpace(raw) == "" || strings.ContainsFunc(raw, unicode.IsControl) {
		return "", fmt.Errorf("%q is no text that can be an id", raw)
	}
	if f == nsUniqueID {
		raw = strings.ToLower(raw)
	}
	return dirsync.SourceID(raw), nil
}

// assertion gives id as a value in a filter, escaped (RFC 4515, 3). An id that
// the attribute can't hold is an error.
func (f idForm) assertion(id dirsync.SourceID) (string, error) {
	text := string(id)
	switch f {
	case entryUUID, objectGUID:
		if !isUUID(text) {
			return "", dirsync.WithHint(fmt.Errorf("%q is no value of %s", text, f),
				"the state was made with another ldap.users.id_attribute")
		}
		if f == objectGUID {
			b, err := hex.DecodeString(strings.ReplaceAll(text, "-", ""))
			if err != nil {
				return "", err
			}
			var out strings.Builder
			for _, c := range swapGUID(b) {
				_, _ = fmt.Fprintf(&out, "\\%02x", c)
			}
			return out.String(), nil
		}
	default:
		if _, err := f.canonical(text); err != nil {
			return "", err
		}
	}
	return ldap.EscapeFilter(text), nil
}

// swapGUID turns the first three fields of a GUID around; twice gives the same.
func swapGUID(b []byte) []byte {
	return []byte{
		b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6],
		b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15],
	}
}

func isUUID(text string) bool {
	if len(text) != 36 {
		return false
	}
	for i := range len(text) {
		if i == 8 || i == 13 || i == 18 || i == 23 {
			if text[i] != '-' {
				return false
			}
		} else if !isHex(text[i]) {
			return false
		}
	}
	return true
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}
