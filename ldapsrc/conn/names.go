package conn

import (
	"context"
	"regexp"
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// attributeType is a description of an attribute (RFC 4512, 4.1.2): its OID, and its name or
// names, the first of which is what some servers answer with, whatever they were asked for.
var (
	attributeType = regexp.MustCompile(`^\s*\(\s*([0-9A-Za-z.-]+)\s(?:.*?\s)?NAME\s+(?:'([^']+)'|\(([^)]*)\))`)
	quotedName    = regexp.MustCompile(`'([^']+)'`)
)

// AttributeNames gives the attributes of the server's schema: to each name and OID, in lower
// case, the first name. It has none where the server does not show its schema.
func (c *Conn) AttributeNames(ctx context.Context) (map[string]string, error) {
	root, err := c.Shown(ctx, Query{Scope: ldap.ScopeBaseObject, Filter: AnyEntry, Attrs: []string{"subschemaSubentry"}})
	if err != nil || len(root) == 0 {
		return nil, err
	}
	at := root[0].GetEqualFoldAttributeValue("subschemaSubentry")
	if at == "" {
		return nil, nil
	}
	schema, err := c.Shown(ctx, Query{Base: at, Scope: ldap.ScopeBaseObject, Filter: "(objectClass=subschema)", Attrs: []string{"attributeTypes"}})
	if err != nil || len(schema) == 0 {
		return nil, err
	}
	names := map[string]string{}
	for _, text := range schema[0].GetEqualFoldAttributeValues("attributeTypes") {
		oid, all := attributeNames(text)
		for _, name := range append(all, oid) {
			if len(all) > 0 {
				names[strings.ToLower(name)] = all[0]
			}
		}
	}
	return names, nil
}

// attributeNames gives the OID and the names of an attribute's description.
func attributeNames(text string) (oid string, names []string) {
	m := attributeType.FindStringSubmatch(text)
	if m == nil {
		return "", nil
	}
	if m[2] != "" {
		return m[1], []string{m[2]}
	}
	for _, name := range quotedName.FindAllStringSubmatch(m[3], -1) {
		names = append(names, name[1])
	}
	return m[1], names
}
