package dirsync

import "time"

// Origin says how a link came to be.
type Origin string

// Created users may be deleted; adopted ones are disabled or trashed at most.
const (
	Created Origin = "created"
	Adopted Origin = "adopted"
)

// Link binds a person to a Duo user that is ours.
type Link struct {
	ID     SourceID `json:"source_id"`
	User   string   `json:"user"` // Duo user_id
	Origin Origin   `json:"origin"`
	// Asked is what we last asked Duo to hold, field by field.
	Asked Fields `json:"asked"`
	// Answered is what Duo last told us it holds.
	Answered Account `json:"answered"`
	// Missing is set while the person is gone or out of scope.
	Missing *Missing `json:"missing,omitempty"`
	// LetGo tells why the user is left alone for good, though the link is kept:
	// "" or one of the LetGo… reasons.
	LetGo string `json:"let_go,omitempty"`
	// ByHand: somebody else disabled the user in Duo while we wanted it
	// disabled, too; so it is not ours to enable.
	ByHand bool `json:"by_hand,omitempty"`
	Belongings
	// Unfinished are fields that the operation which made the user ours was to
	// set and could not, and that no later change brings about.
	Unfinished []string `json:"unfinished,omitempty"`
	// Unread are the ids of Duo groups that we put the user into, of which the directory's
	// group was not read: when it is again, it shows whether the person is still in it.
	Unread []string `json:"unread,omitempty"`
	// Withdrawn is what others have taken back in Duo of what we had done, where that is only
	// reported: items of lists, by field, which are not given again while the directory goes
	// on asking for them; and that a user is disabled.
	Withdrawn Fields `json:"withdrawn,omitempty"`
	// Mail is where the user's enrollment mail stands.
	Mail Mail `json:"mail,omitempty"`
	// Unmet: Duo answered the user's id to the create, and nobody has looked at the user by
	// that id since.
	Unmet bool `json:"unmet,omitempty"`
	// Seen is what the person's place in the scope rests on, and whether it was one.
	Seen Seen `json:"seen,omitzero"`
	// Marked: the user was disabled for a mark, see [Mark].
	Marked bool `json:"marked,omitempty"`
	// Offered are values that the last complete read asked for, and that wait for
	// one more: another server had answered than the time before.
	Offered Fields `json:"offered,omitempty"`
}

// Seen is what a person's place in the scope, and fields, rested on at the last
// complete read in which the person was there. What is lost from sight is told
// apart by it. Its zero value says that nothing is known.
type Seen struct {
	// Base is the base DN, folded; "" where there is one only.
	Base string `json:"base,omitempty"`
	// Groups are the folded names of the groups that decide: of the scope, and of
	// expressions; sorted.
	Groups []string `json:"groups,omitempty"`
	// In: the last complete read had the person in scope, and nothing in it kept them out of
	// Duo: no lock, no mark, no exclusion, nothing that can't be read. Only such a person is known
	// to have moved where an entry of another directory shows the same human. It is noted of
	// directories with a name.
	In bool `json:"in,omitempty"`
}

// Placed reports whether it is known what the place in the scope rested on.
func (s *Seen) Placed() bool { return s.Base != "" || len(s.Groups) > 0 }

// Hash digests s; that of the zero value is 0.
func (s *Seen) Hash() Hash {
	if !s.Placed() && !s.In {
		return 0
	}
	f := Fields{"base": s.Base, "groups": ListOf(s.Groups)}
	if s.In {
		f["in"] = "true"
	}
	return f.Hash()
}

// Belongings are what of a user's is ours.
type Belongings struct {
	// Aliases are the folded aliases that we gave. Others are not ours to take.
	Aliases []string `json:"aliases,omitempty"`
	// Joined are the ids of the groups that we put the user into. Other
	// memberships are not ours to end.
	Joined []string `json:"joined,omitempty"`
	// Phones are the phones that we made for this person, attached or not. Other
	// phones are not ours to detach or to delete.
	Phones []OwnPhone `json:"phones,omitempty"`
}

// OwnPhone is a phone that we made.
type OwnPhone struct {
	ID     string `json:"id"`
	Number string `json:"number"` // see Phone.Text
}

// Mail is where a person's enrollment mail stands. One is sent to people whom we
// created, at most once.
type Mail string

// MailSent holds also where it is not known whether the mail was sent. A mail that Duo
// refused is due again when the user gets another address.
const (
	MailNone    Mail = ""
	MailDue     Mail = "due"
	MailSent    Mail = "sent"
	MailRefused Mail = "refused"
)

// GroupLink binds a Duo group to the directory's groups that it mirrors.
type GroupLink struct {
	ID     string `json:"id"`   // Duo group_id
	Name   string `json:"name"` // what we last asked Duo to call it; folded, the link's key
	Origin Origin `json:"origin"`
	// Sources are the ids of the directory's groups, sorted; empty where the
	// directory shows none.
	Sources []SourceID `json:"sources,omitempty"`
	// Fresh: people may be missing from the group who are unchanged otherwise, for
	// it became ours, or was barred, after they were looked at.
	Fresh bool `json:"fresh,omitempty"`
	// Missed: the last complete read did not have the group any more, and Offered is a
	// name that it had for it; another server had answered than the time before.
	Missed  bool   `json:"missed,omitempty"`
	Offered string `json:"offered,omitempty"`
}

// Key is the name by which the state knows the link.
func (g *GroupLink) Key() string { return FoldName(g.Name) }

// Active reports whether the link counts as a person that is ours and active:
// neither missing, let go nor asked to be disabled.
func (l *Link) Active() bool {
	return l.Missing == nil && l.LetGo == "" && l.Asked[FieldStatus] != StatusDisabled
}

// Why a link is kept but its user no longer touched.
const (
	LetGoSynced  = "synced"  // taken over by Duo's own directory sync
	LetGoTrashed = "trashed" // put in the Trash by somebody else
	LetGoDeleted = "deleted" // deleted by hand, and drift is only reported
)

// Whereto a person went.
const (
	Gone       = "gone"         // the id is nowhere under the suffix
	OutOfScope = "out of scope" // still in the directory, no longer selected
)

// Missing is the end of a link's life, step by step.
type Missing struct {
	Why   string    `json:"why"`   // Gone or OutOfScope
	Since time.Time `json:"since"` // start of the first complete read without the person
	// Began is when the present reason began; zero: at Since.
	Began time.Time `json:"began,omitzero"`
	// Step is the last removal step that was carried out: "", disable or trash.
	Step Action `json:"step,omitempty"`
	// At is when Step was carried out.
	At time.Time `json:"at,omitzero"`
	// Reads counts the complete reads in a row that missed the person; 0 in a state
	// of the first version, and -1 while the person is there again and not let in yet.
	Reads int `json:"reads,omitempty"`
	// Scope is the fingerprint of the scope (see Rules.Scope) under which the person
	// was missed first, where that was not the accepted one.
	Scope string `json:"scope,omitempty"`
	// Approved: it was approved that the person goes for another scope. No limit counts
	// it again.
	Approved bool `json:"approved,omitempty"`
}

// Otherwise gives how things would stand for the other reason, were it one from now on.
func (m Missing) Otherwise(now time.Time) Missing {
	if m.Why = map[string]string{Gone: OutOfScope, OutOfScope: Gone}[m.Why]; m.Why == "" {
		m.Why = Gone
	}
	m.Began = now
	return m
}

// Start is when the present reason began.
func (m *Missing) Start() time.Time {
	if m.Began.IsZero() {
		return m.Since
	}
	return m.Began
}

// Brief is what a run keeps in memory of every link.
type Brief struct {
	ID       SourceID
	User     string
	Asked    Hash // of Link.Asked
	Answered Hash // of Link.Answered
	Missing  bool
	LetGo    bool
	Active   bool // Link.Active
	// Pending: something is still to be done, whether the directory changes or
	// not: a mail is due, a field is unfinished, or values wait for one more read.
	Pending bool
	Seen    Hash // of Link.Seen
}

// Brief gives the brief of a link.
func (l *Link) Brief() Brief {
	return Brief{
		ID: l.ID, User: l.User,
		Asked: l.Asked.Hash(), Answered: l.Answered.Hash(),
		Missing: l.Missing != nil, LetGo: l.LetGo != "", Active: l.Active(),
		Pending: l.Due() || len(l.Unread) > 0,
		Seen:    l.Seen.Hash(),
	}
}

// Due reports whether something is to be done whatever the directory shows.
func (l *Link) Due() bool { return l.Mail == MailDue || len(l.Unfinished) > 0 || len(l.Offered) > 0 }
