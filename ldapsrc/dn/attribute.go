package dn

import (
	"strings"

	"github.com/go-ldap/ldap/v3"
)

// StandardName gives the name under which servers return an attribute that is
// asked for by another of its names: OpenLDAP answers a search for commonName
// with cn. These are the second names of RFC 4519 and RFC 4524, in lower case.
func StandardName(name string) string {
	name = strings.ToLower(name)
	plain, options, found := strings.Cut(name, ";")
	switch plain {
	case "commonname":
		plain = "cn"
	case "surname":
		plain = "sn"
	case "userid":
		plain = "uid"
	case "gn":
		plain = "givenname"
	case "rfc822mailbox":
		plain = "mail"
	case "mobiletelephonenumber":
		plain = "mobile"
	case "hometelephonenumber":
		plain = "homephone"
	case "pagertelephonenumber":
		plain = "pager"
	case "organizationname":
		plain = "o"
	case "organizationalunitname":
		plain = "ou"
	case "localityname":
		plain = "l"
	case "stateorprovincename":
		plain = "st"
	case "countryname":
		plain = "c"
	case "streetaddress":
		plain = "street"
	case "domaincomponent":
		plain = "dc"
	}
	if found {
		return plain + ";" + options
	}
	return plain
}

// Values gives the values of an attribute by any of its names.
func Values(entry *ldap.Entry, name string) []string {
	for _, a := range entry.Attributes {
		if StandardName(a.Name) == StandardName(name) && len(a.Values) > 0 {
			return a.Values
		}
	}
	return nil
}
