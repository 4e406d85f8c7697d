package check

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"duosync/cmd/internal/config"
	"duosync/cmd/internal/report/phrase"
	"duosync/cmd/internal/wire"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
	"duosync/sync/decide"
)

// sample shows one person before and after mapping.
func (c *ldapCheck) sample(seen *census) {
	p := seen.sample
	fields, problem, warnings := c.rules.Map(p)
	sources := map[string][]string{} // attributes by field
	for _, m := range wire.MappingsOf(&c.rules.Rules) {
		sources[m.Field] = append(sources[m.Field], m.From.Attributes()...)
	}
	var parts []string
	for _, name := range slices.Concat(dirsync.FieldNames, dirsync.ListFields) {
		value, ours := fields[name]
		if !ours {
			continue
		}
		if name == dirsync.FieldStatus && c.rules.StatusFrom == nil {
			parts = append(parts, fmt.Sprintf("%s → status %s", p.Standing, value))
			continue
		}
		attributes := slices.Compact(slices.Sorted(slices.Values(sources[name])))
		before := make([]string, len(attributes))
		for i, attribute := range attributes {
			before[i] = attribute + " " + raw(attribute, p.Attrs[attribute])
		}
		after := strings.Join(dirsync.Items(value), ", ")
		if !dirsync.IsList(name) {
			after = value
		}
		parts = append(parts, fmt.Sprintf("%s → %s %s", strings.Join(before, " and "), name, shown(after, attributes...)))
	}
	detail := p.DN + ": " + strings.Join(parts, ", ")
	if problem != "" {
		detail += "; " + problem
	}
	hint := ""
	if len(warnings) > 0 {
		hint = strings.Join(warnings, "; ")
	}
	c.note(LDAPSample, hint, "%s", detail)
}

// raw shows an attribute's values.
func raw(attribute string, values []string) string {
	switch len(values) {
	case 0:
		return "(absent)"
	case 1:
		return shown(values[0], attribute)
	}
	return fmt.Sprintf("%s (and %d more)", shown(values[0], attribute), len(values)-1)
}

// shown shows a value that comes of some attributes: short, and no password that
// somebody has mapped.
func shown(value string, attributes ...string) string {
	if value != "" && wire.Secret(attributes...) {
		return wire.Hidden
	}
	return dirsync.Quote(value)
}

// named gives what was found, with the name of the directory where it has one.
func (c *ldapCheck) named() []Check {
	for i := range c.checks {
		if c.name != "" {
			c.checks[i].Detail = c.name + ": " + c.checks[i].Detail
		}
	}
	return c.checks
}

// groupCheck looks for the groups that section sync names, in all directories.
type groupCheck struct {
	findings
	sync  *config.Sync
	rules *decide.Rules
}

// between checks what is between the directories: the groups that are named, and the usernames
// that several have. It can be told only where each was read to its end.
func between(directories []ldapCheck, rules *decide.Rules) findings {
	var found, spelled []string
	of := map[string]string{} // directory by username
	c := groupCheck{sync: &directories[0].config.Sync, rules: rules}
	for i := range directories {
		d := &directories[i]
		if d.seen == nil {
			return findings{}
		}
		for _, group := range d.entries {
			found = append(found, string(dirsync.IDIn(d.name, dirsync.SourceID(group.Name))))
			spelled = append(spelled, rules.Directories.Spelled(d.name, group.Name)...)
		}
		var shared []string
		for _, name := range slices.Sorted(maps.Keys(d.seen.names)) {
			if of[name] != "" {
				shared = append(shared, name+" (of "+of[name]+")")
			} else {
				of[name] = d.name
			}
		}
		if len(shared) > 0 {
			const most = 10
			c.note(LDAPUsernames, "nothing to do if that is meant: each run lists them as shadowed; else give each a name of its own",
				"%s: %s in an earlier directory, too, whose people count: %s", d.name, phrase.Quantity(len(shared), "username is", "usernames are"), strings.Join(shared[:min(most, len(shared))], ", "))
		}
	}
	c.groups(found, spelled)
	return c.findings
}

// groups tells whether the groups that section sync names are there. found are those that
// are, and spelled the ways in which they can be named.
func (c *groupCheck) groups(found, spelled []string) {
	type place struct {
		key   string
		names []string
	}
	absent := func(places ...place) string {
		var texts []string
		for _, p := range places {
			missing := slices.DeleteFunc(slices.Clone(p.names), func(name string) bool {
				return slices.ContainsFunc(spelled, func(other string) bool { return dirsync.SameGroup(name, other) })
			})
			if len(missing) > 0 {
				texts = append(texts, fmt.Sprintf("of %s, %s", p.key, strings.Join(missing, ", ")))
			}
		}
		return strings.Join(texts, "; ")
	}
	scope := c.sync.Scope
	var asked []string // in expressions
	for _, own := range c.rules.Each() {
		for _, e := range own.Expressions() {
			asked = append(asked, e.Groups()...)
		}
	}
	asked = slices.Compact(slices.Sorted(slices.Values(asked)))
	if len(scope.IncludeGroups)+len(scope.ExcludeGroups)+len(asked) == 0 && c.rules.Groups.Mirror == nil {
		return
	}
	if required := absent(
		place{"sync.scope.include_groups", scope.IncludeGroups},
		place{"sync.scope.exclude_groups", scope.ExcludeGroups},
		place{"in_group in sync.mapping", asked},
	); required != "" {
		c.fail(LDAPGroups, fmt.Errorf("%s cannot be found", required),
			"check the names, ldap.groups, and that the account may read there; a run ends with an error while one is missing")
		return
	}
	if mirrored := absent(place{"sync.groups.mirror", c.sync.Groups.Named()}); mirrored != "" {
		c.note(LDAPGroups, "check the names; nobody is in such a group", "%s cannot be found", mirrored)
		return
	}
	if len(found) == 0 {
		c.note(LDAPGroups, "check the items and ldap.groups", "sync.groups.mirror matches no group")
		return
	}
	const most = 10
	found = slices.Compact(found)
	names := strings.Join(found[:min(most, len(found))], ", ")
	if len(found) > most {
		names += fmt.Sprintf(" and %d more", len(found)-most)
	}
	c.ok(LDAPGroups, "all that section sync names are there: %s", names)
}

// attributes looks for mapped attributes that came back for nobody. That may be
// meant where an expression has something else to go by.
func (c *ldapCheck) attributes(ctx context.Context, seen *census) {
	var missing, unused, counts, absent []string
	counted := map[string]bool{}
	for _, m := range wire.MappingsOf(&c.rules.Rules) {
		for _, attribute := range m.From.Attributes() {
			text := fmt.Sprintf("%s (for %s)", attribute, m.Field)
			if seen.values[attribute] == 0 {
				absent = append(absent, attribute)
			}
			switch {
			case seen.values[attribute] == 0 && m.From.Plain():
				missing = append(missing, text)
			case seen.values[attribute] == 0:
				unused = append(unused, text)
			case !counted[attribute]:
				counted[attribute] = true
				counts = append(counts, fmt.Sprintf("%s %d", attribute, seen.values[attribute]))
			}
		}
	}
	if name := c.rules.MemberOf; name != "" {
		if n := seen.values[strings.ToLower(name)]; n == 0 {
			unused = append(unused, name+" (ldap.groups.member_of)")
		} else if !counted[strings.ToLower(name)] {
			counts = append(counts, fmt.Sprintf("%s %d", name, n))
		}
	}
	people := phrase.Quantity(seen.total, "person", "people")
	switch {
	case len(missing) > 0:
		c.fail(LDAPAttributes, fmt.Errorf("%s came back for none of %s", strings.Join(slices.Concat(missing, unused), ", "), people),
			c.bareWords(seen)+c.usualUsername(seen)+c.otherNames(ctx, absent)+"let the account of ldap.bind_dn read these attributes; where the directory does not keep one, name another in sync.mapping, or \"\"")
	case len(unused) > 0:
		c.note(LDAPAttributes, c.bareWords(seen)+c.otherNames(ctx, absent)+"nothing to do if the directory does not keep them; else let the account of ldap.bind_dn read them",
			"of %s have a value: %s; %s came back for nobody", people, strings.Join(counts, ", "), strings.Join(unused, ", "))
	default:
		c.ok(LDAPAttributes, "of %s have a value: %s", people, strings.Join(counts, ", "))
	}
}

// bareWords is advice where what reads as an attribute that nobody has may be a text whose
// quotes are missing: in an expression, and where the status is such a word alone.
func (c *ldapCheck) bareWords(seen *census) string {
	var words []string
	for _, m := range wire.MappingsOf(&c.rules.Rules) {
		for _, word := range m.From.Attributes() {
			if seen.values[word] == 0 && (!m.From.Plain() || m.Field == dirsync.FieldStatus) {
				words = append(words, word)
			}
		}
	}
	words = slices.Compact(slices.Sorted(slices.Values(words)))
	if len(words) == 0 {
		return ""
	}
	return fmt.Sprintf("if %s is meant as a text, and not as an attribute, put it in quotes within the expression, as in '%s'; ", strings.Join(words, " or "), words[0])
}

// otherNames says of attributes that came back for nobody how the server's schema calls them,
// where it has them under another name, or none that it has; "" where there is nothing to say.
// Some servers answer with the first name of an attribute, whatever they were asked for.
func (c *ldapCheck) otherNames(ctx context.Context, absent []string) string {
	names, err := c.source.AttributeNames(ctx)
	if err != nil || len(names) == 0 {
		return "" // it is a hint
	}
	var said []string
	for _, attribute := range slices.Compact(slices.Sorted(slices.Values(absent))) {
		plain, _, _ := strings.Cut(attribute, ";") // without options
		switch first, known := names[strings.ToLower(plain)]; {
		case known && !strings.EqualFold(first, plain):
			said = append(said, fmt.Sprintf("this server answers with the name %s for %s: write %s in sync.mapping; ", first, attribute, first))
		case !known:
			hint := ""
			if near := dirsync.Nearest(plain, slices.Sorted(maps.Keys(names))); near != "" {
				hint = ", but has " + names[near]
			}
			said = append(said, fmt.Sprintf("the schema of this server has no attribute %s%s; ", attribute, hint))
		}
	}
	return strings.Join(said, "")
}

// usualUsername is advice where people lack what is mapped to the username, and have what
// the server's kind has for it.
func (c *ldapCheck) usualUsername(seen *census) string {
	from := c.rules.Mapping[dirsync.FieldUsername]
	if kind := c.kind(); kind == nil || !from.Plain() || seen.values[strings.ToLower(kind.Users.Username)] <= seen.values[from.Attributes()[0]] {
		return ""
	}
	return c.usual("sync.mapping.username", from.Attributes()[0], func(u *schema.Users) string { return u.Username })
}

// usernames looks for people who have none, and for two who have the same.
func (c *ldapCheck) usernames(seen *census) {
	attribute := strings.Join(c.rules.Mapping[dirsync.FieldUsername].Attributes(), " or ")
	switch {
	case seen.shared > 0:
		c.fail(LDAPUsernames, fmt.Errorf("%s: two people have the username of %s", seen.sharers, phrase.Quantity(seen.shared, "person", "people")),
			"give one of them another "+attribute+", or leave one out by ldap.users.filter or sync.scope.exclude_users; until then neither is changed")
	case seen.unnamed > 0 && strings.HasPrefix(seen.unnamedWhy, dirsync.FieldStatus+": "):
		c.fail(LDAPUsernames, fmt.Errorf("%s can't be carried over: %s", phrase.Quantity(seen.unnamed, "person", "people"), seen.unnamedWhy),
			c.bareWords(seen)+"correct sync.mapping.status; preset is the status as the directory's kind has it")
	case seen.unnamed > 0:
		c.fail(LDAPUsernames, fmt.Errorf("%s can't be carried over: %s", phrase.Quantity(seen.unnamed, "person", "people"), seen.unnamedWhy),
			c.usualUsername(seen)+"give each a usable "+attribute+", map another attribute to sync.mapping.username, or leave them out by ldap.users.filter")
	default:
		c.ok(LDAPUsernames, "%d different ones", len(seen.names))
	}
}
