package config

import (
	"cmp"
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"

	"duosync/cmd/internal/config/strict"
	dirsync "duosync/sync"
)

// GroupRule is one item of sync.groups.mirror. One of its fields is set.
type GroupRule struct {
	// Name of a group, compared without regard to case.
	Name string
	// Pattern matches whole names, without regard to case.
	Pattern *regexp.Regexp
}

// ParseGroupRule reads an item of sync.groups.mirror: /regex/ (RE2 syntax, the
// whole name, without regard to case), or else a group's name.
func ParseGroupRule(text string) (GroupRule, error) {
	switch {
	case strings.TrimSpace(text) == "":
		return GroupRule{}, dirsync.WithHint(errors.New("is empty"), "remove the item")
	case strings.HasPrefix(text, "/"):
		pattern, err := parsePattern(text)
		return GroupRule{Pattern: pattern}, err
	}
	return GroupRule{Name: text}, nil
}

// Matches reports whether the rule selects the group of that name.
func (g GroupRule) Matches(name string) bool {
	if g.Pattern != nil {
		return g.Pattern.MatchString(name)
	}
	return dirsync.SameGroup(g.Name, name)
}

// Mirrored makes the test for Mirror; nil where no group is mirrored. An error is
// that of an item.
func (g *GroupRules) Mirrored() (func(name string) bool, error) {
	if len(g.Mirror) == 0 {
		return nil, nil
	}
	rules := make([]GroupRule, len(g.Mirror))
	for i, text := range g.Mirror {
		var err error
		if rules[i], err = ParseGroupRule(text); err != nil {
			return nil, fmt.Errorf("sync.groups.mirror: %q %w", text, err)
		}
	}
	return func(name string) bool {
		return slices.ContainsFunc(rules, func(r GroupRule) bool { return r.Matches(name) })
	}, nil
}

// Named lists the items of Mirror that are names.
func (g *GroupRules) Named() []string {
	return slices.DeleteFunc(slices.Clone(g.Mirror), func(text string) bool {
		rule, err := ParseGroupRule(text)
		return err != nil || rule.Pattern != nil
	})
}

// Renamed gives the name in Duo of a group of the directory, whose name is
// compared without regard to case.
func (g *GroupRules) Renamed(name string) string {
	for from, to := range g.Rename {
		if dirsync.SameGroup(from, name) {
			return to
		}
	}
	return name
}

// validateGroups checks where groups are looked for, that they are where
// something asks for them, and which are mirrored.
func (v *validator) validateGroups(c *Config) {
	scope := &c.Sync.Scope
	bases, at := 0, strict.Item(directoriesPath, 0)+".groups.base_dns"
	for i := range c.Directories {
		v.validateGroupsOf(strict.Item(directoriesPath, i)+".groups", &c.Directories[i].Groups)
		bases += len(c.Directories[i].Groups.Bases)
	}
	v.validateGroupsIn(c)
	if len(c.Directories) == 0 {
		v.validateGroupsOf("ldap.groups", &c.LDAP.Groups)
		at, bases = "ldap.groups.base_dns", len(c.LDAP.Groups.Bases)
	}
	for path, names := range map[string][]string{"sync.scope.include_groups": scope.IncludeGroups, "sync.scope.exclude_groups": scope.ExcludeGroups} {
		for i, name := range names {
			if strings.TrimSpace(name) == "" {
				v.Check(strict.Item(path, i), dirsync.WithHint(errors.New("is empty"), "remove the item"))
			}
		}
	}
	if asks := v.asksForGroups(&c.Sync); bases == 0 && asks != "" {
		v.Check(at, dirsync.WithHint(errors.New("must name at least one base, since "+asks+" names groups"),
			"such as [\"ou=groups,dc=example,dc=org\"]"))
	}
	v.validateMirror(&c.Sync.Groups)
}

// validateGroupsIn checks that groups which are named by their directory are looked for there.
func (v *validator) validateGroupsIn(c *Config) {
	named := slices.Concat(c.Sync.Scope.IncludeGroups, c.Sync.Scope.ExcludeGroups, c.Sync.Groups.Named(), v.asked)
	for i := range c.Directories {
		d := &c.Directories[i]
		j := slices.IndexFunc(named, func(text string) bool { return strings.HasPrefix(strings.ToLower(text), d.Name+"/") })
		if at := strict.Item(directoriesPath, i) + ".groups.base_dns"; j >= 0 && d.Name != "" && len(d.Groups.Bases) == 0 {
			v.Check(at, dirsync.WithHint(fmt.Errorf("must name at least one base, since the group %s is asked for", dirsync.Quote(named[j])),
				"such as [\"ou=groups,dc=example,dc=org\"]"))
		}
	}
}

// validateGroupsOf checks where a section has groups looked for.
func (v *validator) validateGroupsOf(section string, g *LDAPGroups) {
	v.validateBases(section+".base_dns", g.Bases)
	v.validateFilter(section+".filter", g.Filter, "(objectClass=groupOfNames)")
	v.validateAttribute(section+".name_attribute", g.NameAttribute, "cn")
	v.validateMemberAttribute(section+".member_attribute", g.MemberAttribute)
	if g.MemberOf != "" {
		v.validateAttribute(section+".member_of", g.MemberOf, "memberOf")
	}
}

// validateMemberAttribute checks the one or more attributes that hold members.
func (v *validator) validateMemberAttribute(path string, names []string) {
	const example = "member"
	if len(names) == 0 {
		v.Check(path, dirsync.WithHint(errors.New("must name at least one attribute"), "such as "+example))
	}
	for i, name := range names {
		at := path
		if item := strict.Item(path, i); v.Written(item) {
			at = item
		}
		v.validateAttribute(at, name, example)
		if slices.ContainsFunc(names[:i], func(other string) bool { return strings.EqualFold(other, name) }) {
			v.Check(at, dirsync.WithHint(errors.New("is given twice"), "remove one of them"))
		}
	}
}

// asksForGroups gives the first section that names groups of the directory, or "".
func (v *validator) asksForGroups(s *Sync) string {
	switch {
	case len(s.Scope.IncludeGroups)+len(s.Scope.ExcludeGroups) > 0:
		return "sync.scope"
	case len(s.Groups.Mirror) > 0:
		return "sync.groups.mirror"
	case len(v.asked) > 0:
		return "in_group in sync.mapping"
	}
	return ""
}

func (v *validator) validateMirror(g *GroupRules) {
	for i, text := range g.Mirror {
		at := strict.Item("sync.groups.mirror", i)
		_, err := ParseGroupRule(text)
		if err != nil && v.Foreign(at) {
			err = errors.New("is not a name or /regex/")
		}
		v.Check(at, err)
	}
	names := slices.Sorted(maps.Keys(g.Rename))
	slices.SortStableFunc(names, func(a, b string) int { return cmp.Compare(strings.ToLower(a), strings.ToLower(b)) })
	for i, name := range names {
		if i > 0 && strings.EqualFold(names[i-1], name) {
			v.Check("sync.groups.rename", dirsync.WithHint(errors.New("names a group twice, since names have no case"), "keep one of them"))
		}
	}
	mirrored, err := g.Mirrored()
	if err != nil {
		return // told above
	}
	for _, name := range names {
		plain := name
		if first, rest, cut := strings.Cut(name, "/"); cut && slices.Contains(v.names, first) {
			plain = rest
		}
		if mirrored == nil || !mirrored(name) && !mirrored(plain) {
			v.Warn("sync.groups.rename: sync.groups.mirror does not take the group %s", dirsync.Quote(name))
		}
	}
}
