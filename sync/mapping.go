package dirsync

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// desired is what the directory wants for one person.
type desired struct {
	id     SourceID
	dn     string
	fields Fields
	// problem tells why the person can't be carried over as a whole; then
	// fields may lack the username.
	problem  string
	warnings []string
}

// name returns the folded username, "" when there is none.
func (d *desired) name() string { return FoldName(d.fields[FieldUsername]) }

// label names a person for people: the username, else the DN.
func (d *desired) label() string {
	if name := d.fields[FieldUsername]; name != "" {
		return name
	}
	return d.dn
}

// desire maps a directory entry to the fields that Duo shall hold.
func (r *Rules) desire(p *Person) desired {
	d := desired{id: p.ID, dn: p.DN, fields: make(Fields, len(r.Mapping)+1)}
	for _, field := range FieldNames {
		attribute, ours := r.Mapping[field]
		if !ours {
			continue
		}
		raw := p.value(attribute)
		if field == FieldUsername {
			name, err := r.username(raw)
			if err != nil {
				d.problem = fmt.Sprintf("%v: attribute %s of %s", err, attribute, p.DN)
			}
			d.fields[field] = name
			continue
		}
		value, err := clean(field, raw)
		if err != nil {
			d.warnings = append(d.warnings, fmt.Sprintf("%s: %s of attribute %s %v", d.label(), field, attribute, err))
		}
		d.fields[field] = value
	}
	if r.Status {
		d.fields[FieldStatus] = StatusActive
		if p.Standing == Disabled || p.Standing == LockedOut && r.CountLockouts {
			d.fields[FieldStatus] = StatusDisabled
		}
	}
	return d
}

// username normalises a raw username, or tells why it can be none.
func (r *Rules) username(raw string) (string, error) {
	name := strings.TrimSpace(raw)
	if r.LowerUsername {
		name = strings.ToLower(name)
	}
	switch {
	case name == "":
		return "", errors.New("the username is missing")
	case !utf8.ValidString(name):
		return "", errors.New("the username is not UTF-8 text")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("the username %s has control characters", Quote(name))
	}
	return name, nil
}

// An address with one @, something before it, and a host name after it; the
// rest is for the mail system to judge.
var address = regexp.MustCompile(`^[^@\s]+@[^@\s]+$`)

// clean normalises a value. An error tells what was wrong with it; the value
// returned beside it is what to use all the same.
func clean(field, raw string) (string, error) {
	if !utf8.ValidString(raw) {
		return "", errors.New("is not UTF-8 text and was left out")
	}
	value := strings.TrimSpace(raw)
	if field == FieldEmail {
		if value != "" && (!address.MatchString(value) || strings.ContainsFunc(value, unicode.IsControl)) {
			return "", fmt.Errorf("is no e-mail address and was left out: %s", Quote(value))
		}
		return value, nil
	}
	bad := func(c rune) bool {
		return unicode.IsControl(c) && (field != FieldNotes || c != '\n' && c != '\t')
	}
	if !strings.ContainsFunc(value, bad) {
		return value, nil
	}
	value = strings.Map(func(c rune) rune {
		if bad(c) {
			return ' '
		}
		return c
	}, value)
	return strings.TrimSpace(value), errors.New("has control characters, which were replaced by spaces")
}

// value returns the one value of an attribute that counts: the entry's own
// name (its RDN) where the attribute has several and one of them is that, else
// the smallest, because a directory keeps values in no order.
func (p *Person) value(attribute string) string {
	values := p.Attrs[attribute]
	switch len(values) {
	case 0:
		return ""
	case 1:
		return values[0]
	}
	if rest, ok := cutFold(p.DN, attribute+"="); ok {
		for _, value := range values {
			if after, ok := cutFold(rest, value); ok && (after == "" || after[0] == ',' || after[0] == '+') {
				return value
			}
		}
	}
	return slices.Min(values)
}

// cutFold cuts a prefix off, without regard to case.
func cutFold(s, prefix string) (string, bool) {
	if len(s) < len(prefix) || !strings.EqualFold(s[:len(prefix)], prefix) {
		return s, false
	}
	return s[len(prefix):], true
}

// Quote puts a value from outside into a message: quoted, control characters
// shown, and cut after 60 characters.
func Quote(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}
