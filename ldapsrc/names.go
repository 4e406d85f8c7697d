package ldapsrc

import (
	"strings"

	"duosync/ldapsrc/dn"
)

// wishes are the attributes that were asked for: by the lower-cased name under
// which one may come, the lower-cased names under which it is given on.
type wishes map[string][]string

func (w wishes) add(name string) {
	asked := strings.ToLower(name)
	w[asked] = append(w[asked], asked)
	if standard := dn.StandardName(asked); standard != asked {
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
