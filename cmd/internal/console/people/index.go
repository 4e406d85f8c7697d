// Package people finds the people of a state by what somebody knows of them, among 100,000
// in milliseconds: an index in memory, made in the background and kept up with the state.
package people

import (
	"bytes"
	"cmp"
	"slices"
	"strings"
	"time"

	dirsync "duosync/sync"
)

// Snapshot is the index as of a moment. It does not change.
type Snapshot struct {
	At      time.Time // when the state was as it says
	Stamp   string    // of the state then, see [Source]
	Waiting []Waiting // who waits for a removal, the next one first
	Counts  map[Standing]int

	text    []byte   // of all records; a record has its lines, see write
	records []record // by id
	byName  []uint32 // records by username
}

// Waiting is a removal that is to come, with what Duo knows of the person.
type Waiting struct {
	dirsync.Waiting
	Name, Mail string
}

// Standing is how Duo last held somebody who is ours.
type Standing uint8

// The standings.
const (
	Anyhow Standing = iota // of queries: however it is
	Active
	Unenrolled // of whom [dirsync.Link.NeverEnrolled] is true, whatever else they are; only of queries and Counts
	Bypass
	Disabled
	LockedOut
	Trash
	Elsewhere // ours no longer: see LetGo… in package dirsync
)

// words are those by which queries name a standing.
var words = map[Standing]string{Active: "active", Unenrolled: "unenrolled", Bypass: "bypass", Disabled: "disabled", LockedOut: "locked-out", Trash: "trash", Elsewhere: "let-go"}

// String gives the word that [StandingOf] reads; "" for Anyhow.
func (s Standing) String() string { return words[s] }

// Standings lists all but Anyhow.
func Standings() []Standing {
	return []Standing{Active, Unenrolled, Bypass, Disabled, LockedOut, Trash, Elsewhere}
}

// StandingOf reads a word; Anyhow where it is none.
func StandingOf(word string) Standing {
	for s, w := range words {
		if w == word {
			return s
		}
	}
	return Anyhow
}

// StandingOfLink tells how Duo last held the user of a link.
func StandingOfLink(l *dirsync.Link) Standing {
	switch a := &l.Answered; {
	case l.LetGo != "":
		return Elsewhere
	case a.Status == dirsync.StatusBypass:
		return Bypass
	case a.Status == dirsync.StatusDisabled:
		return Disabled
	case a.Status == dirsync.StatusLockedOut:
		return LockedOut
	case a.Status == dirsync.StatusPendingDeletion:
		return Trash
	}
	return Active
}

// record is somebody, in 24 bytes beside the text.
type record struct {
	answered dirsync.Hash // of the link's brief, which tells whether the record is outdated
	at       uint32       // where its lines begin
	size     uint16       // of all lines
	id       uint16       // of the first line, which is the id
	standing Standing
	active   bool // see [dirsync.Link.Active]
	never    bool // see [dirsync.Link.NeverEnrolled]
}

// longest is how many bytes of a person are searched.
const longest = 1 << 12

// draft is a snapshot that is being made; people come in the order of their ids.
type draft struct{ Snapshot }

func (d *draft) add(l *dirsync.Link, answered dirsync.Hash, due func(*dirsync.Link) (dirsync.Waiting, bool)) {
	a := &l.Answered
	name := cmp.Or(a.Realname, strings.TrimSpace(a.Firstname+" "+a.Lastname))
	r := record{answered: answered, at: uint32(len(d.text)), id: uint16(min(len(l.ID), longest)), standing: StandingOfLink(l), active: l.Active(), never: l.NeverEnrolled()} //nolint:gosec // bounded
	d.text = append(d.text, l.ID[:r.id]...)
	for _, line := range append([]string{a.Username, name, a.Email, l.User}, a.Aliases...) {
		d.text = append(d.text, '\n')
		d.text = append(d.text, fold(line)...)
	}
	d.text = append(d.text, '\n')
	if len(d.text)-int(r.at) > longest {
		d.text = append(d.text[:int(r.at)+longest-1], '\n')
	}
	r.size = uint16(len(d.text) - int(r.at)) //nolint:gosec // bounded
	d.push(r)
	if due == nil {
		return
	}
	if w, waits := due(l); waits {
		d.Waiting = append(d.Waiting, Waiting{Waiting: w, Name: name, Mail: a.Email})
	}
}

// keep takes a record over from an earlier snapshot.
func (d *draft) keep(from *Snapshot, r record) {
	text := from.lines(r)
	r.at = uint32(len(d.text)) //nolint:gosec // a state of 40 million people would be needed
	d.text = append(d.text, text...)
	d.push(r)
}

func (d *draft) push(r record) {
	if d.Counts == nil {
		d.Counts = map[Standing]int{}
	}
	d.Counts[r.standing]++
	if r.never {
		d.Counts[Unenrolled]++
	}
	d.records = append(d.records, r)
}

// done gives the snapshot.
func (d *draft) done(at time.Time) *Snapshot {
	d.At, d.text, d.records = at, slices.Clip(d.text), slices.Clip(d.records)
	d.byName = make([]uint32, len(d.records))
	for i := range d.byName {
		d.byName[i] = uint32(i) //nolint:gosec // as many as records
	}
	slices.SortFunc(d.byName, func(a, b uint32) int {
		return cmp.Or(bytes.Compare(d.username(d.records[a]), d.username(d.records[b])), cmp.Compare(a, b))
	})
	slices.SortFunc(d.Waiting, func(a, b Waiting) int {
		return cmp.Or(a.Due.Compare(b.Due), cmp.Compare(a.Username, b.Username), cmp.Compare(a.Source, b.Source))
	})
	return &d.Snapshot
}

func (s *Snapshot) lines(r record) []byte        { return s.text[r.at : int(r.at)+int(r.size)] }
func (s *Snapshot) id(r record) dirsync.SourceID { return dirsync.SourceID(s.lines(r)[:r.id]) }

// searched are the lines behind the id, each between two line ends.
func (s *Snapshot) searched(r record) []byte { return s.lines(r)[r.id:] }

func (s *Snapshot) username(r record) []byte {
	name, _, _ := bytes.Cut(s.searched(r)[1:], []byte("\n"))
	return name
}

// Unenrolled counts who never enrolled.
func (s *Snapshot) Unenrolled() int { return s.Counts[Unenrolled] }

// Len counts the people.
func (s *Snapshot) Len() int { return len(s.records) }

// fold makes letters small, and a line of a text.
func fold(text string) string {
	return strings.Join(strings.Fields(strings.ToLower(text)), " ")
}
