package decide

import (
	"maps"
	"slices"

	dirsync "duosync/sync"
)

// Thin is how creates wait for their turn. A create has the fields of its person twice: as what
// it asks for, which is what the directory wants, and in its changes. Of a first run that is
// much of all memory, so whoever waits is without the former where the latter tell it all.
type Thin struct {
	fields map[string][]string // all that people of a directory have, by its name
}

// Take takes the fields from somebody for whom there is nothing but a create, and nothing to
// tell. It lets everybody else be.
func (t *Thin) Take(s *Subject) {
	if s.Want == nil || s.Link != nil || s.Next != nil || s.Problem != "" || s.Want.Troubled() || len(s.Ops) != 1 || s.Ops[0].Action != dirsync.Create {
		return
	}
	op := s.Ops[0]
	if t.fields == nil {
		t.fields = map[string][]string{}
	}
	if t.fields[s.Want.Directory] == nil {
		t.fields[s.Want.Directory] = slices.Collect(maps.Keys(op.Asked))
	}
	if told := t.told(s); maps.Equal(told, op.Asked) && maps.Equal(told, s.Want.Fields) {
		op.Asked, s.Want.Fields = nil, nil
	}
}

// Give gives the fields back, whenever they were taken.
func (t *Thin) Give(s *Subject) {
	if s.Want != nil && s.Want.Fields == nil && len(s.Ops) == 1 {
		s.Want.Fields = t.told(s)
		s.Ops[0].Asked = s.Want.Fields
	}
}

// told gives the fields that the changes of a create tell: the others are empty.
func (t *Thin) told(s *Subject) dirsync.Fields {
	names := t.fields[s.Want.Directory]
	told := make(dirsync.Fields, len(names))
	for _, name := range names {
		told[name] = ""
	}
	for _, c := range s.Ops[0].Changes {
		told[c.Field] = c.After
	}
	return told
}
