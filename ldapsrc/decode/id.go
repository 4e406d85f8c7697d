package decode

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/go-ldap/ldap/v3"
	"github.com/google/uuid"

	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// ErrID means that people can't be told apart by the id attribute: an entry has
// none, several, one that is no id, or one that another entry has, too.
var ErrID = errors.New("no use as an id")

// idError is an error that is an ErrID.
type idError struct{ err error }

func (e *idError) Error() string        { return e.err.Error() }
func (e *idError) Unwrap() error        { return e.err }
func (e *idError) Is(target error) bool { return target == ErrID }

// AsErrID makes an error one that is an ErrID.
func AsErrID(err error) error { return &idError{err} }

// IDAttribute is the attribute that holds an entry's immutable id.
type IDAttribute struct {
	Name string // as configured
	key  string // lower-cased
	form idForm
}

// NewIDAttribute knows the form of an attribute's values by its name, and by the kind of
// directory where one has an attribute of bytes whose name may elsewhere be that of text.
func NewIDAttribute(name string, kind *schema.Kind) IDAttribute {
	key := strings.ToLower(name)
	a := IDAttribute{name, key, idForm(key)}
	if slices.Contains(kind.OctetIDs, key) {
		a.form = octets
	}
	return a
}

// of takes the id out of an entry's attributes. An entry that can't be told apart makes
// the read worthless, so every problem is an [ErrID].
func (a IDAttribute) of(entry string, attrs map[string][]string) (dirsync.SourceID, error) {
	values := attrs[a.key]
	switch len(values) {
	case 1:
		id, err := a.form.canonical(values[0])
		if err != nil {
			return "", AsErrID(dirsync.WithHint(fmt.Errorf("entry %q: id attribute %s: %w", entry, a.Name, err),
				"check ldap.users.id_attribute; bytes are read of objectGUID, and of GUID with ldap.preset: edirectory"))
		}
		return id, nil
	case 0:
		return "", AsErrID(dirsync.WithHint(fmt.Errorf("entry %q has no id attribute %s", entry, a.Name),
			"set ldap.users.id_attribute to one that every person has, and let the account read it"))
	}
	return "", AsErrID(dirsync.WithHint(fmt.Errorf("entry %q has %d values of the id attribute %s", entry, len(values), a.Name),
		"set ldap.users.id_attribute to one with a single value that never changes"))
}

// OfGroup gives the id of a group in the form of a person's. Not every id attribute
// of people is one that groups have, so a group may be without: "".
func (a IDAttribute) OfGroup(entry *ldap.Entry) dirsync.SourceID {
	values := dn.Values(entry, a.Name)
	if len(values) != 1 {
		return ""
	}
	id, err := a.form.canonical(values[0])
	if err != nil {
		return ""
	}
	return id
}

// CanHold reports whether an id can be one of the attribute.
func (a IDAttribute) CanHold(id dirsync.SourceID) bool {
	_, ok := a.form.assertion(id)
	return ok
}

// AnyOf is a filter for any of the ids that the attribute can hold.
func (a IDAttribute) AnyOf(ids []dirsync.SourceID) string {
	var out strings.Builder
	out.WriteString("(|")
	for _, id := range ids {
		if value, ok := a.form.assertion(id); ok {
			out.WriteString("(" + a.Name + "=" + value + ")")
		}
	}
	out.WriteString(")")
	return out.String()
}

// idForm is the form of an id attribute's values: its lower-cased name, where that tells
// it.
type idForm string

const (
	entryUUID  idForm = "entryuuid"  // RFC 4530: text
	nsUniqueID idForm = "nsuniqueid" // 389 Directory Server: text of hexadecimal digits
	objectGUID idForm = "objectguid" // Active Directory: 16 bytes, the first three fields little-endian
	octets     idForm = "16 bytes"   // a UUID's bytes in their order (RFC 9562, 4), as eDirectory's GUID
)

// canonical gives the form in which the same id is the same string.
func (f idForm) canonical(raw string) (dirsync.SourceID, error) {
	switch f {
	case objectGUID, octets:
		if len(raw) != 16 {
			return "", fmt.Errorf("%d bytes are no GUID, which has 16", len(raw))
		}
		return dirsync.SourceID(f.ordered(uuid.UUID([]byte(raw))).String()), nil
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

// assertion gives id as a value in a filter, escaped (RFC 4515, 3), if the attribute can
// hold it.
func (f idForm) assertion(id dirsync.SourceID) (value string, ok bool) {
	text := string(id)
	if f != objectGUID && f != octets {
		_, err := f.canonical(text)
		return ldap.EscapeFilter(text), err == nil
	}
	guid, err := uuid.Parse(text)
	if err != nil || !isUUID(text) {
		return "", false
	}
	var out strings.Builder
	for _, c := range f.ordered(guid) {
		_, _ = fmt.Fprintf(&out, "\\%02x", c)
	}
	return out.String(), true
}

// ordered turns the bytes of an id into the order in which a UUID is written, and back.
func (f idForm) ordered(b uuid.UUID) uuid.UUID {
	if f == objectGUID {
		return swapGUID(b)
	}
	return b
}

// swapGUID turns the first three fields of a GUID around; twice gives the same.
func swapGUID(b uuid.UUID) uuid.UUID {
	return uuid.UUID{
		b[3], b[2], b[1], b[0], b[5], b[4], b[7], b[6],
		b[8], b[9], b[10], b[11], b[12], b[13], b[14], b[15],
	}
}

// isUUID leaves out the other forms that the library takes.
func isUUID(text string) bool { return len(text) == 36 && uuid.Validate(text) == nil }
