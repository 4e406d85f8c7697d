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
	Reads  []*Read   // of each directory
	Doubts *Doubts
	// Moved are people who were read, though their user goes over to an entry of an earlier
	// directory.
	Moved map[dirsync.SourceID]dirsync.SourceID
	// Movers are those whose user goes over to an entry of another directory without that
	// somebody asked for it, as they are under their former ids. That they are missing there
	// may be doubted.
	Movers map[dirsync.SourceID]*Person
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
	Limits      dirsync.Limits
	Directories dirsync.Directories
	// Adopts: Duo users of a wanted name become ours.
	Adopts bool
}

// Read is what the run read of one directory.
type Read struct {
	Info  *dirsync.ReadInfo
	Sight *Sight
}

// mover gives who leaves a directory by an operation, if somebody does who is a mover.
func (f *Facts) mover(o *dirsync.Op, directory string) *Person {
	if o.From == "" || f.Policy.Directories.Of(o.From) != directory {
		return nil
	}
	return f.Movers[o.From]
}

// Of gives the read of the directory of that name; nil where it was not read.
func (f *Facts) Of(directory string) *Read {
	for _, read := range f.Reads {
		if read.Info.Directory == directory {
			return read
		}
	}
	return nil
}

// inScope counts the persons in scope, of all directories.
func (f *Facts) inScope() (n int) {
	for _, read := range f.Reads {
		n += read.Sight.InScope
	}
	return n
}

// members counts the persons of a mirrored group, by its folded name in Duo.
func (f *Facts) members(group string) (n int) {
	for _, read := range f.Reads {
		n += read.Sight.Members[group]
	}
	return n
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
	Unaudited error // why the audit file, which is required, can't be written
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
	// NotAccepted: missing, perhaps, for a scope that is not accepted, of which Scope is the
	// fingerprint.
	NotAccepted bool
	Scope       string
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
