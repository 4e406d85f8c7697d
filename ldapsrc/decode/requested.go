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
	// lower-cased names under which it is given on.
	keys map[string][]string
	// lower has the lower-cased form of names as they are asked for, in which most come.
	lower map[string]string
}

// Add has one more attribute asked for, unless it is already.
func (r *Requested) Add(name string) (added bool) {
	asked := strings.ToLower(name)
	for _, key := range r.keys[asked] {
		if key == asked {
			return false
		}
	}
	if r.keys == nil {
		r.keys, r.lower = make(map[string][]string), make(map[string]string)
	}
	r.lower[name] = asked
	r.Names = append(r.Names, name)
	r.keys[asked] = append(r.keys[asked], asked)
	if standard := dn.StandardName(asked); standard != asked {
		r.keys[standard] = append(r.keys[standard], asked)
	}
	return true
}

// of gives what was asked for, by the names under which it is given on.
func (r *Requested) of(entry *ldap.Entry) map[string][]string {
	attrs := make(map[string][]string, len(entry.Attributes))
	for _, a := range entry.Attributes {
		if len(a.Values) == 0 {
			continue
		}
		name, known := r.lower[a.Name]
		if !known {
			name = strings.ToLower(a.Name)
		}
		for _, key := range r.keys[name] {
			if before := attrs[key]; len(before) > 0 {
				attrs[key] = append(before, a.Values...)
			} else {
				attrs[key] = slices.Clip(a.Values)
			}
		}
	}
	return attrs
}
