package statetest

import (
	"context"
	"testing"
	"time"

	dirsync "duosync/sync"
)

func testIntents(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.intend(j, noon, op(dirsync.Create, "b"), op(dirsync.Create, "a"))
	b.intend(j, noon)
	intents := b.intents()
	equal(t, "actions", []string{"create b", "create a"}, actions(intents))
	if intents[0].Seq <= 0 || intents[0].Seq >= intents[1].Seq {
		t.Errorf("places in the journal %d, %d do not grow", intents[0].Seq, intents[1].Seq)
	}
	b.must(j.Record(t.Context(), outcomes(link("b", "DU1"))))
	equal(t, "actions", []string{"create a"}, actions(b.intents()))
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true, Note: "refused \x00 \xff"}})) // whatever a server said
	equal(t, "actions", []string(nil), actions(b.intents()))
	b.must(j.Record(t.Context(), outcomes(link("c", "DU2")))) // an outcome needs no intent
	equal(t, "links", 2, len(b.scan()))
}

func testIntentsWhole(t *testing.T, open Opener) {
	b := newBed(t, open)
	full, bare := filled[dirsync.Op](1), dirsync.Op{Action: dirsync.Create, Source: "bare"}
	full.Source = "full"
	at := noon.In(time.FixedZone("Duo's", 3600))
	j := b.begin("first")
	b.intend(j, at, &full, &bare)
	b.reopen()
	intents := b.intents()
	if len(intents) != 2 {
		t.Fatalf("%d intents, want 2", len(intents))
	}
	equal(t, "an operation with all fields", &full, intents[0].Op)
	equal(t, "an operation with few fields", &bare, intents[1].Op)
	for i, op := range []*dirsync.Op{&full, &bare} { // what was approved is told by it
		equal(t, "its key", op.Key(), intents[i].Op.Key())
	}
	if !intents[0].At.Equal(at) {
		t.Errorf("at %v, want %v", intents[0].At, at)
	}
}

func testNewestIntent(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.intend(j, noon, op(dirsync.Update, "a"))
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Keep: true}}))
	b.intend(j, noon, op(dirsync.Disable, "a"))
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
	equal(t, "open", []string{"update a"}, actions(b.intents()))
}

func testCrash(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("killed")
	b.intend(j, noon, op(dirsync.Create, "a"), op(dirsync.Create, "b"))
	b.must(j.Record(t.Context(), outcomes(link("b", "DU2"))))
	left := b.intents()
	b.reopen()
	equal(t, "what the killed run left", left, b.intents())
	equal(t, "what it had recorded", []dirsync.Link{link("b", "DU2")}, b.load("a", "b"))

	j = b.begin("next")
	b.intend(j, noon, op(dirsync.Update, "a"))
	// Without a place in the journal it is this run's intent that is meant.
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true}}))
	equal(t, "open", left, b.intents())
	if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "b", Seq: left[0].Seq, Same: true}}); err == nil {
		t.Error("one person's outcome closed the intent of another")
	}
	a := link("a", "DU1")
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Seq: left[0].Seq, Link: &a}}))
	equal(t, "open", []string(nil), actions(b.intents()))
	equal(t, "links", []dirsync.Link{a, link("b", "DU2")}, b.load("a", "b"))
	if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Seq: left[0].Seq, Same: true}}); err == nil {
		t.Error("an intent was closed twice")
	}
}

func testKeep(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.intend(j, noon, op(dirsync.Create, "a"))
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Same: true, Keep: true, Note: "no reply"}}))
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "partial"}))
	b.reopen()
	open1 := b.intents()
	equal(t, "open", []string{"create a"}, actions(open1))

	j = b.begin("second")
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: "a", Seq: open1[0].Seq, Same: true, Keep: true}}))
	equal(t, "open after another try", open1, b.intents())
}

func testRunOver(t *testing.T, open Opener) {
	b := newBed(t, open)
	first := b.begin("first")
	b.must(first.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "applied"}))
	abandoned := b.begin("abandoned")
	b.intend(abandoned, noon, op(dirsync.Update, "a"))
	b.begin("last")

	for name, j := range map[string]dirsync.Journal{"finished": first, "abandoned": abandoned} {
		if _, err := j.Intend(t.Context(), []*dirsync.Op{op(dirsync.Delete, "a")}, noon); err == nil {
			t.Errorf("a %s run could still intend", name)
		}
		if err := j.Record(t.Context(), outcomes(link("a", "DU1"))); err == nil {
			t.Errorf("a %s run could still record", name)
		}
		if err := j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "applied"}); err == nil {
			t.Errorf("a %s run could still finish", name)
		}
	}
	equal(t, "open", []string{"update a"}, actions(b.intents()))
	equal(t, "links", []dirsync.Link(nil), b.load("a"))
	if _, err := b.Begin(t.Context(), dirsync.RunStart{ID: "first", Started: noon, Binding: account}); err == nil {
		t.Error("two runs have the same id")
	}
}

func testBroken(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	b.intend(j, noon, op(dirsync.Create, "a"))
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := j.Intend(gone, []*dirsync.Op{op(dirsync.Create, "b")}, noon); err == nil {
		t.Error("an intent was taken although its context was done")
	}
	if _, err := j.Intend(t.Context(), []*dirsync.Op{op(dirsync.Create, "c")}, noon); err == nil {
		t.Error("an intent was taken after one had failed")
	}
	// What has happened is still taken down, and so is the end.
	b.must(j.Record(t.Context(), outcomes(link("a", "DU1"))))
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "failed"}))
	equal(t, "open", []string(nil), actions(b.intents()))
	equal(t, "links", []dirsync.Link{link("a", "DU1")}, b.load("a", "b", "c"))
}

// actions shortens intents to their actions and people.
func actions(intents []dirsync.Intent) []string {
	var all []string
	for _, in := range intents {
		all = append(all, string(in.Op.Action)+" "+string(in.Op.Source))
	}
	return all
}
