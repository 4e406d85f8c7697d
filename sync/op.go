package dirsync

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"hash"
	"io"
	"maps"
	"slices"
	"strings"
)

type changeJSON struct {
	Field  string `json:"field"`
	Before any    `json:"before"`
	After  any    `json:"after"`
}

// MarshalJSON writes the values of a list field as lists.
func (c Change) MarshalJSON() ([]byte, error) {
	form := changeJSON{c.Field, c.Before, c.After}
	if IsList(c.Field) {
		form.Before, form.After = append([]string{}, Items(c.Before)...), append([]string{}, Items(c.After)...)
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false) // as in the rest of a report
	err := encoder.Encode(form)
	return b.Bytes(), err
}

// UnmarshalJSON reads what MarshalJSON writes, to the letter: also a list that is
// out of order since Duo answered an item with a line break in it.
func (c *Change) UnmarshalJSON(data []byte) error {
	var texts struct{ Field, Before, After string }
	err := json.Unmarshal(data, &texts)
	if !IsList(texts.Field) { // which is there though the others are no texts
		c.Field, c.Before, c.After = texts.Field, texts.Before, texts.After
		return err
	}
	var lists struct{ Before, After []string }
	if err := json.Unmarshal(data, &lists); err != nil {
		return err
	}
	c.Field, c.Before, c.After = texts.Field, strings.Join(lists.Before, "\n"), strings.Join(lists.After, "\n")
	return nil
}

// Action names what an operation does; the words of the report.
type Action string

// The actions in the order in which the report's summary counts them. Skip,
// conflict and waiting are not operations.
const (
	Create   Action = "create"
	Recreate Action = "recreate" // ours, deleted in Duo by hand
	Update   Action = "update"
	Disable  Action = "disable"
	Enable   Action = "enable"
	Restore  Action = "restore" // out of Duo's Trash, where we had put it
	Trash    Action = "trash"   // into Duo's Trash: reversible for some days
	Delete   Action = "delete"  // for good, with every enrolled device
	Adopt    Action = "adopt"   // an existing Duo user becomes ours
	Release  Action = "release" // ours no longer; the Duo user stays as it is

	GroupCreate Action = "group_create"
	GroupUpdate Action = "group_update" // renamed, or an existing group that becomes ours
	GroupDelete Action = "group_delete" // a group that we made
	PhoneDelete Action = "phone_delete" // phones that we made, of a user who is gone
	EnrollMail  Action = "enroll_mail"  // Duo's own mail with a link to enroll
)

// FieldName is the field in the changes of an operation on a group.
const FieldName = "name"

// Change is one field of an operation, with its value before and after. The
// values of a list field are lists as [Items] reads them, and lists in JSON.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Stage is where an update comes in the plan.
type Stage int8

// An operation takes or gives, never both: what takes never waits for what gives.
const (
	StageFields  Stage = iota // fields and names
	StageTakes                // before everything but disabling: group leaves, phones and aliases
	StageGives                // after creations: groups and phones
	StageReplace              // phones of ours for which new ones were given, whatever became of these
	StageLate                 // after those that free what it needs
)

// ChangedInDirectory is the reason of an update that follows a change of the person.
const ChangedInDirectory = "changed in the directory"

// InDuoByHand is in the reason of an operation that mends what somebody has changed in Duo.
const InDuoByHand = "in Duo by hand"

// Op is one reviewable change as plain data. What it says is what is sent.
type Op struct {
	Action   Action
	Username string // before the operation; for a create, the name to be; for a group, its name
	Source   SourceID
	User     string // Duo user_id, "" for a create or a group
	Reason   string
	Changes  []Change
	// Asked is what the operation adds to Link.Asked once it is done.
	Asked Fields
	// Missing is the end-of-life step that this operation is, if it is one.
	Missing *Missing
	// From is the missing person whose link an adoption takes over, if any.
	From SourceID
	// Origin is that of the link which ends by an adoption, where the user stays ours as
	// it came to us: the person moved from one directory to another. "" else.
	Origin Origin `json:",omitempty"`
	// ByHand tells of an adoption that others have disabled the user; so it is
	// not ours to enable.
	ByHand bool
	// Follows: the operation is on a user who is made in the same run; User is known
	// when that is done.
	Follows bool `json:",omitempty"`
	// Stage is where an update comes among the others.
	Stage Stage `json:"-"`
	// Mail: the new user is to get an enrollment mail.
	Mail bool `json:",omitempty"`
	// Marked: the operation disables a user for a [Mark]. No limit weighs it.
	Marked bool `json:",omitempty"`
	// Lock: the operation disables somebody who is missing for a lock in the directory, and
	// who stays missing: it is no step of that, and no doubt about it holds the lock.
	Lock bool `json:",omitempty"`
	// Joins and Leaves carry out the change of FieldGroups.
	Joins  []Membership `json:",omitempty"`
	Leaves []Membership `json:",omitempty"`
	// Phones carry out the change of FieldPhones, in their order.
	Phones []PhoneStep `json:",omitempty"`
	// Takes are belongings that come with a user who is made ours: those of the
	// link that ends thereby.
	Takes *Belongings `json:",omitempty"`
	// Unfinished are fields that the operation leaves for later, see Link.
	Unfinished []string `json:",omitempty"`
	// Group is the group that an operation on a group is about, as it is to be
	// afterwards; its ID is "" for one that is still to be made.
	Group *GroupLink `json:",omitempty"`
	// DN is the person's, for the audit, in an operation that the journal keeps; "" else.
	DN string `json:",omitempty"`
	// Blocked tells why the operation can't be carried out at all (a person
	// without a username): it is reported as failed and never sent.
	Blocked string
}

// PhoneStep is one thing that an operation does to a phone of its user.
type PhoneStep struct {
	Do        PhoneAction
	ID        string `json:",omitempty"` // phone_id, "" for one that is still to be made
	Number    string // E.164
	Extension string `json:",omitempty"`
	Type      string `json:",omitempty"` // mobile or landline, for one that is to be made
	// Ours: we made the phone, perhaps for somebody else.
	Ours bool `json:",omitempty"`
	// Share: a PhoneMake attaches the phone of that number also where others have
	// it.
	Share bool `json:",omitempty"`
}

// Text names the phone, see [Phone.Text].
func (s *PhoneStep) Text() string { return PhoneText(s.Number, s.Extension) }

// PhoneAction names what is done to a phone.
type PhoneAction string

// What is done to a phone. PhoneRemove detaches one that we made and deletes it
// when no other user has it; one that was activated meanwhile stays.
const (
	PhoneMake   PhoneAction = "make"   // the number is, or will be, in no phone of Duo: make one, and attach it
	PhoneAttach PhoneAction = "attach" // the phone is there
	PhoneRemove PhoneAction = "remove"
)

// After returns what the operation sends: its changes' values by field.
func (o *Op) After() Fields {
	f := make(Fields, len(o.Changes))
	for _, c := range o.Changes {
		f[c.Field] = c.After
	}
	return f
}

// Change returns the operation's change of a field, nil where there is none.
func (o *Op) Change(field string) *Change {
	for i := range o.Changes {
		if o.Changes[i].Field == field {
			return &o.Changes[i]
		}
	}
	return nil
}

// OnGroup reports whether the operation is about a group.
func (o *Op) OnGroup() bool { return o.Group != nil }

// Name returns the username that the operation leaves behind.
func (o *Op) Name() string {
	for _, c := range o.Changes {
		if c.Field == FieldUsername {
			return c.After
		}
	}
	return o.Username
}

// Removes reports whether the operation takes something from a person. Limits
// count these together.
func (o *Op) Removes() bool {
	switch o.Action {
	case Disable, Trash, Delete, Release:
		return true
	}
	return false
}

// TakesAway reports whether the operation takes anything from a person: a status, a
// membership, a phone or an alias.
func (o *Op) TakesAway() bool {
	if o.Removes() || o.EndsBypass() || len(o.Leaves) > 0 || slices.ContainsFunc(o.Phones, func(s PhoneStep) bool { return s.Do == PhoneRemove }) {
		return true
	}
	c := o.Change(FieldAliases)
	return c != nil && len(Without(Items(c.Before), Items(c.After))) > 0
}

// EndsBypass reports whether the operation takes the status bypass from a person who is to log
// in with a second factor again.
func (o *Op) EndsBypass() bool {
	c := o.Change(FieldStatus)
	return o.Action == Update && c != nil && c.Before == StatusBypass && c.After == StatusActive
}

// Key is a digest of what the operation does, and to whom. An approval is bound
// to keys.
func (o *Op) Key() string {
	h := sha256.New()
	o.digest(h)
	return hex.EncodeToString(h.Sum(nil)[:16])
}

func (o *Op) digest(h hash.Hash) {
	text := func(s string) { _, _ = fmt.Fprintf(h, "%d:%s", len(s), s) }
	text(string(o.Action))
	text(string(o.Source))
	if o.Follows {
		text("")
	} else {
		text(o.User)
	}
	if o.Action == Create || o.Action == Adopt {
		text(o.Username)
	}
	for _, c := range o.Changes {
		text(c.Field)
		text(c.After)
	}
	_, _ = io.WriteString(h, "\n")
}

// Drop takes a field out of an operation.
func (o *Op) Drop(field string) {
	o.Changes = slices.DeleteFunc(o.Changes, func(c Change) bool { return c.Field == field })
	o.Unask(field)
}

// Ask adds a field to those that the operation asks for. These may be shared with what the
// directory wants, so that whoever changes them goes through Ask and Unask.
func (o *Op) Ask(field, value string) {
	asked := make(Fields, len(o.Asked)+1)
	maps.Copy(asked, o.Asked)
	asked[field] = value
	o.Asked = asked
}

// Unask takes fields out of those that the operation asks for.
func (o *Op) Unask(fields ...string) {
	asked := func(field string) bool { _, there := o.Asked[field]; return there }
	if !slices.ContainsFunc(fields, asked) {
		return
	}
	o.Asked = maps.Clone(o.Asked)
	for _, field := range fields {
		delete(o.Asked, field)
	}
}

// Renames reports whether the operation gives a user another name.
func (o *Op) Renames() bool { return FoldName(o.Name()) != FoldName(o.Username) }

// Claims lists the folded names that the operation takes.
func (o *Op) Claims() []string {
	var names []string
	if o.Action == Create || o.Action == Recreate || o.Renames() {
		names = append(names, FoldName(o.Name()))
	}
	if c := o.Change(FieldAliases); c != nil {
		for _, alias := range Without(Items(c.After), Items(c.Before)) {
			names = append(names, FoldName(alias))
		}
	}
	return names
}

// Gives lists the folded names that the operation gives up.
func (o *Op) Gives() []string {
	if o.Action != Update && o.Action != Restore {
		return nil
	}
	var names []string
	if o.Renames() {
		names = append(names, FoldName(o.Username))
	}
	if c := o.Change(FieldAliases); c != nil {
		for _, alias := range Without(Items(c.Before), Items(c.After)) {
			names = append(names, FoldName(alias))
		}
	}
	return names
}
