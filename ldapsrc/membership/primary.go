package membership

import (
	"fmt"
	"strconv"
	"strings"

	dirsync "duosync/sync"
)

// appendPrimary appends a person's primary group in Active Directory, which does not
// list them as a member. The group is in the person's domain.
func (t *Table) appendPrimary(in []int32, p *dirsync.Person) ([]int32, error) {
	values := p.Attrs[strings.ToLower(primaryGroupID)]
	if len(values) == 0 {
		if len(t.primary) > 0 { // every user of Active Directory has one
			hidePrimary(p, primaryGroupID)
		}
		return in, nil
	}
	number, err := strconv.ParseUint(values[0], 10, 32)
	if err != nil {
		return nil, fmt.Errorf("entry %q: primaryGroupID %q is no number", p.DN, values[0])
	}
	candidates := t.primary[uint32(number)]
	if len(candidates) == 0 {
		return in, nil
	}
	own, err := parseSID(p.Attrs[strings.ToLower(objectSID)])
	if err != nil {
		return nil, dirsync.WithHint(fmt.Errorf("entry %q: %w, so the primary group can't be told", p.DN, err),
			"let the account of ldap.bind_dn read objectSid")
	}
	for _, group := range candidates {
		if t.groups[group].sid.domain() == own.domain() {
			in = append(in, group)
		}
	}
	return in, nil
}

// hidePrimary notes of a person whose primary group must be told by an attribute, and
// did not come, that it can't be read. It may be one that counts.
func hidePrimary(p *dirsync.Person, attribute string) {
	if p.Unsure == nil {
		p.Unsure = &dirsync.Unsure{Attribute: strings.ToLower(attribute)}
	}
	p.Unsure.Groups = true
	if p.Standing != dirsync.Disabled {
		p.Standing = dirsync.Unreadable
	}
}
