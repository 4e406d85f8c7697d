package decide

import (
	"slices"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
)

// Behind one name there may be several servers, and one of them may lag. After a
// switch, what a read gives to somebody waits until a second one in a row gives the
// same, whoever answers; what it takes by a lock, or out of a group, goes at once; a
// removal waits until two in a row miss the person.

// offerGroups is the key of joins in Link.Offered.
const offerGroups = dirsync.FieldGroups

// PutOff keeps back what was not offered before.
func (s *Subject) PutOff(offered dirsync.Fields) {
	waits := dirsync.Fields{}
	var kept []*dirsync.Op
	for _, o := range s.Ops {
		switch {
		case o.Blocked != "", o.Action == dirsync.Disable:
			kept = append(kept, o)
		case o.Action == dirsync.Update:
			putOffOp(o, offered, waits)
			if len(o.Changes) > 0 {
				kept = append(kept, o)
			}
		default:
			status := o.After()[dirsync.FieldStatus]
			if was, ok := offered[dirsync.FieldStatus]; ok && was == status || status == "" {
				kept = append(kept, o)
				continue
			}
			waits[dirsync.FieldStatus] = status
		}
	}
	s.Ops = kept
	if len(waits) == 0 {
		return
	}
	s.Next.Offered = waits
	if _, status := waits[dirsync.FieldStatus]; status && s.Link.Missing != nil {
		s.Next.Missing = whileOut(s.Link)
	}
	s.Warn("%s: what another server offers waits for one more complete read", s.Username())
}

// putOff takes out of an update what gives, or changes, and was not offered before.
func putOffOp(o *dirsync.Op, offered, waits dirsync.Fields) {
	var fields []string
	for _, c := range o.Changes {
		if !dirsync.IsList(c.Field) && offered[c.Field] != c.After {
			fields = append(fields, c.Field)
			waits[c.Field] = c.After
		}
	}
	var joins []dirsync.Membership
	known := dirsync.Items(offered[offerGroups])
	for _, m := range o.Joins {
		if !slices.Contains(known, m.Name) {
			joins = append(joins, m)
		}
	}
	if len(joins) > 0 {
		names := make([]string, 0, len(o.Joins))
		for _, m := range o.Joins {
			names = append(names, m.Name)
		}
		waits[offerGroups] = dirsync.ListOf(names)
	}
	half := assembly.UpdateOf(o, dirsync.Change{}, "")
	half.Changes = nil
	for _, field := range fields {
		assembly.MoveField(half, o, field)
	}
	assembly.MoveGroups(half, o, joins, nil, false)
	given := false
	for _, field := range []string{dirsync.FieldAliases, dirsync.FieldPhones} {
		if c := o.Change(field); c != nil && len(dirsync.Without(dirsync.Items(c.After), dirsync.Items(c.Before))) > 0 && offered[field] != c.After {
			waits[field], given = c.After, true
		}
	}
	assembly.MoveItems(half, o, &assembly.Part{Gives: given}, false)
}
