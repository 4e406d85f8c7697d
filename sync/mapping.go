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
	// phones are the phones that the directory wants, whether they are kept in
	// step (then they are among the fields) or given at create only.
	phones []wantedPhone
	// unsure tells why the status can't be told; it stays as it is then.
	unsure *Unsure
	mark   *Mark // which forces the status
	seen   Seen
}

// wantedPhone is a phone that the directory wants for a person.
type wantedPhone struct{ number, extension, kind string }

func (w *wantedPhone) text() string { return PhoneText(w.number, w.extension) }

// names returns the folded username and aliases.
func (d *desired) names() []string {
	var names []string
	if name := d.name(); name != "" {
		names = append(names, name)
	}
	for _, alias := range Items(d.fields[FieldAliases]) {
		names = append(names, FoldName(alias))
	}
	return names
}

// groups returns the folded names of the Duo groups that the directory wants the
// person in.
func (d *desired) groups() []string {
	groups := Items(d.fields[FieldGroups])
	for i := range groups {
		groups[i] = FoldName(groups[i])
	}
	return groups
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
		from, ours := r.Mapping[field]
		if !ours {
			continue
		}
		raw, err := from.Value(p)
		if err != nil {
			d.fail("%s: %v", field, err)
			continue
		}
		origin := "attribute " + strings.Join(from.Attributes(), ", ")
		if field == FieldUsername {
			name, err := r.username(raw)
			if err != nil {
				d.fail("%v: %s of %s", err, origin, p.DN)
			}
			d.fields[field] = name
			continue
		}
		value, err := clean(field, raw)
		if err != nil {
			d.warn("%s of %s %v", field, origin, err)
		}
		d.fields[field] = value
	}
	r.desireStatus(p, &d)
	r.desireAliases(p, &d)
	if r.Phones.Always {
		r.desirePhones(p, &d)
	}
	r.desireGroups(p, &d)
	return d
}

// desireGiven adds the phones that are given only once. Reading numbers is slow, so
// it is left to people who may need something.
func (r *Rules) desireGiven(p *Person, d *desired) {
	if !r.Phones.Always {
		r.desirePhones(p, d)
	}
}

func (d *desired) fail(format string, args ...any) {
	if d.problem == "" {
		d.problem = fmt.Sprintf(format, args...)
	}
}

func (d *desired) warn(format string, args ...any) {
	d.warnings = append(d.warnings, d.label()+": "+fmt.Sprintf(format, args...))
}

func (r *Rules) desireStatus(p *Person, d *desired) {
	if !r.Status {
		return
	}
	if r.isUnsure(p) && !r.disabledAnyway(p) {
		d.unsure = p.Unsure // and the status is none, until it is known what it was
		return
	}
	if r.StatusFrom == nil {
		d.fields[FieldStatus] = StatusActive
		if p.Standing == Disabled || p.Standing == LockedOut && r.CountLockouts {
			d.fields[FieldStatus] = StatusDisabled
		}
		return
	}
	if p.Standing == Unreadable { // and it makes no difference
		enabled := *p
		enabled.Standing = Enabled
		p = &enabled
	}
	value, err := r.StatusFrom.Value(p)
	status := strings.ToLower(strings.TrimSpace(value))
	switch {
	case err != nil:
		d.fail("status: %v", err)
	case status == string(LockedOut): // what the preset says
		d.fields[FieldStatus] = StatusActive
		if r.CountLockouts {
			d.fields[FieldStatus] = StatusDisabled
		}
	case status == StatusActive, status == StatusDisabled, status == StatusBypass && r.AllowBypass:
		d.fields[FieldStatus] = status
	case status == StatusBypass:
		d.fail("status: the directory asks for bypass, which sync.allow_bypass does not allow")
	default:
		d.fail("status: the expression gives %s, and only active and disabled are statuses", Quote(value))
	}
}

// isUnsure reports whether the status hangs on what can't be told of a person.
func (r *Rules) isUnsure(p *Person) bool {
	switch {
	case p.Standing != Unreadable || p.Unsure == nil:
		return false
	case r.StatusFrom == nil || r.StatusFrom.Preset() || p.Unsure.Groups:
		return true
	}
	// An expression may read by itself a value that the preset can't; none that is absent.
	return p.Unsure.Value == "" && slices.Contains(r.StatusFrom.Attributes(), p.Unsure.Attribute)
}

// disabledAnyway reports whether the status expression gives disabled though the person
// were not locked: something else asks for it.
func (r *Rules) disabledAnyway(p *Person) bool {
	if r.StatusFrom == nil || p.Unsure.Groups {
		return false
	}
	enabled := *p
	enabled.Standing = Enabled
	value, err := r.StatusFrom.Value(&enabled)
	return err == nil && strings.EqualFold(strings.TrimSpace(value), StatusDisabled)
}

func (r *Rules) desireAliases(p *Person, d *desired) {
	if len(r.Aliases) == 0 {
		return
	}
	var aliases []string
	seen := map[string]bool{d.name(): true}
	for _, from := range r.Aliases {
		values, err := from.Values(p)
		if err != nil {
			d.fail("aliases: %v", err)
			return
		}
		for _, value := range values {
			alias, err := r.username(value)
			switch {
			case strings.TrimSpace(value) == "", err == nil && seen[FoldName(alias)]:
				continue
			case err != nil:
				d.warn("an alias was left out: %v", err)
				continue
			case r.Protect[FoldName(alias)]: // whoever has it could log in by it
				d.warn("the alias %s was left out: it is in sync.scope.protect", Quote(alias))
				continue
			}
			seen[FoldName(alias)] = true
			aliases = append(aliases, alias)
		}
	}
	if len(aliases) > MaxAliases {
		d.warn("%d aliases were left out, for Duo holds %d: %s", len(aliases)-MaxAliases, MaxAliases, strings.Join(aliases[MaxAliases:], ", "))
		aliases = aliases[:MaxAliases]
	}
	d.fields[FieldAliases] = ListOf(aliases)
}

func (r *Rules) desirePhones(p *Person, d *desired) {
	if len(r.Phones.From) == 0 {
		return
	}
	seen := map[string]bool{}
	texts := []string{}
	for _, from := range r.Phones.From {
		values, err := from.Number.Values(p)
		if err != nil {
			d.fail("phones: %v", err)
			return
		}
		for _, value := range values {
			if strings.TrimSpace(value) == "" {
				continue
			}
			number, extension, err := ParsePhone(value, r.Phones.Region)
			if err != nil {
				d.warn("a phone %v", err)
				continue
			}
			phone := wantedPhone{number: number, extension: extension, kind: from.Type}
			if text := phone.text(); !seen[text] {
				seen[text] = true
				texts = append(texts, text)
				d.phones = append(d.phones, phone)
			}
		}
	}
	if r.Phones.Always {
		d.fields[FieldPhones] = ListOf(texts)
	}
}

func (r *Rules) desireGroups(p *Person, d *desired) {
	if r.Groups.Mirror == nil {
		return
	}
	var names []string
	seen := map[string]bool{}
	for _, group := range p.Groups {
		if !r.Groups.Mirror(group) {
			continue
		}
		if name := r.Groups.name(group); !seen[FoldName(name)] {
			seen[FoldName(name)] = true
			names = append(names, name)
		}
	}
	d.fields[FieldGroups] = ListOf(names)
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

// Quote puts a value from outside into a message: quoted, control characters
// shown, and cut after 60 characters.
func Quote(value string) string {
	const most = 60
	if runes := []rune(value); len(runes) > most {
		return fmt.Sprintf("%q… (%d characters)", string(runes[:most]), len(runes))
	}
	return fmt.Sprintf("%q", value)
}
