package engine

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	dirsync "duosync/sync"
	"duosync/sync/assembly"
	"duosync/sync/decide"
	"duosync/sync/mapping"
	"duosync/sync/printed"
)

// A claim is an operation that wants a name: a create, a recreate, a rename, or
// one that adds an alias.
type claim struct {
	*decide.Subject
	op    *dirsync.Op
	name  string // folded
	alias bool
}

// stands reports whether the operation still wants the name.
func (c *claim) stands() bool {
	switch {
	case !slices.Contains(c.Ops, c.op):
		return false
	case c.alias:
		return slices.Contains(c.op.Claims(), c.name)
	case c.op.Action == dirsync.Adopt:
		return false // settled
	}
	return dirsync.FoldName(c.op.Name()) == c.name
}

// mayBeAdopted reports whether the holder of the name may become the claimant's.
func (c *claim) mayBeAdopted() bool {
	return c.Link == nil && !c.alias && c.op.Action == dirsync.Create
}

// naming is who holds, gives up and wants which name in Duo.
type naming struct {
	*deciding
	holders  map[string]*dirsync.Account // by folded name
	users    map[string]dirsync.SourceID // people who are ours, by Duo user_id
	subjects map[dirsync.SourceID]*decide.Subject
	given    map[string]dirsync.SourceID // names that are given up in this plan
	claimed  []claim                     // all claims
	byName   map[string][]claim          // the same, see wanting
	handed   map[*decide.Subject]bool    // missing people whose user goes to somebody else
}

// settleClaims looks at who holds each wanted name in Duo. A name that nobody
// holds is free; one that a person of ours gives up in this plan is freed
// first; anybody else who holds it makes a conflict, or is adopted.
func (d *deciding) settleClaims(ctx context.Context) error {
	claims := d.claims()
	holders, err := d.holders(ctx, claims)
	if err != nil {
		return err
	}
	n := &naming{deciding: d, holders: holders, users: map[string]dirsync.SourceID{}, subjects: map[dirsync.SourceID]*decide.Subject{},
		given: map[string]dirsync.SourceID{}, handed: map[*decide.Subject]bool{}}
	if len(holders) > 0 {
		n.users = d.snap.byUser()
		for _, s := range d.subjects {
			n.subjects[s.ID] = s
		}
	}
	for _, c := range claims {
		if holder := holders[c.name]; holder != nil && n.users[holder.ID] == "" && c.Link == nil && !c.alias {
			d.strangers++
		}
	}
	d.dropIdle(holders)
	for _, s := range d.subjects {
		for _, op := range s.Ops {
			for _, name := range op.Gives() {
				n.given[name] = s.ID
			}
		}
	}
	claims = d.claims()
	n.claimed = claims
	// A claim that is dropped may take away the rename on which another one
	// counts: that one is looked at again.
	for len(claims) > 0 {
		claims = append(claims[1:], n.settle(claims[0])...)
	}
	d.subjects = slices.DeleteFunc(d.subjects, func(s *decide.Subject) bool { return n.handed[s] })
	return nil
}

// claims lists the operations that want a name, in order.
func (d *deciding) claims() []claim {
	claims := make([]claim, 0, len(d.subjects))
	for _, s := range d.subjects {
		for _, op := range s.Ops {
			if op.Blocked != "" {
				continue
			}
			for _, name := range op.Claims() {
				claims = append(claims, claim{Subject: s, op: op, name: name, alias: name != dirsync.FoldName(op.Name())})
			}
		}
	}
	return claims
}

// holders gives the Duo user that holds each claimed name, by folded name.
func (d *deciding) holders(ctx context.Context, claims []claim) (map[string]*dirsync.Account, error) {
	wanted := map[string]bool{}
	for _, c := range claims {
		if d.fresh.names == nil || d.fresh.names[hashName(c.name)] {
			wanted[c.name] = true
		}
		if c.op.Action == dirsync.Update {
			if former, ok := assembly.FormerName(dirsync.FoldName(c.op.Username), c.op.User); ok {
				wanted[former] = true
			}
		}
	}
	if len(wanted) == 0 {
		return nil, nil
	}
	d.phase("confirm")
	accounts, err := d.Target.Find(ctx, slices.Sorted(maps.Keys(wanted)))
	if err != nil {
		return nil, fmt.Errorf("looking names up in Duo (%d): %w", len(wanted), err)
	}
	slices.SortFunc(accounts, func(a, b dirsync.Account) int { return strings.Compare(a.ID, b.ID) })
	holders := map[string]*dirsync.Account{}
	for i := range accounts {
		for _, name := range accounts[i].Names() {
			if wanted[name] && holders[name] == nil {
				holders[name] = &accounts[i]
			}
		}
	}
	return holders, nil
}

// dropIdle drops the creation of people who are disabled in the directory and
// whose name is free: it was there only to find out whether there is somebody to
// adopt, and to disable.
func (d *deciding) dropIdle(holders map[string]*dirsync.Account) {
	for _, s := range d.subjects {
		if s.Idle && !s.Inherits && len(s.Ops) == 1 && holders[s.Want.Name()] == nil {
			s.Ops, s.Skipped = nil, dirsync.SkippedLocked
		}
	}
}

// wanting gives the claims to a name. Few runs ask, so all are put in order only then.
func (n *naming) wanting(name string) []claim {
	if n.byName == nil {
		n.byName = map[string][]claim{}
		for _, c := range n.claimed {
			n.byName[c.name] = append(n.byName[c.name], c)
		}
	}
	return n.byName[name]
}

// settle settles one claim, and gives those that are to be looked at again for it.
func (n *naming) settle(c claim) (again []claim) {
	holder := n.holders[c.name]
	if c.Inherits && !c.alias && c.op.Action == dirsync.Create && c.stands() {
		n.settleHeir(c, holder)
		return nil
	}
	if holder == nil || !c.stands() {
		return nil // free, or settled already
	}
	if c.Link != nil && holder.ID == c.Link.User || c.op.Action == dirsync.Adopt && holder.ID == c.op.User {
		if c.alias && dirsync.FoldName(holder.Username) == c.name && !c.op.Renames() {
			c.cutAlias() // it stays the username, under which the user is found
		}
		return nil // the user's own: given up first
	}
	owner, ours := n.users[holder.ID]
	former := n.subjects[owner] // nil where the user was handed over
	switch {
	case ours && n.given[c.name] == owner: // given up in this plan
	case ours && n.found.gone[owner] && c.mayBeAdopted() && n.adopts(c.Want) && canHandOver(c, holder, former):
		n.adopt(c, holder, owner, former)
		if former != nil {
			n.handed[former] = true
			delete(n.subjects, owner)
		}
	case !ours && c.mayBeAdopted() && n.mayAdopt(c.Want, holder):
		n.adopt(c, holder, "", nil)
	default:
		before := c.op.Gives()
		n.dropClaim(c, holder, owner, former, n.holders)
		for _, name := range dirsync.Without(before, c.op.Gives()) {
			delete(n.given, name)
			again = append(again, n.wanting(name)...)
		}
	}
	return again
}

// settleHeir hands the user of a missing person over to their new entry, by whatever name
// Duo has it now. Where that can't be, nobody is created: it stays undecided.
func (n *naming) settleHeir(c claim, holder *dirsync.Account) {
	former := c.Ancestor
	user, why := former.HandOver(holder)
	if why != "" {
		former.Hindered = why
		c.Ops = slices.DeleteFunc(c.Ops, func(o *dirsync.Op) bool { return o == c.op })
		return
	}
	n.adopt(c, user, former.ID, former)
	n.handed[former] = true
	delete(n.subjects, former.ID)
}

// canHandOver reports whether the user of a missing person can go to the person
// who claims its name: not one that others sync or have put into the Trash.
func canHandOver(c claim, holder *dirsync.Account, former *decide.Subject) bool {
	if holder.Synced || dirsync.FoldName(holder.Username) != c.name {
		return false
	}
	return holder.Status != dirsync.StatusPendingDeletion || former != nil && former.Link.Missing != nil && former.Link.Missing.Step == dirsync.Trash
}

func (r *run) mayAdopt(want *mapping.Desired, holder *dirsync.Account) bool {
	if holder.Synced || holder.Status == dirsync.StatusPendingDeletion || dirsync.FoldName(holder.Username) != want.Name() {
		return false
	}
	switch email := want.Fields[dirsync.FieldEmail]; {
	case r.adopts(want), r.Rules.Existing == decide.ExistingAdopt:
		return true
	case r.Rules.Existing == decide.ExistingAdoptIfEmailMatches:
		return email != "" && strings.EqualFold(email, holder.Email)
	}
	return false
}

// adopt turns a create into the adoption of the user who holds the name. Each
// field that it overwrites stands in the changes. A status is not
// raised, but for a user whom we had disabled ourselves.
// owner is the missing person whose link the user had, if there was one, and former what
// was decided of that person, if anything.
func (d *deciding) adopt(c claim, holder *dirsync.Account, owner dirsync.SourceID, former *decide.Subject) {
	op := dirsync.Op{Action: dirsync.Adopt, Username: holder.Username, Source: c.ID, User: holder.ID, Reason: "adopted: a Duo user of this name exists",
		Asked: c.op.Asked}
	mark, disabledByUs := c.Want.Mark, false
	byOthers := mark == nil || mark.User == holder.ID && mark.Before == dirsync.StatusDisabled
	if owner != "" {
		op.Reason = fmt.Sprintf("adopted: the user was %s's, who is missing from the directory", owner)
		op.From = owner
	}
	if from, to := d.Rules.Directories.Of(owner), d.Rules.Directories.Of(c.ID); former != nil && c.Ancestor == former && from != to {
		op.Reason = fmt.Sprintf("moved from the directory %s to %s: the same human, who was %s", from, to, owner)
		op.Origin = former.Link.Origin
	}
	if former != nil {
		link := former.Link
		op.Takes = &link.Belongings
		disabledByUs = link.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled && !link.ByHand
		byOthers = mark == nil || decide.WasByOthers(link, mark)
	}
	for _, field := range dirsync.FieldNames {
		value, ours := c.Want.Fields[field]
		held := holder.Field(field)
		ourDoing := disabledByUs && (held == dirsync.StatusDisabled || held == dirsync.StatusPendingDeletion)
		raises := field == dirsync.FieldStatus && value != dirsync.StatusDisabled && !ourDoing
		if !ours || raises || decide.SameValue(field, held, value) {
			continue
		}
		op.Changes = append(op.Changes, dirsync.Change{Field: field, Before: held, After: value})
	}
	op.ByHand = holder.Status == dirsync.StatusDisabled && !disabledByUs && byOthers && c.Want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled
	if want, ours := c.Want.Fields[dirsync.FieldAliases]; ours {
		op.Changes = append(op.Changes, decide.AdoptedAliases(holder, want)...)
	}
	*c.op = op // the claims on its aliases go on
	c.Holder = holder
}

// dropClaim gives a claim up and says who is in the way. All else about the
// person goes on.
func (d *deciding) dropClaim(c claim, holder *dirsync.Account, owner dirsync.SourceID, former *decide.Subject, holders map[string]*dirsync.Account) {
	taken := decide.Taken{Name: c.name, Alias: c.alias, Holder: holder, Owner: owner, Gone: d.found.gone[owner], Former: former}
	why, adoptable := taken.Words()
	if adoptable {
		words := []string{"sync", "--adopt", c.name}
		if d.snap.known.Len() == 0 && d.strangers > d.policy().Limits.Floor {
			words = slices.Insert(words, 1, "--only", c.name) // guard state_lost may hold any other run
		}
		c.Remedy = printed.Command(d.Flags, words...)
	}
	if c.alias {
		d.dropAlias(c, holder, why)
		return
	}
	c.Problem = why
	if former, ok := assembly.FormerName(dirsync.FoldName(c.op.Username), c.op.User); ok && c.op.Action == dirsync.Update && c.name != former && holders[former] == nil {
		c.op.Reason = "goes back to the former name, for the ring of names broke"
		c.op.Ask(dirsync.FieldUsername, former)
		for i := range c.op.Changes {
			if c.op.Changes[i].Field == dirsync.FieldUsername {
				c.op.Changes[i].After = former
			}
		}
		return
	}
	c.op.Changes = slices.DeleteFunc(c.op.Changes, func(change dirsync.Change) bool { return change.Field == dirsync.FieldUsername })
	c.op.Unask(dirsync.FieldUsername)
	if c.op.Action == dirsync.Create || c.op.Action == dirsync.Recreate || len(c.op.Changes) == 0 {
		c.Ops = slices.DeleteFunc(c.Ops, func(o *dirsync.Op) bool { return o == c.op })
	}
}

// dropAlias gives the claim of an alias up. A user who does not exist yet is not
// created without it; to all others the rest is done.
func (d *deciding) dropAlias(c claim, holder *dirsync.Account, why string) {
	c.TellProblem("the alias %s is not free: %s", dirsync.Quote(c.name), why)
	if c.op.Action == dirsync.Create || c.op.Action == dirsync.Recreate {
		c.Ops = slices.DeleteFunc(c.Ops, func(o *dirsync.Op) bool { return o == c.op })
		return
	}
	c.cutAlias()
}

// cutAlias takes an alias out of the operation.
func (c *claim) cutAlias() {
	change := c.op.Change(dirsync.FieldAliases)
	change.After = dirsync.ListOf(slices.DeleteFunc(dirsync.Items(change.After), func(alias string) bool { return dirsync.FoldName(alias) == c.name }))
	c.op.Unask(dirsync.FieldAliases)
	if change.After == change.Before {
		c.op.Drop(dirsync.FieldAliases)
	}
	if len(c.op.Changes) == 0 && c.op.Action == dirsync.Update {
		c.Ops = slices.DeleteFunc(c.Ops, func(o *dirsync.Op) bool { return o == c.op })
	}
}
