package ldapsrc

import "strings"

// standardName gives the name under which servers return an attribute that is
// asked for by another of its names: OpenLDAP answers a search for commonName
// with cn. These are the second names of RFC 4519 and RFC 4524, in lower case.
func standardName(name string) string {
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

// wishes are the attributes that were asked for: by the lower-cased name under
// which one may come, the lower-cased names under which it is given on.
type wishes map[string][]string

func (w wishes) add(name string) {
	asked := strings.ToLower(name)
	w[asked] = append(w[asked], asked)
	if standard := standardName(asked); standard != asked {
		w[standard] = append(w[standard], asked)
	}
}

func (w wishes) has(name string) bool {
	for _, asked := range w[strings.ToLower(name)] {
		if strings.EqualFold(asked, name) {
			return true
		}
	}
	return false
}
