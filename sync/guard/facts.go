package guard

import (
	"time"

	dirsync "duosync/sync"
	"duosync/sync/mapping"
)

// Facts are all that guards know.
type Facts struct {
	// Plan is what is weighed. Where a guard holds a part of an operation, the operation
	// is split in it.
	Plan   *dirsync.Plan
	People []*Person // whom the run looks at, by id
	Read   *Read
	Doubts *Doubts
	// Before is what the last complete run saw; nil: there was none.
	Before *dirsync.Baseline
	Rules  *mapping.Rules
	Policy Policy
	State  State
	Groups Groups
	Asked  Asked
}

// Policy is what the configuration asks of guards.
type Policy struct {
	Limits dirsync.Limits
	// Scope is the fingerprint of what decides who is in, and Place that of where people
	// are looked for and by which id.
	Scope, Place string
	Narrower     string            // see decide.Rules.Narrower
	Former       map[string]string // see decide.Rules.Former
	Mapping      string            // the digest of the mapping
	Directory    string            // by its name; "" for that of the section ldap
	// Adopts: Duo users of a wanted name become ours.
	Adopts bool
}

// Read is what the run read of the directory.
type Read struct {
	Info  *dirsync.ReadInfo
	Sight *Sight
}

// State is what the snapshot and Duo hold.
type State struct {
	Links     int // persons that are ours
	Active    int // and neither missing, let go nor disabled
	Strangers int // wanted names that users who are not ours hold in Duo
}

// Groups are the Duo groups that mirror the directory's.
type Groups struct {
	Links int               // groups that are ours
	Key   map[string]string // the folded name under which the directory wants a group, by its Duo id
	// Status of Duo's groups, by id; of all where the plan takes somebody out of one.
	Status map[string]string
}

// key gives the folded name under which the directory wants the group of a membership,
// which may have another name there by now.
func (g *Groups) key(m dirsync.Membership) string {
	if key, ok := g.Key[m.ID]; ok {
		return key
	}
	return dirsync.FoldName(m.Name)
}

// Asked is what somebody asked of the run.
type Asked struct {
	Only      bool // it is about one person
	Adopt     bool
	Approvals []dirsync.Approval
	Binding   dirsync.Binding // what approvals are bound to
	Flags     string          // ends the commands that a remedy names
	Started   time.Time
}

// Person is what guards know of one whom the run looks at.
type Person struct {
	ID       dirsync.SourceID
	Username string           // for reports
	Link     *dirsync.Link    // as it was; nil: not ours
	Wanted   *mapping.Desired // nil: missing from the directory's scope
	// Elsewhere: the second look found the entry of a missing person.
	Elsewhere bool
	// Heir is the id of the same human's new entry; "" for none.
	Heir dirsync.SourceID
	// Adopt is the command by which the user goes over to that entry, and Hindered why it
	// can't as it is now; "" where nothing is in the way.
	Adopt, Hindered string
	// NotAccepted: missing, perhaps, for a scope that is not accepted.
	NotAccepted bool
	// Missing is the end of the link's life as it is to be after the run.
	Missing *dirsync.Missing
	Ops     []*dirsync.Op
}

// goes reports whether it counts for a person from this run on that they are missing.
func (p *Person) goes(held map[*dirsync.Op]bool) bool {
	if p.Missing != nil && p.Missing.Approved {
		return true
	}
	for _, o := range p.Ops {
		if o.Missing != nil && !held[o] {
			return true
		}
	}
	return false
}
