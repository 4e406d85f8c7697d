package state

import (
	"cmp"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// storedLink is a link as its row holds it in JSON: without what other columns of the row
// say, and of Duo's answer only what is not as it was asked for. Each of its fields hides one
// of the link that has the same key; all others are written as they are.
type storedLink struct {
	*dirsync.Link
	ID     *string `json:"source_id,omitempty"` // of an earlier version, as the next two
	User   *string `json:"user,omitempty"`
	Origin *string `json:"origin,omitempty"`
	// Answered is Duo's answer in a row of an earlier version, Answer in any other.
	Answered *dirsync.Account `json:"answered,omitempty"`
	Answer   *storedAccount   `json:"answer,omitempty"`
}

// storedAccount is an account without the fields with a single value that are as the link
// asks for them. A field of an account that is unknown here is written whole.
type storedAccount struct {
	*dirsync.Account
	ID        *string `json:"id,omitempty"` // nil: the link's user
	Username  *string `json:"username,omitempty"`
	Realname  *string `json:"realname,omitempty"`
	Firstname *string `json:"firstname,omitempty"`
	Lastname  *string `json:"lastname,omitempty"`
	Email     *string `json:"email,omitempty"`
	Notes     *string `json:"notes,omitempty"`
	Status    *string `json:"status,omitempty"`
}

// sharing pairs the values of an account with those of its stored form; field is the one of
// the link's fields that tells what a value is unless the stored form says otherwise.
func (s *storedAccount) sharing(pair func(field string, value *string, stored **string)) {
	a := s.Account
	pair(dirsync.FieldUsername, &a.Username, &s.Username)
	pair(dirsync.FieldRealname, &a.Realname, &s.Realname)
	pair(dirsync.FieldFirstname, &a.Firstname, &s.Firstname)
	pair(dirsync.FieldLastname, &a.Lastname, &s.Lastname)
	pair(dirsync.FieldEmail, &a.Email, &s.Email)
	pair(dirsync.FieldNotes, &a.Notes, &s.Notes)
	pair(dirsync.FieldStatus, &a.Status, &s.Status)
}

// storedOf gives the form in which a link is kept. It shares the link.
func storedOf(l *dirsync.Link) *storedLink {
	s := &storedLink{Link: l, Answer: &storedAccount{Account: &l.Answered}}
	if l.Answered.ID != l.User {
		s.Answer.ID = &l.Answered.ID
	}
	s.Answer.sharing(func(field string, value *string, stored **string) {
		if *value != l.Asked[field] {
			*stored = value
		}
	})
	return s
}

// linkColumns are those of a row of links that a link is made of.
type linkColumns struct {
	ID     dirsync.SourceID         `db:"source_id"`
	User   string                   `db:"duo_id"`
	Origin dirsync.Origin           `db:"origin"`
	Link   column.JSON[*storedLink] `db:"link"`
}

// link gives the link of a row, also of one that an earlier version has written.
func (c *linkColumns) link() *dirsync.Link {
	s := c.Link.V
	l := cmp.Or(s.Link, &dirsync.Link{})
	l.ID, l.User, l.Origin = c.ID, c.User, c.Origin
	switch {
	case s.Answered != nil:
		l.Answered = *s.Answered
	case s.Answer != nil:
		s.Answer.Account = cmp.Or(s.Answer.Account, &dirsync.Account{})
		s.Answer.sharing(func(field string, value *string, stored **string) {
			if *value = l.Asked[field]; *stored != nil {
				*value = **stored
			}
		})
		l.Answered = *s.Answer.Account
		if l.Answered.ID = l.User; s.Answer.ID != nil {
			l.Answered.ID = *s.Answer.ID
		}
	}
	return l
}

// opColumns are those of a row of intents that hold its operation. Op is that of an earlier
// version, which is not packed.
type opColumns struct {
	Source dirsync.SourceID           `db:"source_id"`
	Op     column.JSON[*dirsync.Op]   `db:"op"`
	Packed column.Packed[*dirsync.Op] `db:"packed"`
}

func (c *opColumns) op() *dirsync.Op {
	op := c.Packed.V
	if op == nil {
		return c.Op.V
	}
	op.Source = c.Source
	return op
}

// packedOf gives the packed form of an operation: without the person, who stands in a
// column of their own.
func packedOf(op *dirsync.Op) column.Packed[*dirsync.Op] {
	kept := *op
	kept.Source = ""
	return column.AsPacked(&kept)
}
