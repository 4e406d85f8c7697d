package membership

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
	dirsync "duosync/sync"
)

// Object classes of RFC 2307, in lower case. Both demand a gidNumber.
const (
	posixGroup   = "posixgroup"
	posixAccount = "posixaccount"
)

// gidOf gives the number of a posixGroup, by which people have it as their primary group
// (RFC 2307, 5.2); "" where the entry has none. demanded: the server holds entries to what
// their classes demand.
func gidOf(entry *ldap.Entry, demanded bool) (string, error) {
	values := dn.Values(entry, gidNumber)
	switch {
	case len(values) > 0:
		return canonicalGID(values[0])
	case demanded && isOf(entry, posixGroup):
		return "", dirsync.WithHint(fmt.Errorf("it came without any %s, which its object class demands, so it is not known whose primary group it is", gidNumber),
			"let the account of ldap.bind_dn read "+gidNumber)
	}
	return "", nil
}

// canonicalGID gives the form in which the same number is the same text.
func canonicalGID(value string) (string, error) {
	n, err := strconv.ParseInt(strings.TrimSpace(value), 10, 64)
	if err != nil {
		return "", fmt.Errorf("%s %q is no number", gidNumber, value)
	}
	return strconv.FormatInt(n, 10), nil
}

// appendPosix appends a person's primary groups by gidNumber, which do not list them as
// a member. Where several groups share the number, each is one.
func (t *Table) appendPosix(in []int32, p *dirsync.Person) ([]int32, error) {
	if len(t.gids) == 0 {
		return in, nil
	}
	values := p.Attrs[strings.ToLower(gidNumber)]
	if len(values) == 0 && slices.ContainsFunc(p.Attrs[strings.ToLower(objectClass)], func(class string) bool { return strings.EqualFold(class, posixAccount) }) {
		hidePrimary(p, gidNumber)
	}
	for _, value := range values {
		number, err := canonicalGID(value)
		if err != nil {
			return nil, fmt.Errorf("entry %q: %w", p.DN, err)
		}
		in = append(in, t.gids[number]...)
	}
	return in, nil
}
