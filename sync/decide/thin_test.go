package decide

import (
	"maps"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/mapping"

	"github.com/google/go-cmp/cmp"
)

// TestThin takes the fields from those whose create tells them, and gives them back as they
// were; whose create does not tell them keeps them.
func TestThin(t *testing.T) {
	anna := dirsync.Fields{dirsync.FieldUsername: "anna", dirsync.FieldEmail: "anna@example.com", dirsync.FieldLastname: ""}
	create := func(fields dirsync.Fields) *Subject {
		s := &Subject{ID: "1", Want: &mapping.Desired{Fields: fields}}
		s.Add(dirsync.Op{Action: dirsync.Create, Changes: created(fields), Asked: fields})
		return s
	}
	for name, test := range map[string]struct {
		change func(*Subject)
		thin   bool
	}{
		"a create":          {func(*Subject) {}, true},
		"an empty field":    {func(s *Subject) { s.Want.Fields[dirsync.FieldEmail], s.Ops[0].Changes = "", s.Ops[0].Changes[:1] }, true},
		"a field more":      {func(s *Subject) { s.Want.Fields[dirsync.FieldNotes] = "" }, false},
		"a field less":      {func(s *Subject) { delete(s.Want.Fields, dirsync.FieldLastname) }, false},
		"asks for more":     {func(s *Subject) { s.Ops[0].Ask(dirsync.FieldGroups, "staff") }, false},
		"a change left out": {func(s *Subject) { s.Ops[0].Changes = s.Ops[0].Changes[:1] }, false},
		"a problem":         {func(s *Subject) { s.Problem = "something" }, false},
		"a faulty field":    {func(s *Subject) { s.Want.Faults = map[string]string{dirsync.FieldNotes: "no such attribute"} }, false},
		"a mail, too":       {func(s *Subject) { s.Add(dirsync.Op{Action: dirsync.EnrollMail}) }, false},
		"an update":         {func(s *Subject) { s.Ops[0].Action = dirsync.Update }, false},
		"ours":              {func(s *Subject) { s.Link = &dirsync.Link{} }, false},
		"nothing to do":     {func(s *Subject) { s.Ops = nil }, false},
		"missing":           {func(s *Subject) { s.Want, s.Ops = nil, nil }, false},
	} {
		t.Run(name, func(t *testing.T) {
			var thin Thin
			thin.Take(create(maps.Clone(anna))) // from whom it knows the fields of the directory
			s, want := create(maps.Clone(anna)), create(maps.Clone(anna))
			test.change(s)
			test.change(want)
			thin.Take(s)
			if taken := s.Want != nil && s.Want.Fields == nil && s.Ops[0].Asked == nil; taken != test.thin {
				t.Errorf("taken: %v, want %v", taken, test.thin)
			}
			thin.Give(s)
			if diff := cmp.Diff(want, s, cmp.AllowUnexported(Subject{}, decision{})); diff != "" {
				t.Errorf("not as before (-want +got):\n%s", diff)
			}
		})
	}
}
