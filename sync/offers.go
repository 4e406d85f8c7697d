package dirsync

import (
	"context"
	"fmt"
	"slices"
)

// Behind one name there may be several servers, and one of them may lag. After a
// switch, what a read gives to somebody waits until a second one in a row gives the
// same, whoever answers; what it takes by a lock, or out of a group, goes at once; a
// removal waits until two in a row miss the person.

// offerGroups is the key of joins in Link.Offered.
const offerGroups = FieldGroups

// hasSwitched reports whether another server answered than at the last complete read,
// or the same one as it was before.
func (r *runner) hasSwitched(info *ReadInfo) bool {
	before := r.meta.Baseline
	if before == nil {
		return false
	}
	ref := r.reference()
	if ref.Identity == "" { // of a state of the first version
		return before.Server != info.Server && slices.Contains(r.engine.Rules.Servers, before.Server)
	}
	back := ref.Marker.Behind(ref.Furthest) && !info.Marker.Behind(ref.Furthest) // from one that lags
	return ref.Identity != info.Identity || info.Marker.Behind(ref.Marker) || back
}

// waitsForRead reports whether a removal waits for one more complete read.
func (s *subject) waitsForRead(switched bool, now Missing) bool {
	return switched && now.Reads < enoughReads
}

// putOff keeps back, after a switch, what gives something that the last read did not
// offer.
func (r *runner) putOff(ctx context.Context) error {
	if !r.switched {
		return nil
	}
	for _, s := range r.subjects {
		if s.link == nil || s.want == nil || s.next == nil || s.want.mark != nil {
			continue
		}
		if r.opts.Only != "" {
			again, err := r.offeredAgain(ctx, s)
			if err != nil {
				return err
			}
			if again {
				continue
			}
		}
		s.putOff(s.link.Offered)
	}
	return nil
}

// offeredAgain looks for one person once more on the same connection, which counts as
// the second read.
func (r *runner) offeredAgain(ctx context.Context, s *subject) (bool, error) {
	found, err := r.engine.Source.Lookup(ctx, []SourceID{s.id})
	if err != nil {
		return false, fmt.Errorf("looking again for %s: %w", s.username(), err)
	}
	where := found[s.id]
	if where.Person == nil || !r.engine.Rules.selected(where.Person) {
		return false, nil
	}
	want := r.engine.Rules.desire(where.Person)
	return want.fields.Hash() == s.want.fields.Hash(), nil
}

// putOff keeps back what was not offered before.
func (s *subject) putOff(offered Fields) {
	waits := Fields{}
	var kept []*Op
	for _, o := range s.ops {
		switch {
		case o.Blocked != "", o.Action == Disable:
			kept = append(kept, o)
		case o.Action == Update:
			o.putOff(offered, waits)
			if len(o.Changes) > 0 {
				kept = append(kept, o)
			}
		default:
			status := o.After()[FieldStatus]
			if was, ok := offered[FieldStatus]; ok && was == status || status == "" {
				kept = append(kept, o)
				continue
			}
			waits[FieldStatus] = status
		}
	}
	s.ops = kept
	if len(waits) == 0 {
		return
	}
	s.next.Offered = waits
	if _, status := waits[FieldStatus]; status && s.link.Missing != nil {
		s.next.Missing = s.link.whileOut()
	}
	s.warn("%s: what another server offers waits for one more complete read", s.username())
}

// putOff takes out of an update what gives, or changes, and was not offered before.
func (o *Op) putOff(offered, waits Fields) {
	var fields []string
	for _, c := range o.Changes {
		if !IsList(c.Field) && offered[c.Field] != c.After {
			fields = append(fields, c.Field)
			waits[c.Field] = c.After
		}
	}
	var joins []Membership
	known := Items(offered[offerGroups])
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
		waits[offerGroups] = ListOf(names)
	}
	half := o.part(Change{}, "")
	half.Changes = nil
	for _, field := range fields {
		half.moveField(o, field)
	}
	half.moveGroups(o, joins, nil, false)
	given := false
	for _, field := range []string{FieldAliases, FieldPhones} {
		if c := o.Change(field); c != nil && len(without(Items(c.After), Items(c.Before))) > 0 && offered[field] != c.After {
			waits[field], given = c.After, true
		}
	}
	half.moveItems(o, &part{gives: given}, false)
}
