package dirsync

import "time"

// Day is how things stood after the last complete run of a day.
type Day struct {
	Date  string `json:"date"` // YYYY-MM-DD, UTC
	Seats Seats  `json:"seats"`
	// Groups tells of each group of the directory that has a mirror, by the name of that in
	// Duo, how many of the people in scope the directory has in it. Where several have the same
	// mirror, somebody who is in two of them counts once.
	Groups map[string]int `json:"groups"`
}

// DateOf gives the date of a moment in the form of [Day].
func DateOf(t time.Time) string { return t.UTC().Format(time.DateOnly) }

// Seats counts the Duo users that are ours by the status that Duo last answered, each under one
// of the first five. Who was let go because there is no user of ours any more is not counted.
type Seats struct {
	Active    int `json:"active"`
	Bypass    int `json:"bypass"`
	Disabled  int `json:"disabled"`
	LockedOut int `json:"locked_out"`
	Trash     int `json:"trash"` // whoever put them there
	// NeverEnrolled counts those of them of whom [Link.NeverEnrolled] is true.
	NeverEnrolled int `json:"never_enrolled"`
}

// Users is how many users that are.
func (s *Seats) Users() int { return s.Active + s.Bypass + s.Disabled + s.LockedOut + s.Trash }

// ByStatus gives the count of one of Duo's statuses, to read or to change; nil: it is none of them.
func (s *Seats) ByStatus(status string) *int {
	switch status {
	case StatusActive:
		return &s.Active
	case StatusBypass:
		return &s.Bypass
	case StatusDisabled:
		return &s.Disabled
	case StatusLockedOut:
		return &s.LockedOut
	case StatusPendingDeletion:
		return &s.Trash
	}
	return nil
}

// Seat is the status under which the link's user counts among [Seats]; "": there is no user of
// ours.
func (l *Link) Seat() string {
	switch l.LetGo {
	case LetGoSynced, LetGoDeleted:
		return ""
	case LetGoTrashed:
		return StatusPendingDeletion
	}
	return l.Answered.Status
}

// NeverEnrolled reports whether the person is ours and active, and had no device in Duo when
// Duo last answered.
func (l *Link) NeverEnrolled() bool { return l.Active() && !l.Answered.Enrolled }
