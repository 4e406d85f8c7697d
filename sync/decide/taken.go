package decide

import (
	"fmt"

	dirsync "duosync/sync"
)

// Taken is a name that somebody wants and another Duo user holds.
type Taken struct {
	Name   string // folded
	Alias  bool   // it is wanted as an alias
	Holder *dirsync.Account
	Owner  dirsync.SourceID // the person of ours whose user the holder is; "" for nobody
	Gone   bool             // the owner is missing from the directory
	Former *Subject         // the owner, where the run looks at a missing one
}

// Words say who is in the way, and what a human can do about it. adoptable: the holder can
// go over to whoever wants the name, by --adopt.
func (t *Taken) Words() (text string, adoptable bool) {
	byUs := t.Gone && t.Former != nil && trashedByUs(t.Former.Link)
	held := dirsync.FoldName(t.Holder.Username) == t.Name
	var why, advice string
	switch {
	case t.Holder.Synced:
		why, advice = "a user of this name exists in Duo and is managed by Duo's own directory sync", "take the user out of that sync, or the person out of scope"
	case held && t.Holder.Status == dirsync.StatusPendingDeletion && !byUs:
		why, advice = "a user of this name lies in Duo's Trash", "restore or purge it in the Duo Admin Panel"
		if t.Owner != "" {
			why += fmt.Sprintf(", and belonged to another person (id %s)", t.Owner)
			advice = "restored in the Duo Admin Panel, it can be adopted if it is the same human; purged there, a new user is created by the next refresh"
		}
	case t.Owner != "" && !t.Gone:
		why, advice = fmt.Sprintf("another person of ours (id %s) holds the name in Duo", t.Owner), "give one of the two another name in the directory, or settle what keeps that person under the old one"
	case !held:
		why, advice = fmt.Sprintf("the name is an alias of the Duo user %s", dirsync.Quote(t.Holder.Username)), "take the alias away in Duo, or give the person another name"
	case t.Alias:
		why = fmt.Sprintf("it is the username of a Duo user with status %s", dirsync.Quote(t.Holder.Status))
	case t.Gone:
		why, advice, adoptable = fmt.Sprintf("the name belonged to another person (id %s), who is missing from the directory", t.Owner), "if it is the same human, adopt the Duo user with --adopt", true
	default:
		why, advice, adoptable = "a user of this name exists in Duo and is not ours", "adopt it with --adopt, or set sync.existing", true
	}
	switch {
	case t.Alias && t.Owner != "" && !t.Gone:
		advice = "take it out of one of the two in the directory"
	case t.Alias:
		advice = "take it out of the directory, or away from that user in Duo"
	}
	return why + "; " + advice, adoptable
}

// trashedByUs reports whether we have put a missing person's user into the Trash.
func trashedByUs(l *dirsync.Link) bool { return l.Missing != nil && l.Missing.Step == dirsync.Trash }
