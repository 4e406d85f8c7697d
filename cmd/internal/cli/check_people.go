package cli

import (
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/config"
	dirsync "duosync/sync"
)

// mapped is an expression and the field that it fills.
type mapped struct {
	field string
	from  dirsync.Expression
}

// mappings gives all that is mapped, in the order of reports.
func mappings(rules *dirsync.Rules) []mapped {
	var all []mapped
	for _, field := range dirsync.FieldNames {
		if from := rules.Mapping[field]; from != nil {
			all = append(all, mapped{field, from})
		}
	}
	if rules.StatusFrom != nil {
		all = append(all, mapped{dirsync.FieldStatus, rules.StatusFrom})
	}
	for _, from := range rules.Aliases {
		all = append(all, mapped{dirsync.FieldAliases, from})
	}
	for _, phone := range rules.Phones.From {
		all = append(all, mapped{dirsync.FieldPhones, phone.Number})
	}
	return all
}

// sample shows one person before and after mapping.
func (c *ldapCheck) sample(seen *census) {
	p := seen.sample
	fields, problem, warnings := c.rules.Map(p)
	sources := map[string][]string{} // attributes by field
	for _, m := range mappings(c.rules) {
		sources[m.field] = append(sources[m.field], m.from.Attributes()...)
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
	c.note(checkLDAPSample, hint, "%s", detail)
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
	secret := slices.ContainsFunc(attributes, func(a string) bool { return strings.Contains(a, "password") || strings.Contains(a, "secret") })
	if value != "" && secret {
		return "<hidden>"
	}
	return dirsync.Quote(value)
}

// groups tells whether the groups that section sync names are there.
func (c *ldapCheck) groups(entries []dirsync.GroupEntry) {
	var found []string
	for _, group := range entries {
		found = append(found, group.Name)
	}
	missing := func(names []string) []string {
		return slices.DeleteFunc(slices.Clone(names), func(name string) bool {
			return slices.ContainsFunc(found, func(other string) bool { return dirsync.SameGroup(name, other) })
		})
	}
	scope := c.config.Sync.Scope
	var asked []string // in expressions
	for _, e := range c.rules.Expressions() {
		asked = append(asked, e.Groups()...)
	}
	asked = slices.Compact(slices.Sorted(slices.Values(asked)))
	if len(scope.IncludeGroups)+len(scope.ExcludeGroups)+len(asked) == 0 && c.rules.Groups.Mirror == nil {
		return
	}
	if include := missing(scope.IncludeGroups); len(include) > 0 {
		c.fail(checkLDAPGroups, fmt.Errorf("of sync.scope.include_groups, %s cannot be found", strings.Join(include, ", ")),
			"check the names, ldap.groups, and that the account may read there; a run ends with an error while one is missing")
		return
	}
	var absent []string
	for _, place := range []struct {
		key   string
		names []string
	}{
		{"sync.scope.exclude_groups", scope.ExcludeGroups},
		{"in_group in sync.mapping", asked},
		{"sync.groups.mirror", mirroredByName(&c.config.Sync.Groups)},
	} {
		if names := missing(place.names); len(names) > 0 {
			absent = append(absent, fmt.Sprintf("of %s, %s", place.key, strings.Join(names, ", ")))
		}
	}
	if len(absent) > 0 {
		c.note(checkLDAPGroups, "check the names; nobody is in such a group", "%s cannot be found", strings.Join(absent, "; "))
		return
	}
	if len(found) == 0 {
		c.note(checkLDAPGroups, "check the items and ldap.groups", "sync.groups.mirror matches no group")
		return
	}
	const most = 10
	found = slices.Compact(found)
	names := strings.Join(found[:min(most, len(found))], ", ")
	if len(found) > most {
		names += fmt.Sprintf(" and %d more", len(found)-most)
	}
	c.ok(checkLDAPGroups, "all that section sync names are there: %s", names)
}

// mirroredByName gives the groups of sync.groups.mirror that stand there by name.
func mirroredByName(g *config.GroupRules) []string {
	var names []string
	for _, text := range g.Mirror {
		if rule, err := config.ParseGroupRule(text); err == nil && rule.Name != "" {
			names = append(names, rule.Name)
		}
	}
	return names
}

// attributes looks for mapped attributes that came back for nobody. That may be
// meant where an expression has something else to go by.
func (c *ldapCheck) attributes(seen *census) {
	var missing, unused, counts []string
	counted := map[string]bool{}
	for _, m := range mappings(c.rules) {
		for _, attribute := range m.from.Attributes() {
			text := fmt.Sprintf("%s (for %s)", attribute, m.field)
			switch {
			case seen.values[attribute] == 0 && m.from.Plain():
				missing = append(missing, text)
			case seen.values[attribute] == 0:
				unused = append(unused, text)
			case !counted[attribute]:
				counted[attribute] = true
				counts = append(counts, fmt.Sprintf("%s %d", attribute, seen.values[attribute]))
			}
		}
	}
	people := quantity(seen.total, "person", "people")
	switch {
	case len(missing) > 0:
		c.fail(checkLDAPAttributes, fmt.Errorf("%s came back for none of %s", strings.Join(slices.Concat(missing, unused), ", "), people),
			"let the account of ldap.bind_dn read these attributes; where the directory does not keep one, name another in sync.mapping, or \"\"")
	case len(unused) > 0:
		c.note(checkLDAPAttributes, "nothing to do if the directory does not keep them; else let the account of ldap.bind_dn read them",
			"of %s have a value: %s; %s came back for nobody", people, strings.Join(counts, ", "), strings.Join(unused, ", "))
	default:
		c.ok(checkLDAPAttributes, "of %s have a value: %s", people, strings.Join(counts, ", "))
	}
}

// usernames looks for people who have none, and for two who have the same.
func (c *ldapCheck) usernames(seen *census) {
	attribute := strings.Join(c.rules.Mapping[dirsync.FieldUsername].Attributes(), " or ")
	switch {
	case seen.shared > 0:
		c.fail(checkLDAPUsernames, fmt.Errorf("%s: two people have the username of %s", seen.sharers, quantity(seen.shared, "person", "people")),
			"give one of them another "+attribute+", or leave one out by ldap.users.filter or sync.scope.exclude_users; until then neither is changed")
	case seen.unnamed > 0:
		c.fail(checkLDAPUsernames, fmt.Errorf("%s can't be carried over: %s", quantity(seen.unnamed, "person", "people"), seen.unnamedWhy),
			"give each a usable "+attribute+", map another attribute to sync.mapping.username, or leave them out by ldap.users.filter")
	default:
		c.ok(checkLDAPUsernames, "%d different ones", len(seen.names))
	}
}
