package ldapsim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// Attributes are an entry's attributes by name. Names are compared without
// case; an attribute option (RFC 4512, 2.5.2) is part of the name.
type Attributes map[string][]string

// attr is one attribute as it was written.
type attr struct {
	name   string
	values []string
}

// entry is one entry. It is never changed once it is in the tree: a change
// replaces it.
type entry struct {
	seq   int64 // its place in the order of searches, kept for life
	dn    string
	path  []string // normalised RDNs from the root down
	attrs []attr
}

// operational attributes come only when asked for by name or by "+".
func operational(name string) bool {
	switch strings.ToLower(plainName(name)) {
	case "entryuuid", "createtimestamp", "modifytimestamp", "pwdaccountlockedtime", "memberof",
		"nsaccountlock", "accountunlocktime", "nsuniqueid", "nsrole", "contextcsn":
		return true
	}
	return false
}

// plainName is a name without its options.
func plainName(name string) string {
	plain, _, _ := strings.Cut(name, ";")
	return plain
}

// get returns the values of the very attribute.
func (e *entry) get(name string) []string {
	for _, a := range e.attrs {
		if strings.EqualFold(a.name, name) {
			return a.values
		}
	}
	return nil
}

// all returns the values of an attribute and of its subtypes by option.
func (e *entry) all(name string) []string {
	var values []string
	for _, a := range e.attrs {
		if covers(name, a.name) {
			values = append(values, a.values...)
		}
	}
	return values
}

// covers reports whether a description that was asked for covers an attribute:
// the same name, and no option that the attribute lacks.
func covers(asked, name string) bool {
	want := strings.Split(strings.ToLower(asked), ";")
	have := strings.Split(strings.ToLower(name), ";")
	if want[0] != have[0] {
		return false
	}
	for _, option := range want[1:] {
		if !slices.Contains(have[1:], option) {
			return false
		}
	}
	return true
}

// with returns a copy of the entry in which an attribute has these values.
func (e *entry) with(name string, values []string) *entry {
	changed := *e
	changed.attrs = nil
	replaced := false
	for _, a := range e.attrs {
		if strings.EqualFold(a.name, name) {
			replaced = true
			a = attr{name: a.name, values: values}
		}
		if len(a.values) > 0 {
			changed.attrs = append(changed.attrs, a)
		}
	}
	if !replaced && len(values) > 0 {
		changed.attrs = append(changed.attrs, attr{name: name, values: values})
	}
	return &changed
}

// parseDN returns the normalised RDNs of a DN from the root down.
func parseDN(text string) ([]string, *ldap.DN, error) { return normalise(text, fold) }

func normalise(text string, fold func(string) string) ([]string, *ldap.DN, error) {
	dn, err := ldap.ParseDN(text)
	if err != nil {
		return nil, nil, fmt.Errorf("%q is no DN: %w", text, err)
	}
	path := make([]string, len(dn.RDNs))
	for i, rdn := range dn.RDNs {
		folded := &ldap.RelativeDN{}
		for _, a := range rdn.Attributes {
			folded.Attributes = append(folded.Attributes,
				&ldap.AttributeTypeAndValue{Type: strings.ToLower(a.Type), Value: fold(a.Value)})
		}
		path[len(path)-1-i] = folded.String()
	}
	return path, dn, nil
}

func key(path []string) string { return strings.Join(path, "\x00") }

// fold is the form in which two values are equal: without case, and with white
// space trimmed and run together.
func fold(value string) string { return strings.ToLower(strings.Join(strings.Fields(value), " ")) }

// splitDN cuts the first RDN off a DN, as it is written.
func splitDN(dn string) (rdn, parent string) {
	escaped := false
	for i := range len(dn) {
		switch {
		case escaped:
			escaped = false
		case dn[i] == '\\':
			escaped = true
		case dn[i] == ',' || dn[i] == ';':
			return strings.TrimSpace(dn[:i]), strings.TrimSpace(dn[i+1:])
		}
	}
	return strings.TrimSpace(dn), ""
}
