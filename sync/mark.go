package dirsync

import "time"

// Mark keeps a user disabled until it is taken away, whatever the directory says.
type Mark struct {
	User     string    `json:"user"`             // Duo user_id
	Username string    `json:"username"`         // in Duo
	Source   SourceID  `json:"source,omitempty"` // of the person; "" where nobody was known
	Since    time.Time `json:"since"`
	Reason   string    `json:"reason"`
	By       string    `json:"by"` // who asked for it
	// Before is the status that the user had in Duo before the mark; "" where that is not
	// known. Of what runs see later nobody can tell whether it was for the mark.
	Before string `json:"before,omitempty"`
	// Lifted is when the mark was taken back; zero: it stands. One that was taken back
	// tells the next run that the user was disabled by us.
	Lifted   time.Time `json:"lifted,omitzero"`
	LiftedBy string    `json:"lifted_by,omitempty"` // who took it back
}

// Stands reports whether the mark was not taken back.
func (m *Mark) Stands() bool { return m.Lifted.IsZero() }

// Bars reports whether the mark forbids an operation: one that gives something to
// the user, or to anybody of that name.
func (m *Mark) Bars(o *Op) bool {
	if !m.Stands() || o.OnGroup() || o.User != m.User && FoldName(o.Name()) != FoldName(m.Username) {
		return false
	}
	status := o.After()[FieldStatus]
	switch o.Action {
	case Create, Recreate, Enable, Restore, EnrollMail:
		return true
	case Adopt, Update:
		return len(o.Joins) > 0 || status != "" && status != StatusDisabled
	}
	return false
}
