package engine

import (
	dirsync "duosync/sync"
	"duosync/sync/mapping"
	"fmt"
	"strings"
)

// canHandOver reports whether the user of a missing person can go to the person
// who claims its name: not one that others sync or have put into the Trash.
func canHandOver(c claim, holder *dirsync.Account, former *subject) bool {
	if holder.Synced || dirsync.FoldName(holder.Username) != c.name {
		return false
	}
	return holder.Status != dirsync.StatusPendingDeletion || former != nil && former.link.Missing != nil && former.link.Missing.Step == dirsync.Trash
}

func (r *run) mayAdopt(want *mapping.Desired, holder *dirsync.Account) bool {
	if holder.Synced || holder.Status == dirsync.StatusPendingDeletion || dirsync.FoldName(holder.Username) != want.Name() {
		return false
	}
	switch email := want.Fields[dirsync.FieldEmail]; {
	case r.adopts(want), r.Rules.Existing == ExistingAdopt:
		return true
	case r.Rules.Existing == ExistingAdoptIfEmailMatches:
		return email != "" && strings.EqualFold(email, holder.Email)
	}
	return false
}

// adopt turns a create into the adoption of the user who holds the name. Each
// field that it overwrites stands in the changes. A status is not
// raised, but for a user whom we had disabled ourselves.
// owner is the missing person whose link the user had, if there was one, and former what
// was decided of that person, if anything.
func (d *deciding) adopt(c claim, holder *dirsync.Account, owner dirsync.SourceID, former *subject) {
	op := dirsync.Op{Action: dirsync.Adopt, Username: holder.Username, Source: c.id, User: holder.ID, Reason: "adopted: a Duo user of this name exists",
		Asked: c.op.Asked}
	disabledByUs, byOthers := false, c.want.Mark == nil
	if owner != "" {
		op.Reason = fmt.Sprintf("adopted: the user was %s's, who is missing from the directory", owner)
		op.From = owner
	}
	if former != nil {
		link := former.link
		op.Takes = &link.Belongings
		disabledByUs = link.Asked[dirsync.FieldStatus] == dirsync.StatusDisabled && !link.ByHand
		byOthers = byOthers || wasByOthers(link, true)
	}
	for _, field := range dirsync.FieldNames {
		value, ours := c.want.Fields[field]
		held := holder.Field(field)
		ourDoing := disabledByUs && (held == dirsync.StatusDisabled || held == dirsync.StatusPendingDeletion)
		raises := field == dirsync.FieldStatus && value != dirsync.StatusDisabled && !ourDoing
		if !ours || raises || sameValue(field, held, value) {
			continue
		}
		op.Changes = append(op.Changes, dirsync.Change{Field: field, Before: held, After: value})
	}
	op.ByHand = holder.Status == dirsync.StatusDisabled && !disabledByUs && byOthers && c.want.Fields[dirsync.FieldStatus] == dirsync.StatusDisabled
	if want, ours := c.want.Fields[dirsync.FieldAliases]; ours {
		op.Changes = append(op.Changes, adoptedAliases(holder, want)...)
	}
	*c.op = op // the claims on its aliases go on
	c.holder = holder
}

// adoptedAliases adds the wanted aliases to those that an adopted user has.
func adoptedAliases(holder *dirsync.Account, want string) []dirsync.Change {
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
