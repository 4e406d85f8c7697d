package dirsync

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A claim is an operation that wants a name: a create, a recreate or a rename.
type claim struct {
	*subject
	op   *Op
	name string // folded
}

// settleClaims looks at who holds each wanted name in Duo. A name that nobody
// holds is free; one that a person of ours gives up in this plan is freed
// first; anybody else who holds it makes a conflict, or is adopted.
func (r *runner) settleClaims(ctx context.Context) error {
	claims := r.claims()
	holders, err := r.holders(ctx, claims)
	if err != nil {
		return err
	}
	r.held = 0
	users := map[string]SourceID{}
	if len(holders) > 0 {
		users = r.snap.byUser()
	}
	for _, c := range claims {
		if holder := holders[c.name]; holder != nil && users[holder.ID] == "" && c.link == nil {
			r.held++
		}
	}
	r.dropIdle(holders)
	claims = r.claims()
	givers := map[SourceID]bool{}   // who gives a name up in this plan
	wanting := map[string][]claim{} // by name
	for _, c := range claims {
		wanting[c.name] = append(wanting[c.name], c)
		if c.op.Action == Update {
			givers[c.id] = true
		}
	}
	// A claim that is dropped may take away the rename on which another one
	// counts: that one is looked at again.
	for len(claims) > 0 {
		c := claims[0]
		claims = claims[1:]
		holder := holders[c.name]
		if holder == nil || c.link != nil && holder.ID == c.link.User || !slices.Contains(c.ops, c.op) || FoldName(c.op.Name()) != c.name {
			continue // free, or settled already
		}
		owner, ours := users[holder.ID]
		switch {
		case ours && givers[owner] && FoldName(holder.Username) == c.name: // given up in this plan
		case ours && r.gone[owner] && c.link == nil && r.adopts(c.want) && r.canHandOver(c, holder, owner):
			r.adopt(c, holder, owner)
		case !ours && c.link == nil && r.mayAdopt(c.want, holder):
			r.adopt(c, holder, "")
		default:
			kept := FoldName(c.op.Username)
			r.dropClaim(c, holder, owner, holders)
			delete(givers, c.id)
			claims = append(claims, wanting[kept]...)
		}
	}
	return nil
}

// dropIdle drops the creation of people who are disabled in the directory and
// whose name is free: it was there only to find out whether there is somebody to
// adopt, and to disable.
func (r *runner) dropIdle(holders map[string]*Account) {
	for _, s := range r.subjects {
		if s.idle && len(s.ops) == 1 && holders[s.want.name()] == nil {
			s.ops, s.skipped = nil, true
		}
	}
}

// canHandOver reports whether the user of a missing person can go to the person
// who claims its name: not one that others sync or have put into the Trash.
func (r *runner) canHandOver(c claim, holder *Account, owner SourceID) bool {
	if holder.Synced || FoldName(holder.Username) != c.name {
		return false
	}
	return holder.Status != StatusPendingDeletion || slices.ContainsFunc(r.subjects, func(s *subject) bool {
		return s.id == owner && s.link.Missing != nil && s.link.Missing.Step == Trash
	})
}

// claims lists the operations that want a name, in order.
func (r *runner) claims() []claim {
	var claims []claim
	for _, s := range r.subjects {
		for _, op := range s.ops {
			if op.Blocked != "" {
				continue
			}
			switch op.Action {
			case Create, Recreate:
				claims = append(claims, claim{s, op, s.want.name()})
			case Update, Restore:
				if name := FoldName(op.Name()); name != FoldName(op.Username) {
					claims = append(claims, claim{s, op, name})
				}
			}
		}
	}
	return claims
}

// holders gives the Duo user that holds each claimed name, by folded name.
func (r *runner) holders(ctx context.Context, claims []claim) (map[string]*Account, error) {
	wanted := map[string]bool{}
	for _, c := range claims {
		if r.names == nil || r.names[hashName(c.name)] {
			wanted[c.name] = true
		}
		if c.op.Action == Update {
			if former, ok := formerName(FoldName(c.op.Username), c.op.User); ok {
				wanted[former] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	r.phase("confirm")
	accounts, err := r.engine.Target.Find(ctx, slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		return nil, fmt.Errorf("looking up %d names in Duo: %w", len(wanted), err)
	}
	holders := map[string]*Account{}
	for i := range accounts {
		for _, name := range accounts[i].Names() {
			if wanted[name] && holders[name] == nil {
				holders[name] = &accounts[i]
			}
		}
	}
	return holders, nil
}

// adopts reports whether the run was asked to adopt the user of this name.
func (r *runner) adopts(want *desired) bool {
	return r.opts.Adopt != "" && FoldName(r.opts.Adopt) == want.name()
}

func (r *runner) mayAdopt(want *desired, holder *Account) bool {
	if holder.Synced || holder.Status == StatusPendingDeletion || FoldName(holder.Username) != want.name() {
		return false
	}
	switch email := want.fields[FieldEmail]; {
	case r.adopts(want), r.engine.Rules.Existing == ExistingAdopt:
		return true
	case r.engine.Rules.Existing == ExistingAdoptIfEmailMatches:
		return email != "" && strings.EqualFold(email, holder.Email)
	}
	return false
}

// adopt turns a create into the adoption of the user who holds the name. Each
// field that it overwrites stands in the changes. A status is not
// raised, but for a user whom we had disabled ourselves.
// owner is the missing person whose link the user had, if there was one.
func (r *runner) adopt(c claim, holder *Account, owner SourceID) {
	op := Op{Action: Adopt, Username: holder.Username, Source: c.id, User: holder.ID, Reason: "adopted: a Duo user of this name exists",
		Asked: c.op.Asked}
	disabledByUs := false
	if owner != "" {
		op.Reason = fmt.Sprintf("adopted: the user was %s's, who is missing from the directory", owner)
		op.From = owner
		r.subjects = slices.DeleteFunc(r.subjects, func(s *subject) bool {
			if s.id == owner {
				disabledByUs = s.link.Asked[FieldStatus] == StatusDisabled && !s.link.ByHand
			}
			return s.id == owner
		})
	}
	for _, field := range FieldNames {
		value, ours := c.want.fields[field]
		held := holder.Field(field)
		ourDoing := disabledByUs && (held == StatusDisabled || held == StatusPendingDeletion)
		raises := field == FieldStatus && value == StatusActive && !ourDoing
		if !ours || raises || sameValue(field, held, value) {
			continue
		}
		op.Changes = append(op.Changes, Change{Field: field, Before: held, After: value})
	}
	op.ByHand = holder.Status == StatusDisabled && !disabledByUs && c.want.fields[FieldStatus] == StatusDisabled
	c.ops = slices.DeleteFunc(c.ops, func(o *Op) bool { return o == c.op })
	c.ops = append(c.ops, &op)
}

// dropClaim gives a claim up and says who is in the way. All else about the
// person goes on.
func (r *runner) dropClaim(c claim, holder *Account, owner SourceID, holders map[string]*Account) {
	var why string
	switch {
	case owner != "" && r.gone[owner]:
		why = fmt.Sprintf("the name belonged to another person (id %s), who is missing from the directory; if it is the same human, adopt the Duo user with --adopt", owner)
	case owner != "":
		why = fmt.Sprintf("another person of ours (id %s) holds the name in Duo", owner)
	case holder.Synced:
		why = "a user of this name exists in Duo and is managed by Duo's own directory sync"
	case holder.Status == StatusPendingDeletion:
		why = "a user of this name lies in Duo's Trash; restore or purge it in the Duo Admin Panel"
	case FoldName(holder.Username) != c.name:
		why = fmt.Sprintf("the name is an alias of the Duo user %s", Quote(holder.Username))
	default:
		why = "a user of this name exists in Duo and is not ours; adopt it with --adopt, or set sync.existing"
	}
	c.problem = why
	if former, ok := formerName(FoldName(c.op.Username), c.op.User); ok && c.op.Action == Update && c.name != former && holders[former] == nil {
		c.op.Reason = "goes back to the former name, for the ring of names broke"
		c.op.Asked[FieldUsername] = former
		for i := range c.op.Changes {
			if c.op.Changes[i].Field == FieldUsername {
				c.op.Changes[i].After = former
			}
		}
		return
	}
	c.op.Changes = slices.DeleteFunc(c.op.Changes, func(change Change) bool { return change.Field == FieldUsername })
	delete(c.op.Asked, FieldUsername)
	if c.op.Action == Create || c.op.Action == Recreate || len(c.op.Changes) == 0 {
		c.ops = slices.DeleteFunc(c.ops, func(o *Op) bool { return o == c.op })
	}
}
