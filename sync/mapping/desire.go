package mapping

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// Desire maps a directory entry to the fields that Duo shall hold.
func (r *Rules) Desire(p *dirsync.Person) Desired { return r.DesireInto(dirsync.Fields{}, p) }

// DesireInto is Desire with a map for the fields, whatever it holds.
func (r *Rules) DesireInto(fields dirsync.Fields, p *dirsync.Person) Desired {
	clear(fields)
	r = r.In(p.Directory)
	d := Desired{ID: p.ID, DN: p.DN, Directory: p.Directory, Fields: fields}
	r.desireGroups(p, &d)
	p = r.seenBy(p)
	for _, field := range dirsync.FieldNames {
		from, ours := r.Mapping[field]
		if !ours {
			continue
		}
		raw, err := from.Value(p)
		if err != nil && field == dirsync.FieldUsername {
			d.Problem = fmt.Sprintf("%s: %v", field, err)
			continue
		}
		if err != nil {
			d.fault(field, err)
			continue
		}
		d.Fields[field] = r.single(p, &d, field, from, raw)
	}
	r.desireStatus(p, &d)
	r.desireAliases(p, &d)
	if r.Phones.Always {
		r.desirePhones(p, &d)
	}
	return d
}

// normal gives a value as Duo is asked to hold it. An error tells what was wrong with it;
// the value returned beside it is what to use all the same.
func (r *Rules) normal(field, raw string) (string, error) {
	if field == dirsync.FieldUsername {
		return r.username(raw)
	}
	return clean(field, raw)
}

// single gives the value of a field as Duo is asked to hold it, and notes what was wrong.
func (r *Rules) single(p *dirsync.Person, d *Desired, field string, from dirsync.Expression, raw string) string {
	value, err := r.normal(field, raw)
	if err != nil {
		origin := "attribute " + strings.Join(from.Attributes(), ", ")
		if field == dirsync.FieldUsername {
			d.Problem = fmt.Sprintf("%v: %s of %s", err, origin, p.DN)
		} else {
			d.warn("%s of %s %v", field, origin, err)
		}
	}
	others := r.choose(p, d, field, from, raw)
	if value == "" && len(others) > 0 && field != dirsync.FieldUsername { // one that can be used is there
		return others[0]
	}
	return value
}

// choose gives the usable values of a field that is an attribute with several, and notes
// those that would do as well as another, and that some can't be used.
func (r *Rules) choose(p *dirsync.Person, d *Desired, field string, from dirsync.Expression, chosen string) []string {
	attributes := from.Attributes()
	if !from.Plain() || len(attributes) != 1 || len(p.Attrs[attributes[0]]) < 2 {
		return nil
	}
	var values []string
	for _, raw := range p.Values(attributes[0]) {
		value, err := r.normal(field, raw)
		switch {
		case err == nil && value != "" && !slices.Contains(values, value):
			values = append(values, value)
		case err != nil && raw != chosen && field != dirsync.FieldUsername:
			d.warn("%s of attribute %s %v", field, attributes[0], err)
		}
	}
	if len(values) < 2 {
		return values
	}
	if d.Choices == nil {
		d.Choices = map[string][]string{}
	}
	d.Choices[field] = values
	return values
}

// DesireGiven adds the phones that are given only once. Reading numbers is slow, so
// it is left to people who may need something.
func (r *Rules) DesireGiven(p *dirsync.Person, d *Desired) {
	if r = r.In(p.Directory); !r.Phones.Always {
		r.desirePhones(r.seenBy(p), d)
	}
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
	case isPlain(name):
		return name, nil
	case !utf8.ValidString(name):
		return "", errors.New("the username is not UTF-8 text")
	case strings.ContainsFunc(name, unicode.IsControl):
		return "", fmt.Errorf("the username %s has control characters", dirsync.Quote(name))
	}
	return name, nil
}

// isPlain reports whether a text is of printable ASCII alone, as most are: nothing of it can
// be wrong, but as an address.
func isPlain(text string) bool {
	for i := range len(text) {
		if text[i] < ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// isAddress reports whether a value is an address with one @, something before it, and a host
// name after it; the rest is for the mail system to judge.
func isAddress(value string) bool {
	at := strings.IndexByte(value, '@')
	return at > 0 && at < len(value)-1 && strings.IndexByte(value[at+1:], '@') < 0 && !strings.ContainsAny(value, "\t\n\f\r ")
}

// clean normalises a value. An error tells what was wrong with it; the value
// returned beside it is what to use all the same.
func clean(field, raw string) (string, error) {
	value := strings.TrimSpace(raw)
	if isPlain(value) && (field != dirsync.FieldEmail || isAddress(value)) {
		return value, nil
	}
	if !utf8.ValidString(raw) {
		return "", errors.New("is not UTF-8 text and was left out")
	}
	if field == dirsync.FieldEmail {
		value = dirsync.Visible(value) // they can't be meant, and come along when an address is copied
		if value != "" && (!isAddress(value) || strings.ContainsFunc(value, unicode.IsControl)) {
			return "", fmt.Errorf("is no e-mail address and was left out: %s", dirsync.Quote(value))
		}
		return value, nil
	}
	bad := func(c rune) bool {
		return unicode.IsControl(c) && (field != dirsync.FieldNotes || c != '\n' && c != '\t')
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

// Map gives what the rules make of one person: the fields that Duo would be
// asked to hold, what can't be carried over and why ("" where nothing is in the
// way), and which values were left out or changed. It is what
// a run does with each person; scope, exclusions and conflicts come later.
func (r *Rules) Map(p *dirsync.Person) (fields dirsync.Fields, problem string, warnings []string) {
	r = r.In(p.Directory)
	d := r.Desire(p)
	r.DesireGiven(p, &d)
	if len(r.Phones.From) > 0 {
		var texts []string
		for i := range d.Phones {
			texts = append(texts, d.Phones[i].Text())
		}
		d.Fields[dirsync.FieldPhones] = dirsync.ListOf(texts)
	}
	problems := d.Faulty()
	if d.Unsure != nil && d.Unsure.Why != "" {
		problems = append(problems, d.Unsure.Why)
	}
	if d.Problem != "" {
		problems = append([]string{d.Problem}, problems...)
	}
	return d.Fields, strings.Join(problems, "; "), d.Warnings
}
