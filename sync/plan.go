package dirsync

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"hash"
	"io"
)

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
)

// Change is one field of an operation, with its value before and after.
type Change struct {
	Field  string `json:"field"`
	Before string `json:"before"`
	After  string `json:"after"`
}

// Op is one reviewable change as plain data. What it says is what is sent.
type Op struct {
	Action   Action
	Username string // before the operation; for a create, the name to be
	Source   SourceID
	User     string // Duo user_id, "" for a create
	Reason   string
	Changes  []Change
	// Asked is what the operation adds to Link.Asked once it is done.
	Asked Fields
	// Missing is the end-of-life step that this operation is, if it is one.
	Missing *Missing
	// From is the missing person whose link an adoption takes over, if any.
	From SourceID
	// ByHand tells of an adoption that others have disabled the user; so it is
	// not ours to enable.
	ByHand bool
	// Blocked tells why the operation can't be carried out at all (a person
	// without a username): it is reported as failed and never sent.
	Blocked string
}

// After returns what the operation sends: its changes' values by field.
func (o *Op) After() Fields {
	f := make(Fields, len(o.Changes))
	for _, c := range o.Changes {
		f[c.Field] = c.After
	}
	return f
}

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
	text(o.User)
	if o.Action == Create || o.Action == Adopt {
		text(o.Username)
	}
	for _, c := range o.Changes {
		text(c.Field)
		text(c.After)
	}
	_, _ = io.WriteString(h, "\n")
}

// Plan is what a run will do: waves of operations that need nothing of each
// other, one wave after another.
type Plan struct {
	Waves [][]*Op
}

// Ops returns all operations in their order.
func (p *Plan) Ops() []*Op {
	var ops []*Op
	for _, wave := range p.Waves {
		ops = append(ops, wave...)
	}
	return ops
}

// ID is a digest of the operations in their order: the same plan, the same id.
func (p *Plan) ID() string { return digestOps(p.Ops()) }

func digestOps(ops []*Op) string {
	h := sha256.New()
	for _, op := range ops {
		op.digest(h)
	}
	return hex.EncodeToString(h.Sum(nil)[:10])
}
