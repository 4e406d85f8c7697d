package statetest

import (
	"errors"
	"fmt"
	"slices"
	"testing"

	dirsync "duosync/sync"
)

func testEmpty(t *testing.T, open Opener) {
	b := newBed(t, open)
	equal(t, "meta", dirsync.Meta{}, b.meta())
	equal(t, "scan", []dirsync.Brief(nil), b.scan())
	equal(t, "load", []dirsync.Link(nil), b.load("nobody"))
	equal(t, "load of none", []dirsync.Link(nil), b.load())
	equal(t, "open intents", []dirsync.Intent(nil), b.intents())
	equal(t, "approvals", []dirsync.Approval(nil), b.approvals(noon))
	told, err := b.Told(t.Context())
	b.must(err)
	equal(t, "told", map[string]dirsync.Told{}, told)
	b.must(b.Check(t.Context(), account))
	if _, found, err := b.Hold(t.Context(), "nothing"); found || err != nil {
		t.Errorf("a hold in an empty state: found %v, error %v", found, err)
	}
}

func testLinksWhole(t *testing.T, open Opener) {
	b := newBed(t, open)
	full := filled[dirsync.Link](1)
	full.ID, full.User, full.Origin = "full", "DUfull", dirsync.Adopted
	bare := dirsync.Link{ID: "bare", Origin: dirsync.Created}
	plain := link("plain", "DU1")
	b.put(full, bare, plain)
	b.reopen()

	equal(t, "links", []dirsync.Link{bare, full, plain}, b.load("plain", "bare", "nobody", "full"))
	equal(t, "briefs", []dirsync.Brief{bare.Brief(), full.Brief(), plain.Brief()}, b.scan())
	equal(t, "links counted", 3, b.links())

	full.Missing, full.LetGo = nil, ""
	full.Asked = dirsync.Fields{dirsync.FieldStatus: dirsync.StatusActive}
	b.put(full)
	equal(t, "a link that was replaced", []dirsync.Link{full}, b.load("full"))
	equal(t, "its brief", full.Brief(), b.scan()[1])
}

func testScanOrder(t *testing.T, open Opener) {
	b := newBed(t, open)
	ids := []dirsync.SourceID{"b", "B", "ä", "a-1", "a_1", "a1", "Z", "10", "9", "aa"}
	var links []dirsync.Link
	for i, id := range ids {
		links = append(links, link(id, fmt.Sprintf("DU%d", i)))
	}
	b.put(links...)
	slices.Sort(ids) // by bytes, whatever the language of the database
	var got []dirsync.SourceID
	for _, brief := range b.scan() {
		got = append(got, brief.ID)
	}
	equal(t, "order", ids, got)
}

func testScanError(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.put(link("a", "DU1"), link("b", "DU2"))
	mine := errors.New("enough")
	visited := 0
	err := b.Scan(t.Context(), func(brief dirsync.Brief) error {
		visited++
		if got := b.load(brief.ID); len(got) != 1 { // a visitor may use the state
			t.Errorf("load while scanning found %d links", len(got))
		}
		return mine
	})
	if err != mine || visited != 1 { //nolint:errorlint // it is to come back as it is
		t.Errorf("scan visited %d links and ended with %v, want 1 and visit's own error", visited, err)
	}
}

func testLoadMany(t *testing.T, open Opener) {
	b := newBed(t, open)
	const n = 1234 // more than a few statements' parameters
	var links []dirsync.Link
	var ids []dirsync.SourceID
	for i := range n {
		links = append(links, link(dirsync.SourceID(fmt.Sprintf("id-%05d", i)), fmt.Sprintf("DU%d", i)))
		ids = append(ids, links[i].ID, dirsync.SourceID(fmt.Sprintf("nobody-%d", i)), links[i].ID)
	}
	b.put(links...)
	slices.Reverse(ids)
	got := b.load(ids...)
	slices.SortFunc(got, func(a, b dirsync.Link) int { return compareIDs(a.ID, b.ID) })
	equal(t, "links", links, got)
}

func compareIDs(a, b dirsync.SourceID) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	}
	return 0
}

func testOutcomes(t *testing.T, open Opener) {
	b := newBed(t, open)
	stays, goes, kept := link("stays", "DU1"), link("goes", "DU2"), link("kept", "DU3")
	b.put(stays, goes, kept)
	j := b.begin("second")
	b.must(j.Record(t.Context(), []dirsync.Outcome{
		{Source: "stays", Same: true},
		{Source: "goes"},
		{Source: "nobody"},
		{Source: "kept", Keep: true}, // never a removal on doubt
	}))
	equal(t, "links", []dirsync.Link{kept, stays}, b.load("stays", "goes", "kept"))
	b.must(j.Record(t.Context(), nil))
}

func testOneUser(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.put(link("a", "DU1"), link("none", ""), link("none either", ""))
	j := b.begin("second")
	if err := j.Record(t.Context(), outcomes(link("b", "DU1"))); err == nil {
		t.Error("a second person got the same Duo user")
	}
	equal(t, "links", []dirsync.Link{link("a", "DU1")}, b.load("a", "b"))

	// Handed over in one transaction, whatever the order.
	l := link("b", "DU1")
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "b", Link: &l}, {Source: "a"}}))
	equal(t, "links", []dirsync.Link{l}, b.load("a", "b"))
}

func testOrigin(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	l := link("a", "DU1")
	l.Origin = ""
	if err := j.Record(t.Context(), outcomes(l)); err == nil {
		t.Error("a link was stored without its origin, on which it hangs whether its user may be deleted")
	}
	if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "b", Link: &l}}); err == nil {
		t.Error("a link was stored for another person than its own")
	}
	equal(t, "scan", []dirsync.Brief(nil), b.scan())
}

func testRecordAtomic(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.put(link("a", "DU1"))
	j := b.begin("second")
	b.intend(j, noon, op(dirsync.Update, "a"))
	changed, clash := link("a", "DU1"), link("b", "DU1")
	changed.LetGo = dirsync.LetGoSynced
	if err := j.Record(t.Context(), outcomes(changed, clash)); err == nil {
		t.Fatal("two people got the same Duo user")
	}
	equal(t, "links", []dirsync.Link{link("a", "DU1")}, b.load("a", "b"))
	equal(t, "open intents", 1, len(b.intents()))
}
