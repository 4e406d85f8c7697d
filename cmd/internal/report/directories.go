package report

import (
	"fmt"
	"slices"
	"strings"

	"duosync/cmd/internal/report/form"
	"duosync/cmd/internal/report/phrase"
	dirsync "duosync/sync"
)

// SourceOf says what was read of one of several directories.
type SourceOf struct {
	Name string `json:"name"`
	Read int    `json:"read"`
}

// Shadowed is a person whose username, or alias, a person of an earlier directory has, whose
// id is By. Locked: in the person's own directory; absent where that can't be told.
type Shadowed struct {
	Username  string           `json:"username"`
	Directory string           `json:"directory"`
	SourceID  dirsync.SourceID `json:"source_id"`
	By        dirsync.SourceID `json:"by"`
	Locked    *bool            `json:"locked,omitempty"`
}

// each says how many were read of each of several directories.
func (s *Source) each() string {
	var parts []string
	for _, one := range s.Directories {
		parts = append(parts, one.Name+" "+phrase.Count(one.Read))
	}
	if len(parts) == 0 {
		return ""
	}
	return " (" + strings.Join(parts, ", ") + ")"
}

// shadowedBlock lists those whose name an earlier directory has.
func shadowedBlock(all []Shadowed) form.Block {
	l := &form.List{Columns: []string{"user", "of", "whose name has", "status there"}, Lead: 1}
	for i := range all {
		s := &all[i]
		l.Add(form.Row{Cells: []string{phrase.Name(s.Username, s.SourceID), s.Directory, string(s.By), s.status()},
			Flow: []string{fmt.Sprintf("of %s (%s), whose name %s has; %s there", s.Directory, s.SourceID, s.By, s.status())}})
	}
	return form.Block{Title: "shadowed", List: l}
}

func (s *Shadowed) status() string {
	switch {
	case s.Locked == nil:
		return "status unknown"
	case *s.Locked:
		return "locked"
	}
	return "not locked"
}

// ofDirectory names a person, by the username and the id of one of several directories, with
// the directory.
func ofDirectory(username string, id dirsync.SourceID) string {
	name := phrase.Name(username, id)
	if directory, _ := id.Split(); username != "" && dirsync.ValidDirectory(directory) {
		name += " (" + directory + ")"
	}
	return name
}

// WithDirectories gives the document as people read it: with the directory after each name,
// where there are several.
func (d *Document) WithDirectories() *Document {
	if len(d.Source.Directories) == 0 {
		return d
	}
	told := *d
	told.Operations, told.Conflicts = d.Operations.As(func(o *Operation) { o.Username = ofDirectory(o.Username, o.SourceID) }), slices.Clone(d.Conflicts)
	for i := range told.Conflicts {
		people := slices.Clone(told.Conflicts[i].People)
		for j := range people {
			people[j].Username = ofDirectory(people[j].Username, people[j].SourceID)
		}
		told.Conflicts[i].People = people
	}
	told.Waiting, told.Attention = waitingOf(d.Waiting), attentionOf(d.Attention)
	return &told
}

// withDirectories gives the list as people read it, see [Document.WithDirectories].
func (d *Due) withDirectories() *Due {
	if !d.named {
		return d
	}
	told := *d
	told.Waiting, told.NotEnrolled, told.Attention = waitingOf(d.Waiting), slices.Clone(d.NotEnrolled), attentionOf(d.Attention)
	for i := range told.NotEnrolled {
		n := &told.NotEnrolled[i]
		n.Username = ofDirectory(n.Username, n.SourceID)
	}
	return &told
}

// attentionOf gives who needs attention, with the directory after each name.
func attentionOf(all []Attention) []Attention {
	told := slices.Clone(all)
	for i := range told {
		told[i].Username = ofDirectory(told[i].Username, told[i].SourceID)
	}
	return told
}

// waitingOf gives removals that wait, with the directory after each name.
func waitingOf(waiting []Waiting) []Waiting {
	told := slices.Clone(waiting)
	for i := range told {
		told[i].Username = ofDirectory(told[i].Username, told[i].SourceID)
	}
	return told
}
