package statetest

import (
	"testing"
	"time"

	dirsync "duosync/sync"
)

// seated are links whose users count in different ways, each kind as many times as its place
// says.
func seated() (links []dirsync.Link, want dirsync.Seats) {
	asked := func(status string) dirsync.Fields { return dirsync.Fields{dirsync.FieldStatus: status} }
	kinds := []dirsync.Link{
		{Asked: asked(dirsync.StatusActive), Answered: dirsync.Account{Status: dirsync.StatusActive, Enrolled: true}},
		{Asked: asked(dirsync.StatusActive), Answered: dirsync.Account{Status: dirsync.StatusActive}},                 // never enrolled
		{Asked: asked(dirsync.StatusActive), Answered: dirsync.Account{Status: dirsync.StatusBypass, Enrolled: true}}, // by hand
		{Asked: asked(dirsync.StatusDisabled), Answered: dirsync.Account{Status: dirsync.StatusDisabled}},
		{Asked: asked(dirsync.StatusActive), Answered: dirsync.Account{Status: dirsync.StatusLockedOut}}, // never enrolled
		{Missing: &dirsync.Missing{Why: dirsync.Gone, Step: dirsync.Trash}, Answered: dirsync.Account{Status: dirsync.StatusPendingDeletion}},
		{LetGo: dirsync.LetGoTrashed, Answered: dirsync.Account{Status: dirsync.StatusActive, Enrolled: true}}, // in the Trash, too
		{LetGo: dirsync.LetGoSynced, Answered: dirsync.Account{Status: dirsync.StatusActive}},                  // nobody's
		{LetGo: dirsync.LetGoDeleted, Answered: dirsync.Account{Status: dirsync.StatusDisabled}},
		{Asked: asked(dirsync.StatusActive), Answered: dirsync.Account{Status: "of a later Duo", Enrolled: true}},
	}
	for i, kind := range kinds {
		for j := range i + 1 {
			l := kind
			l.ID, l.User, l.Origin = dirsync.SourceID(rune('a'+i))+dirsync.SourceID(rune('0'+j)), "DU"+string(rune('a'+i))+string(rune('0'+j)), dirsync.Created
			l.Answered.ID = l.User
			links = append(links, l)
		}
	}
	return links, dirsync.Seats{Active: 1 + 2, Bypass: 3, Disabled: 4, LockedOut: 5, Trash: 6 + 7, NeverEnrolled: 2 + 5}
}

func (b *bed) days(what string, since time.Time, want ...dirsync.Day) {
	b.t.Helper()
	days, err := b.Days(b.t.Context(), since)
	b.must(err)
	if len(days)+len(want) > 0 {
		equal(b.t, what, want, days)
	}
}

func testDays(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.days("days of an empty state", time.Time{})
	links, seats := seated()
	b.put(links...)
	b.days("days after a run that was not complete", time.Time{})

	groups := map[string]int{"Ärzte": 3, "staff": 0}
	b.run("first", dirsync.RunEnd{Groups: groups})
	first := dirsync.Day{Date: "2026-03-04", Seats: seats, Groups: groups}
	b.days("the first day", time.Time{}, first)

	// Who moves is counted anew, who is removed no more; the last run of a day counts.
	moved := links[0]
	moved.Answered.Status = dirsync.StatusDisabled
	j := b.begin("moves")
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: moved.ID, Link: &moved}, {Source: links[1].ID}}))
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon.Add(time.Hour), Outcome: "applied", Groups: map[string]int{}}))
	seats.Active, seats.Disabled, seats.NeverEnrolled = seats.Active-2, seats.Disabled+1, seats.NeverEnrolled-1
	first.Seats, first.Groups = seats, map[string]int{}
	b.reopen()
	b.days("the first day after its last run", time.Time{}, first)

	// Days are those of UTC, whatever the clock's zone; days without a run are left out.
	later := time.Date(2026, 3, 7, 0, 30, 0, 0, time.FixedZone("", 3600))
	b.run("later", dirsync.RunEnd{Finished: later, Groups: groups})
	second := dirsync.Day{Date: "2026-03-06", Seats: seats, Groups: groups}
	b.days("all days", time.Time{}, first, second)
	b.days("days since the second", later, second)
	b.days("days since a day between", noon.Add(24*time.Hour), second)
	b.days("days to come", later.Add(48*time.Hour))

	b.run("failed", dirsync.RunEnd{Finished: later.Add(48 * time.Hour), Outcome: "failed"})
	b.days("days after a run that failed", time.Time{}, first, second)
}
