package ldapsrc

import (
	"context"
	"fmt"
	"regexp"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/conn"
	"duosync/ldapsrc/dn"
	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// named is an attribute for the end of accounts that the configuration names by itself. A
// name that is mistyped looks just like accounts none of which ends.
type named struct {
	attribute string          // "": there is none
	had       map[string]bool // attributes that somebody had, by folded name without options
}

// namedOf gives the attribute that stands in the place of the kind's own.
func namedOf(expires string, own *schema.Kind) named {
	if expires == "" || expires == schema.NoExpiry || strings.EqualFold(expires, own.Expires) {
		return named{}
	}
	return named{attribute: expires}
}

// watch notes what people have while they pass.
func (n *named) watch(visit func(dirsync.Person) error) func(dirsync.Person) error {
	if n.attribute == "" {
		return visit
	}
	n.had = map[string]bool{}
	return func(p dirsync.Person) error {
		for name := range p.Attrs {
			n.had[foldedName(name)] = true
		}
		return visit(p)
	}
}

func foldedName(attribute string) string {
	plain, _, _ := strings.Cut(attribute, ";")
	return strings.ToLower(plain)
}

// check fails where nobody has the attribute and the server's schema does not know it, or knows it
// by another first name: servers answer with that one, so the values would be nobody's. A schema
// that can't be read, or that lacks what people have, does not prove that there is none.
func (n *named) check(ctx context.Context, c *conn.Conn, base dn.DN) error {
	if n.attribute == "" || n.had[foldedName(n.attribute)] {
		return nil
	}
	types, err := attributeTypes(ctx, c, base)
	if err != nil || len(types) == 0 {
		return err
	}
	if all, known := types[foldedName(n.attribute)]; known {
		return n.checkFirst(all[0])
	}
	for name := range n.had {
		if _, known := types[name]; !known {
			return nil
		}
	}
	var names []string
	for _, all := range types {
		names = append(names, all...)
	}
	advice := "check ldap.expires_attribute."
	if near := dirsync.Nearest(n.attribute, names); near != "" {
		advice = "check ldap.expires_attribute; did you mean " + near + "?"
	}
	var ends []string
	for _, name := range schema.Ends() {
		if _, known := types[strings.ToLower(name)]; known {
			ends = append(ends, name)
		}
	}
	if len(ends) > 0 {
		advice += " Of the attributes for the end of accounts the server knows " + strings.Join(ends, ", ") + "."
	}
	return dirsync.WithHint(fmt.Errorf("no entry has the attribute %s, and the server's schema does not know it: nobody's account would ever end", dirsync.Quote(n.attribute)), advice)
}

// checkFirst fails unless values that come under the attribute's first name are taken for its own.
func (n *named) checkFirst(first string) error {
	if _, options, has := strings.Cut(n.attribute, ";"); has {
		first += ";" + options
	}
	if strings.EqualFold(n.attribute, first) || dn.StandardName(n.attribute) == strings.ToLower(first) {
		return nil
	}
	return dirsync.WithHint(fmt.Errorf("no entry has the attribute %s, which the server calls %s: nobody's account would ever end", dirsync.Quote(n.attribute), first),
		"write "+first+" in ldap.expires_attribute")
}

// attributeTypes gives for each name and number of an attribute that the server's schema knows
// (RFC 4512, 4.2), folded, all names of it; none where the server does not show them.
func attributeTypes(ctx context.Context, c *conn.Conn, base dn.DN) (map[string][]string, error) {
	const place, list = "subschemaSubentry", "attributeTypes"
	var at string
	for _, from := range []string{base.Text, ""} { // "" is the root DSE
		entries, err := c.Shown(ctx, conn.Query{Base: from, Scope: ldap.ScopeBaseObject, Filter: conn.AnyEntry, Attrs: []string{place}})
		if err != nil {
			return nil, err
		}
		if len(entries) == 1 && len(dn.Values(entries[0], place)) == 1 {
			at = dn.Values(entries[0], place)[0]
			break
		}
	}
	if at == "" {
		return nil, nil
	}
	entries, err := c.Shown(ctx, conn.Query{Base: at, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=subschema)", Attrs: []string{list}})
	if err != nil || len(entries) != 1 {
		return nil, err
	}
	if err := c.Complete(ctx, entries[0]); err != nil {
		return nil, nil //nolint:nilerr // not shown whole
	}
	types := map[string][]string{}
	for _, text := range dn.Values(entries[0], list) {
		all := typeNames(text)
		for _, name := range all {
			types[strings.ToLower(name)] = all[min(1, len(all)-1):] // the number is the name of what has none
		}
	}
	return types, nil
}

// attributeType is the beginning of RFC 4512, 4.1.2: a number, and one name or several.
var (
	attributeType = regexp.MustCompile(`^\(\s*([^\s()']+)\s*(?:NAME\s+(?:('[^']*')|\(([^)]*)\)))?`)
	quoted        = regexp.MustCompile(`'([^']+)'`)
)

// typeNames gives the number and the names in the description of an attribute.
func typeNames(text string) []string {
	parts := attributeType.FindStringSubmatch(strings.TrimSpace(text))
	if parts == nil {
		return nil
	}
	names := []string{parts[1]}
	for _, name := range quoted.FindAllStringSubmatch(parts[2]+parts[3], -1) {
		names = append(names, name[1])
	}
	return names
}
