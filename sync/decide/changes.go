package decide

import (
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// changes lists the fields, status apart, in which Duo differs from what the
// directory wants, and carries the others over into next.Asked.
func (r *Rules) changes(s *Subject) []dirsync.Change {
	var changes []dirsync.Change
	for _, field := range dirsync.FieldNames {
		value, ours := s.Want.Fields[field]
		if !ours || field == dirsync.FieldStatus {
			continue
		}
		last, known := s.Link.Asked[field]
		held := s.Live.Field(field)
		drifted := held != s.Link.Answered.Field(field)
		unchanged := known && last == value
		switch {
		case field == dirsync.FieldUsername && s.keepsName():
			if known && !drifted { // frozen as it is; drift is mended afterwards
				s.Next.Asked[field] = last
			}
		case SameValue(field, held, value), unchanged && !drifted: // or Duo's own form of it
			s.Next.Asked[field] = value
		case unchanged && r.ReportDrift(field):
			s.Next.Asked[field] = value
			s.Warn("%s: %s was changed in Duo to %s; the configuration asks to report it only", s.Username(), field, dirsync.Quote(held))
		default:
			changes = append(changes, dirsync.Change{Field: field, Before: held, After: value})
			if known && !drifted { // drift: unknown until it is mended
				s.Next.Asked[field] = last
			}
		}
	}
	if c := r.aliasChange(s); c != nil {
		changes = append(changes, *c)
	}
	return changes
}

// noteWithdrawn notes what others have taken away of lists whose drift is reported only, see
// Link.Withdrawn. It is told when it is found.
func (r *Rules) noteWithdrawn(s *Subject) {
	s.Next.Withdrawn = nil
	for _, field := range dirsync.ListFields {
		want, ours := s.Want.Fields[field]
		if !ours || !r.ReportDrift(field) {
			continue
		}
		folded := func(list string) map[string]bool { return dirsync.FoldedSet(dirsync.Items(list)) }
		held, answered := folded(s.Live.Field(field)), folded(s.Link.Answered.Field(field))
		asked, before := folded(s.Link.Asked[field]), folded(s.Link.Withdrawn[field])
		var items, found []string
		for _, item := range dirsync.Items(want) {
			name := dirsync.FoldName(item)
			switch {
			case held[name]:
			case before[name]:
				items = append(items, item)
			case asked[name] && answered[name]:
				items, found = append(items, item), append(found, item)
			}
		}
		if len(items) > 0 {
			s.Next.Withdrawn = withdrawn(s.Next.Withdrawn, field, dirsync.ListOf(items))
		}
		for _, item := range found {
			if field != dirsync.FieldPhones {
				item = dirsync.Quote(item)
			}
			s.Warn(withdrawnWords[field]+"; the configuration asks to report it only", s.Username(), item)
		}
	}
}

// withdrawn adds a field to what was taken away.
func withdrawn(all dirsync.Fields, field, value string) dirsync.Fields {
	more := dirsync.Fields{field: value}
	maps.Copy(more, all)
	return more
}

// withdrawnWords tell, by field, what was taken away: of whom, and what.
var withdrawnWords = map[string]string{
	dirsync.FieldAliases: "%s: the alias %s was taken away in Duo",
	dirsync.FieldGroups:  "%s: was taken out of the group %s in Duo",
	dirsync.FieldPhones:  "%s: the phone %s was taken away in Duo",
}

// IsWithdrawn reports whether an item of a list is not given again, for others have taken it
// away.
func (s *Subject) IsWithdrawn(field, item string) bool {
	return s.Next != nil && dirsync.FoldedSet(dirsync.Items(s.Next.Withdrawn[field]))[dirsync.FoldName(item)]
}

// aliasChange is the change of the aliases, nil where there is none. Aliases that
// others gave the user stay, but for one that becomes the username.
func (r *Rules) aliasChange(s *Subject) *dirsync.Change {
	want, ours := s.Want.Fields[dirsync.FieldAliases]
	asked, known := s.Link.Asked[dirsync.FieldAliases]
	s.Next.Aliases = stillHeld(s.Live, s.Link.Aliases)
	held := dirsync.Items(s.Live.Field(dirsync.FieldAliases))
	wanted, given := dirsync.FoldedSet(dirsync.Items(want)), dirsync.FoldedSet(s.Link.Aliases)
	becomes := ""
	if _, mapped := s.Want.Fields[dirsync.FieldUsername]; mapped && !s.keepsName() && s.Want.Name() != dirsync.FoldName(s.Live.Username) {
		becomes = s.Want.Name()
	}
	var after, missing []string
	have := map[string]bool{}
	for _, alias := range held {
		if name := dirsync.FoldName(alias); name != becomes && (!ours || wanted[name] || !given[name]) {
			after = append(after, alias)
			have[name] = true
		}
	}
	for _, alias := range dirsync.Items(want) {
		if !have[dirsync.FoldName(alias)] && !s.IsWithdrawn(dirsync.FieldAliases, alias) {
			missing = append(missing, alias)
		}
	}
	kept := len(after)
	if s.keepsName() && len(missing) > 0 { // none is given while a name is in question, and what is taken goes
		if known {
			s.Next.Asked[dirsync.FieldAliases] = asked
		}
		if kept == len(held) {
			return nil
		}
		return &dirsync.Change{Field: dirsync.FieldAliases, Before: dirsync.ListOf(held), After: dirsync.ListOf(after)}
	}
	switch {
	case len(missing) == 0 && kept == len(held):
		if ours {
			s.Next.Asked[dirsync.FieldAliases] = want
		}
		return nil
	case kept+len(missing) > dirsync.MaxAliases:
		s.TellProblem("Duo holds %d aliases a user at most, and others have given %d; not added: %s", dirsync.MaxAliases, kept, strings.Join(missing, ", "))
		missing = missing[:max(dirsync.MaxAliases-kept, 0)]
		if known {
			s.Next.Asked[dirsync.FieldAliases] = asked
		}
		if len(missing) == 0 && kept == len(held) {
			return nil
		}
	}
	if known && asked != want {
		s.Next.Asked[dirsync.FieldAliases] = asked
	}
	return &dirsync.Change{Field: dirsync.FieldAliases, Before: dirsync.ListOf(held), After: dirsync.ListOf(append(after, missing...))}
}

// AdoptedAliases adds the wanted aliases to those that an adopted user has; nil where
// there is nothing to add, or no room for all of them.
func AdoptedAliases(holder *dirsync.Account, want string) []dirsync.Change {
	held := dirsync.Items(holder.Field(dirsync.FieldAliases))
	have := dirsync.FoldedSet(holder.Names())
	after := held
	for _, alias := range dirsync.Items(want) {
		if !have[dirsync.FoldName(alias)] {
			after = append(after, alias)
		}
	}
	if len(after) == len(held) || len(after) > dirsync.MaxAliases {
		return nil
	}
	return []dirsync.Change{{Field: dirsync.FieldAliases, Before: dirsync.ListOf(held), After: dirsync.ListOf(after)}}
}

// keepsName reports whether the user's name stays as it is: another person claims the
// same, or the directory has none that can be one. All else about the person goes on.
func (s *Subject) keepsName() bool { return s.Contested || s.Want.Problem != "" }

// stillHeld leaves of the aliases that we gave those that the user has.
func stillHeld(a *dirsync.Account, aliases []string) []string {
	held := dirsync.FoldedSet(a.Aliases)
	return slices.DeleteFunc(slices.Clone(aliases), func(name string) bool { return !held[name] })
}

// SameValue reports whether Duo takes two values of a field for the same.
func SameValue(field, a, b string) bool {
	if field == dirsync.FieldUsername {
		return dirsync.FoldName(a) == dirsync.FoldName(b)
	}
	return a == b
}

// StillIn leaves of the memberships that we made those that are there. One that
// somebody has ended in Duo, and perhaps made again, is not ours any more.
func StillIn(joined []string, held []dirsync.Membership) []string {
	return slices.DeleteFunc(slices.Clone(joined), func(id string) bool {
		return !slices.ContainsFunc(held, func(m dirsync.Membership) bool { return m.ID == id })
	})
}

// LetGoChanged leaves of the phones that we made those that are still ours. One that is seen
// with another number was changed by others: it is let go, which is told.
func (s *Subject) LetGoChanged(held []dirsync.Phone, own []dirsync.OwnPhone) []dirsync.OwnPhone {
	return slices.DeleteFunc(slices.Clone(own), func(o dirsync.OwnPhone) bool {
		i := slices.IndexFunc(held, func(h dirsync.Phone) bool { return h.ID == o.ID })
		if i < 0 || held[i].Text() == o.Number {
			return false
		}
		kept, _ := dirsync.KeptFor(o, &held[i])
		s.Warn("%s", kept.Text(s.Username()))
		return true
	})
}

// GivesPhones reports whether phones are given to a person by this operation, or
// kept in step at all.
func (r *Rules) GivesPhones(s *Subject, carrier *dirsync.Op) bool {
	switch {
	case len(r.In(s.Want.Directory).Phones.From) == 0, s.Want.Faults[dirsync.FieldPhones] != "":
		return false
	case r.Phones.Always:
		return true
	case carrier != nil && (carrier.Action == dirsync.Create || carrier.Action == dirsync.Recreate):
		return true
	}
	return s.Link != nil && slices.Contains(s.Link.Unfinished, dirsync.FieldPhones)
}
