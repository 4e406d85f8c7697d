package decode

import (
	"slices"
	"strings"

	"github.com/go-ldap/ldap/v3"

	"duosync/ldapsrc/dn"
)

// Requested are the attributes that are asked for of people.
type Requested struct {
	Names []string // as they are asked for
	// keys are, by the lower-cased name under which an attribute may come, the
	// lower-cased names under which it is given on; also by the name as it is asked for, in
	// which most come.
	keys map[string]*[]string
}

// Add has one more attribute asked for, unless it is already.
func (r *Requested) Add(name string) (added bool) {
	asked := strings.ToLower(name)
	if r.keys == nil {
		r.keys = make(map[string]*[]string)
	}
	keys := r.under(asked)
	r.keys[name] = keys
	if slices.Contains(*keys, asked) {
		return false
	}
	r.Names = append(r.Names, name)
	*keys = append(*keys, asked)
	if standard := dn.StandardName(asked); standard != asked {
		keys := r.under(standard)
		*keys = append(*keys, asked)
	}
	return true
}

// under gives the names under which what comes under a lower-cased name is given on.
func (r *Requested) under(name string) *[]string {
	if r.keys[name] == nil {
		r.keys[name] = &[]string{}
	}
	return r.keys[name]
}

// of gives what was asked for, by the names under which it is given on.
func (r *Requested) of(entry *ldap.Entry) map[string][]string {
	attrs := make(map[string][]string, len(entry.Attributes))
	for _, a := range entry.Attributes {
		if len(a.Values) == 0 {
			continue
		}
		keys := r.keys[a.Name]
		if keys == nil {
			keys = r.keys[strings.ToLower(a.Name)]
		}
		if keys == nil {
			continue
		}
		for _, key := range *keys {
			if before := attrs[key]; len(before) > 0 {
				attrs[key] = append(before, a.Values...)
			} else {
				attrs[key] = slices.Clip(a.Values)
			}
		}
	}
	return attrs
}
