package conn

import (
	"errors"
	"fmt"
	"net/url"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/schema"
)

// ParseURL reads an LDAP URL that stands for a search, such as
// ldap:///ou=people,dc=example,dc=org??sub?(title=Engineer) (RFC 4516): host is "" where it
// names none. What it leaves out is what the RFC says: the base alone, and any entry. The
// attributes in it do not matter. One whose extensions must not be passed over is an error.
func ParseURL(text string) (host string, q Query, err error) {
	u, err := url.Parse(text)
	if err != nil {
		return "", Query{}, errors.New("it is no URL")
	}
	if u.Scheme != "ldap" || u.Opaque != "" || u.User != nil || u.Fragment != "" {
		return "", Query{}, errors.New("it is no LDAP URL, such as ldap:///ou=people,dc=example,dc=org??sub?(title=Engineer)")
	}
	part, err := searchPart(u)
	if err != nil {
		return "", Query{}, err
	}
	q = Query{Base: part.base, Scope: ldap.ScopeBaseObject, Filter: AnyEntry}
	if part.scoped {
		q.Scope = part.scope
	}
	if part.filter != "" {
		q.Filter = part.filter
	}
	if strings.HasPrefix(part.extensions, "!") || strings.Contains(part.extensions, ",!") {
		return "", Query{}, errors.New("it has extensions that must be heeded, and are not known here")
	}
	return u.Host, q, schema.CheckFilter(q.Filter)
}

// searched is what of a search an LDAP URL says.
type searched struct {
	base       string
	scope      int
	scoped     bool // there is a scope
	filter     string
	extensions string
}

// searchPart reads what follows on the host, dn?attributes?scope?filter?extensions. What
// is left out is empty.
func searchPart(u *url.URL) (s searched, err error) {
	s.base = strings.TrimPrefix(u.Path, "/")
	parts := strings.SplitN(u.RawQuery, "?", 4)
	if len(parts) > 1 && parts[1] != "" {
		scopes := map[string]int{"base": ldap.ScopeBaseObject, "one": ldap.ScopeSingleLevel, "sub": ldap.ScopeWholeSubtree}
		if s.scope, s.scoped = scopes[strings.ToLower(parts[1])]; !s.scoped {
			return s, errors.New("it has an unknown scope")
		}
	}
	if len(parts) > 2 {
		if s.filter, err = url.PathUnescape(parts[2]); err != nil {
			return s, fmt.Errorf("its filter can't be read: %w", err)
		}
	}
	if len(parts) > 3 {
		s.extensions = parts[3]
	}
	return s, nil
}
