package statetest

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	dirsync "duosync/sync"
)

// What is kept comes back with each of its fields, set or not, also over what was kept
// before; and whether it has changed is seen by each of them.

func testLinkFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Link](1)
	full.ID, full.User, full.Origin = "a", "DU1", dirsync.Adopted
	b.put(full)
	briefs := []dirsync.Brief{full.Brief(), b.scan()[0]}
	for name, l := range without[dirsync.Link](1) {
		if name == "ID" {
			continue // it is another link
		}
		if l.ID = "a"; l.Origin != "" {
			l.Origin = dirsync.Adopted
		} else {
			l.Origin = dirsync.Created
		}
		if l.User != "" {
			l.User = "DU1"
		}
		seen(t, name, full, l)
		b.put(l)
		equal(t, "a link without "+name, []dirsync.Link{l}, b.load("a"))
		equal(t, "its brief", []dirsync.Brief{l.Brief()}, b.scan())
		briefs = append(briefs, b.scan()[0])
		b.put(full)
		equal(t, "a link with "+name+" again", []dirsync.Link{full}, b.load("a"))
	}
	l := link("a", "DU1")
	b.put(l)
	if missing := unset(append(briefs, b.scan()[0])); len(missing) > 0 {
		t.Errorf("a scan gave no brief with %v", missing)
	}
}

func testGroupFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.GroupLink](1)
	full.ID, full.Name, full.Origin = "DG1", "name", dirsync.Adopted
	j := b.begin("first")
	for name, g := range without[dirsync.GroupLink](1) {
		if slices.Contains([]string{"Name", "Origin"}, name) {
			continue // it is refused, or another link
		}
		if g.Name, g.Origin = "name", dirsync.Adopted; g.ID != "" {
			g.ID = "DG1"
		}
		seen(t, name, full, g)
		for _, want := range []dirsync.GroupLink{full, g, full} {
			b.must(j.Record(t.Context(), []dirsync.Outcome{groupOutcome(&want, "")}))
			equal(t, "a group with or without "+name, []dirsync.GroupLink{want}, b.groups())
		}
	}
}

func testMarkFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Mark](1)
	full.User = "DU1"
	for name, m := range without[dirsync.Mark](1) {
		if slices.Contains([]string{"User", "Username"}, name) {
			continue // it is refused
		}
		m.User, m.Before = "DU1", full.Before // which stays that of the first mark
		for _, want := range []dirsync.Mark{full, m, full} {
			b.must(b.Mark(t.Context(), want))
			equal(t, "a mark with or without "+name, []dirsync.Mark{want}, b.marks())
		}
	}
	full.Lifted, full.LiftedBy = time.Time{}, ""
	b.must(b.Mark(t.Context(), full))
	_, err := b.Unmark(t.Context(), "DU1", "bob")
	b.must(err)
	lifted := b.marks()[0]
	if lifted.Stands() || lifted.LiftedBy != "bob" {
		t.Errorf("the mark was taken back: %+v", lifted)
	}
	lifted.Lifted, lifted.LiftedBy = time.Time{}, ""
	equal(t, "what else a mark has that was taken back", full, lifted)
}

func testApprovalFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Approval](1)
	full.ID, full.By, full.Until = "a", "alice", later
	for name, a := range without[dirsync.Approval](1) {
		if slices.Contains([]string{"ID", "Until"}, name) {
			continue // it is another approval, or none
		}
		if a.ID, a.Until = "a", later; a.By != "" {
			a.By = "alice"
		}
		for _, want := range []dirsync.Approval{full, a, full} {
			b.must(b.Approve(t.Context(), want))
			equal(t, "an approval with or without "+name, []dirsync.Approval{want}, b.approvals(noon))
		}
	}
	for name, h := range without[dirsync.Hold](1) {
		held := dirsync.Approval{ID: "held without " + name, Holds: []dirsync.Hold{h}}
		b.run(held.ID, dirsync.RunEnd{Outcome: dirsync.OutcomeHeld, Holds: []dirsync.Approval{held}})
		equal(t, held.ID, held, b.hold(held.ID))
	}
}

// Who gave an approval goes with it.
func testApprovalBy(t *testing.T, open Opener) {
	b := newBed(t, open)
	held := dirsync.Approval{ID: "h", Holds: []dirsync.Hold{{Guard: dirsync.GuardMaxRemove, Keys: []string{"k"}}}}
	hold := func(run string) {
		b.run(run, dirsync.RunEnd{Outcome: dirsync.OutcomeHeld, Holds: []dirsync.Approval{held}})
	}
	hold("first")
	given := held
	given.By, given.Until = "alice", time.Date(9026, 3, 4, 0, 0, 0, 0, time.UTC)
	b.must(b.Approve(t.Context(), given))
	hold("second")
	equal(t, "held again, the approval is whose it was", given, b.hold("h"))
	second := given
	second.By = "bob"
	for range 2 {
		b.must(b.Approve(t.Context(), second))
	}
	second.By = "alice, bob"
	equal(t, "approved by a second one, it is both's", second, b.hold("h"))
	if revoked, err := b.Revoke(t.Context(), "h", "bob"); err != nil || !revoked {
		t.Errorf("revoke: %v, %v", revoked, err)
	}
	equal(t, "taken back, it is nobody's", held, b.hold("h"))
	b.must(b.Approve(t.Context(), given))
	b.must(b.use("third", []string{"h"}).Finish(t.Context(), finish(dirsync.OutcomeApplied, "h")))
	hold("fourth")
	equal(t, "used up and held anew, it is nobody's", held, b.hold("h"))
}

func testBaselineFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Baseline](1)
	for name, baseline := range without[dirsync.Baseline](1) {
		seen(t, name, full, baseline)
		for i, want := range []dirsync.Baseline{full, baseline, full} {
			b.run(name+string(rune('0'+i)), dirsync.RunEnd{Baseline: &want})
			equal(t, "a baseline with or without "+name, &want, b.meta().Baseline)
		}
	}
}

func testPauseFields(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Pause](1)
	for name, p := range without[dirsync.Pause](1) {
		for _, want := range []dirsync.Pause{full, p, full} {
			b.must(b.Pause(t.Context(), want))
			equal(t, "a pause with or without "+name, &want, b.meta().Paused)
		}
	}
	for _, want := range []bool{true, false} {
		if got, err := b.Resume(t.Context(), "bob"); got != want || err != nil {
			t.Errorf("resume: %v, %v; want %v", got, err, want)
		}
	}
	equal(t, "after it was lifted", (*dirsync.Pause)(nil), b.meta().Paused)
}

// seen fails the test unless two values differ as JSON, by which a run sees whether
// something has changed.
func seen(t *testing.T, field string, a, b any) {
	t.Helper()
	one, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	if string(one) == string(other) {
		t.Errorf("%T: that %s has changed does not show", a, field)
	}
}
