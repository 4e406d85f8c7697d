package explanation

import (
	"cmp"
	"fmt"

	dirsync "duosync/sync"
)

// Here is all that explain gives as a reason: each by its word in JSON, and in words.

// Reason is why the next run does nothing in Duo: its word in JSON, and what is said,
// which may leave room for particulars.
type Reason struct {
	Action dirsync.Action
	words  string
}

// The reasons.
var (
	RunFails        = Reason{NextFail, "the run fails before it does anything: %s"}
	Unreadable      = Reason{NextUnknown, "the directory could not be read"}
	Unsettled       = Reason{NextConflict, "%s"}
	Blocked         = Reason{NextFail, "%s"}
	NotDue          = Reason{NextWait, "nothing yet: %s on %s, missing since %s"}
	OneMoreRead     = Reason{NextWait, NotDue.words + "; it is due, and waits one more complete read, since another server answered than last time"}
	Protected       = Reason{NextSkip, "nothing: sync.scope.protect has this username"}
	Locked          = Reason{NextSkip, "not created in Duo while %s in the directory: a licence saved"}
	InShadow        = Reason{NextSkip, "nothing: %s of an earlier directory has the name, and counts"}
	Undecided       = Reason{NextNone, "nothing, until a human has decided whether this is the same person as under the id %s (ids_changed)"}
	Excluded        = Reason{NextSkip, "nothing: excluded by %s"}
	Stranger        = Reason{NextNone, "nothing: duosync touches no Duo user that it did not make or adopt"}
	OutsideNotOurs  = Reason{NextNone, "nothing: not in scope, and no Duo user is ours"}
	Forgotten       = Reason{NextNone, "nothing is left to do in Duo; duosync forgets the person"}
	LetGo           = Reason{NextNone, "nothing: the user was released"}
	Kept            = Reason{NextNone, "nothing: %s leaves the Duo user as it is"}
	AllStepsDone    = Reason{NextNone, "nothing: all that %s asks for has been done"}
	NeedsHuman      = Reason{NextNone, "nothing, until a human acts: %s"}
	ChangedByOthers = Reason{NextNone, "nothing yet: in step with the directory; what was changed in Duo is looked at when all of Duo is read again"}
	KeptDisabled    = Reason{NextNone, "nothing: kept disabled by duosync disable, whatever the directory says"}
	InStep          = Reason{NextNone, "nothing: in step with the directory"}
)

// Because says why the next run does nothing in Duo, with the particulars.
func (n *Next) Because(why Reason, particulars ...any) {
	n.Action, n.Reason = why.Action, fmt.Sprintf(why.words, particulars...)
}

// Place is why somebody is in scope or out of it: the key that decides, and what is
// said, which may leave room for particulars.
type Place struct {
	in          bool
	Rule, words string
}

// The places.
var (
	LeftAlone       = Place{false, excludeUsers, "excluded by " + excludeUsers + "; left alone, in the directory or not"}
	NotGiven        = Place{false, users, "out: ldap.users (base_dns, scope, filter) does not give this entry"}
	NotThere        = Place{false, users, "out: not in the directory"}
	ExcludedByGroup = Place{false, excludeGroups, "excluded: in %s of " + excludeGroups + "; left alone, what is ours stays ours"}
	ExcludedByName  = Place{false, excludeUsers, "excluded by %s in " + excludeUsers + "; left alone, what is ours stays ours"}
	InNoGroup       = Place{false, includeGroups, "out: in none of the groups of " + includeGroups + " (%s)"}
	InButProtected  = Place{true, "sync.scope.protect", "in, but protected by sync.scope.protect: never touched"}
	InByGroup       = Place{true, includeGroups, "in, by the group %s of " + includeGroups}
	InAsAll         = Place{true, users, "in, as is everybody whom ldap.users gives"}
)

const (
	users         = "ldap.users"
	includeGroups = "sync.scope.include_groups"
	excludeGroups = "sync.scope.exclude_groups"
	excludeUsers  = "sync.scope.exclude_users"
)

// At says where somebody stands. item is the part of the key's value that decides, ""
// for none.
func (s *ScopeStand) At(p Place, item string, particulars ...any) {
	*s = ScopeStand{In: p.in, Rule: p.Rule, Item: item, Reason: fmt.Sprintf(p.words, particulars...)}
}

// Excluded reports whether a rule of exclusion decides.
func (s *ScopeStand) Excluded() bool { return s.Rule == excludeUsers || s.Rule == excludeGroups }

// Holding is why operations are kept back, or let through: the kind of hold, and what is
// said, which leaves room for particulars.
type Holding struct{ kind, words string }

// The holdings that do not come of a guard.
var (
	PausedSince   = Holding{HoldPaused, "writing to Duo is paused since %s%s; `duosync resume` lets it go on"}
	ApprovedUntil = Holding{HoldApproved, "approved: %s lets this through, once, until %s"}
	DisabledSince = Holding{HoldDisabled, "kept disabled since %s by %s (%s), whatever the directory says; `duosync enable %s` ends that"}
)

// With gives the hold with its particulars.
func (h Holding) With(particulars ...any) Hold {
	return Hold{Kind: h.kind, Reason: fmt.Sprintf(h.words, particulars...)}
}

// actions are said to somebody who does not know the words of the report: what is to
// come, and what was done.
var actions = map[dirsync.Action]struct{ toCome, done string }{
	dirsync.Create:      {toCome: "to be created in Duo"},
	dirsync.Recreate:    {toCome: "to be created in Duo anew"},
	dirsync.Update:      {toCome: "to be updated in Duo"},
	dirsync.Disable:     {"to be disabled in Duo", "disabled"},
	dirsync.Enable:      {toCome: "to be enabled in Duo"},
	dirsync.Restore:     {toCome: "to be taken out of Duo's Trash"},
	dirsync.Trash:       {"to be put into Duo's Trash", "put into Duo's Trash"},
	dirsync.Delete:      {"to be deleted from Duo for good", "deleted"},
	dirsync.Adopt:       {toCome: "to be adopted: the Duo user becomes ours"},
	dirsync.Release:     {toCome: "to be released: the Duo user is ours no more"},
	dirsync.PhoneDelete: {toCome: "phones to be deleted from Duo"},
	dirsync.EnrollMail:  {toCome: "to get Duo's enrollment mail"},
}

func toCome(action dirsync.Action) string { return cmp.Or(actions[action].toCome, string(action)) }

func done(action dirsync.Action) string { return cmp.Or(actions[action].done, string(action)) }

// lettingGo says why a user was let go.
var lettingGo = map[string]string{
	dirsync.LetGoSynced:  "released: Duo's own directory sync manages this user",
	dirsync.LetGoTrashed: "released: somebody else put the user into Duo's Trash",
	dirsync.LetGoDeleted: "released: somebody else deleted the user in Duo",
}

// ManagedByDuo is why a user that Duo's own directory sync keeps is left alone.
const ManagedByDuo = "managed by Duo's own directory sync"

// lockedOut says why Duo has locked a user out: in Duo's words, where it gives them.
func lockedOut(reason string) string {
	switch reason {
	case "":
		return "after too many failed logins as a rule"
	case dirsync.NotEnrolled:
		return "for the person has not enrolled; nobody tampered, and enrolling ends it"
	}
	return "with the reason " + dirsync.Quote(reason)
}

// means tells what a status means to whoever logs in. reason is Duo's own of a lockout, ""
// where it has none.
func means(status, reason string) string {
	switch status {
	case dirsync.StatusActive:
		return "Duo asks for a second factor"
	case dirsync.StatusBypass:
		return "Duo lets in without a second factor"
	case dirsync.StatusDisabled:
		return "Duo lets nobody in"
	case dirsync.StatusLockedOut:
		return "by Duo itself, " + lockedOut(reason) + "; an administrator can set it to active in the Duo Admin Panel"
	case dirsync.StatusPendingDeletion:
		return inTrash + ", to be deleted for good"
	}
	return "not known to duosync, and left as it is"
}

// inTrash is said of a user that Duo is about to delete.
const inTrash = "in Duo's Trash"
