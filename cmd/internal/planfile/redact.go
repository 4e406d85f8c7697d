package planfile

import (
	"regexp"
	"slices"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// Redact gives the plan for other people's eyes: short digests stand where names, numbers,
// addresses, DNs and ids were, the same one for the same value in all plans of an
// account. Actions, fields, statuses, reasons, dates and figures stay.
func (p *Plan) Redact(key Key) *Plan {
	r := redactor{key}
	other := *p
	other.Redacted = true
	other.Binding = dirsync.Binding{Host: r.text(p.Binding.Host), Key: r.text(p.Binding.Key), Directory: r.text(p.Binding.Directory)}
	for name, identity := range p.Binding.Directories {
		if other.Binding.Directories == nil {
			other.Binding.Directories = map[string]string{}
		}
		other.Binding.Directories[r.text(name)] = r.text(identity)
	}
	other.Options.Only, other.Options.Adopt = r.text(p.Options.Only), make(Names, len(p.Options.Adopt))
	for i, name := range p.Options.Adopt {
		other.Options.Adopt[i] = r.text(name)
	}
	// Whoever knows all of a plan but one value could try that out on its ids.
	other.PlanID, other.ApprovalID = r.text(p.PlanID), r.text(p.ApprovalID)
	other.Guards = each(p.Guards, func(g *Guard) {
		g.About.Group, g.About.Base, g.About.Directory = r.text(g.About.Group), r.text(g.About.Base), r.text(g.About.Directory)
	})
	other.Operations = make([]*Operation, len(p.Operations))
	for i, o := range p.Operations {
		other.Operations[i] = r.operation(*o)
	}
	return &other
}

type redactor struct{ key Key }

func (r redactor) text(value string) string {
	if value == "" {
		return ""
	}
	return "~" + r.key.digest(value)
}

func (r redactor) id(id dirsync.SourceID) dirsync.SourceID {
	return dirsync.SourceID(r.text(string(id)))
}

// each gives a copy of a list with change made to each item.
func each[T any](list []T, change func(*T)) []T {
	list = slices.Clone(list)
	for i := range list {
		change(&list[i])
	}
	return list
}

// statuses are those that Duo knows.
var statuses = []string{"", dirsync.StatusActive, dirsync.StatusBypass, dirsync.StatusDisabled, dirsync.StatusLockedOut, dirsync.StatusPendingDeletion}

var quoted = regexp.MustCompile(`"(?:[^"\\]|\\.)*"`)

func (r redactor) operation(o Operation) *Operation {
	o.Reason = r.reason(&o)
	o.Username, o.Source, o.User, o.From = r.text(o.Username), r.id(o.Source), r.text(o.User), r.id(o.From)
	o.Changes = each(o.Changes, func(c *dirsync.Change) {
		c.Before, c.After = r.value(c.Field, c.Before), r.value(c.Field, c.After)
	})
	asked := make(dirsync.Fields, len(o.Asked))
	for field, value := range o.Asked {
		asked[field] = r.value(field, value)
	}
	o.Asked = asked
	membership := func(m *dirsync.Membership) { m.ID, m.Name = r.text(m.ID), r.text(m.Name) }
	o.Joins, o.Leaves = each(o.Joins, membership), each(o.Leaves, membership)
	o.Phones = each(o.Phones, func(s *dirsync.PhoneStep) {
		s.ID, s.Number, s.Extension = r.text(s.ID), r.text(s.Number), r.text(s.Extension)
	})
	if o.Takes != nil {
		o.Takes = &dirsync.Belongings{
			Aliases: each(o.Takes.Aliases, func(alias *string) { *alias = r.text(*alias) }),
			Joined:  each(o.Takes.Joined, func(id *string) { *id = r.text(*id) }),
			Phones:  each(o.Takes.Phones, func(p *dirsync.OwnPhone) { p.ID, p.Number = r.text(p.ID), r.text(p.Number) }),
		}
	}
	if o.Group != nil {
		group := *o.Group
		group.ID, group.Name, group.Offered = r.text(group.ID), r.text(group.Name), r.text(group.Offered)
		group.Sources = each(group.Sources, func(id *dirsync.SourceID) { *id = r.id(*id) })
		o.Group = &group
	}
	return &o
}

// reason redacts what a reason says of people: names in quotes, ids of the operation,
// also that of the person whose user it takes over, and what an administrator wrote.
func (r redactor) reason(o *Operation) string {
	reason, written, free := strings.Cut(o.Reason, ": ")
	if free = free && o.Marked; !free {
		reason = o.Reason
	}
	reason = quoted.ReplaceAllStringFunc(reason, func(q string) string {
		plain, err := strconv.Unquote(q)
		if err != nil {
			plain = q
		}
		return r.text(plain)
	})
	for _, id := range []string{string(o.From), string(o.Source), o.User} {
		if id != "" {
			word := regexp.MustCompile(`(^|[^\pL\pN])` + regexp.QuoteMeta(id) + `($|[^\pL\pN])`)
			reason = word.ReplaceAllString(reason, "${1}"+r.text(id)+"${2}")
		}
	}
	if free {
		reason += ": " + r.text(written)
	}
	return reason
}

// value redacts the value of a field, each item of a list by itself. A status names
// nobody, if it is one of Duo's.
func (r redactor) value(field, value string) string {
	switch {
	case field == dirsync.FieldStatus && slices.Contains(statuses, value):
		return value
	case dirsync.IsList(field):
		return dirsync.ListOf(each(dirsync.Items(value), func(item *string) { *item = r.text(*item) }))
	}
	return r.text(value)
}
