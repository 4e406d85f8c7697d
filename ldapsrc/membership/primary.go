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
		t.hidePrimary(p)
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

// hidePrimary notes of a person without a primary group that it can't be read, where it
// may be one that counts: every user of Active Directory has one.
func (t *Table) hidePrimary(p *dirsync.Person) {
	if len(t.primary) == 0 {
		return
	}
	if p.Unsure == nil {
		p.Unsure = &dirsync.Unsure{Attribute: strings.ToLower(primaryGroupID)}
	}
	p.Unsure.Groups = true
	if p.Standing != dirsync.Disabled {
		p.Standing = dirsync.Unreadable
	}
}
