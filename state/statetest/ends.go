package statetest

import (
	"encoding/json"
	"testing"
	"time"

	dirsync "duosync/sync"
)

func testFinish(t *testing.T, open Opener) {
	b := newBed(t, open)
	baseline := filled[dirsync.Baseline](1)
	told := map[string]dirsync.Told{"conflict": filled[dirsync.Told](2)}
	b.run("good", dirsync.RunEnd{Baseline: &baseline, Refreshed: noon, Told: told})
	b.reopen()
	want := dirsync.Meta{Binding: &account, Baseline: &baseline, Refreshed: noon}
	equal(t, "meta", want, b.meta())

	b.run("held", dirsync.RunEnd{Outcome: "held", Report: []byte(`{}`)})
	equal(t, "meta after a run that set nothing", want, b.meta())
	got, err := b.Told(t.Context())
	b.must(err)
	equal(t, "told after a run that set nothing", told, got)

	later := noon.Add(time.Hour)
	b.run("good again", dirsync.RunEnd{Baseline: &dirsync.Baseline{At: later}, Refreshed: later})
	want.Baseline, want.Refreshed = &dirsync.Baseline{At: later}, later
	equal(t, "meta after the next good run", want, b.meta())
}

func testNoOutcome(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	if err := j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Refreshed: noon}); err == nil {
		t.Error("a run ended without an outcome")
	}
	equal(t, "meta", dirsync.Meta{}, b.meta())
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "applied"}))
}

func testTold(t *testing.T, open Opener) {
	b := newBed(t, open)
	one, two, three := filled[dirsync.Told](1), filled[dirsync.Told](2), dirsync.Told{Hash: 1<<64 - 1}
	for i, told := range []map[string]dirsync.Told{
		{"a": one, "b": two},
		{"a": one, "b": three, "c": one},
		{"b": three},
		{},
	} {
		b.run("run "+string(rune('0'+i)), dirsync.RunEnd{Told: told})
		got, err := b.Told(t.Context())
		b.must(err)
		equal(t, "told", told, got)
	}
}

// What was told by one channel says nothing of another one, and runs leave it alone.
func testNotified(t *testing.T, open Opener) {
	b := newBed(t, open)
	notified := func(want map[string]json.RawMessage) {
		t.Helper()
		got, err := b.Notified(t.Context())
		b.must(err)
		equal(t, "what channels have taken", want, got)
	}
	notified(nil)
	first, later, mail := json.RawMessage(`{"held":{"since":"2026-03-04T12:00:00Z"}}`), json.RawMessage(`{}`), json.RawMessage(`{"people":["Ärztin"]}`)
	b.must(b.Notify(t.Context(), "webhook", first))
	b.must(b.Notify(t.Context(), "email", mail))
	b.reopen()
	notified(map[string]json.RawMessage{"webhook": first, "email": mail})
	b.must(b.Notify(t.Context(), "webhook", later))
	b.run("a run", dirsync.RunEnd{Told: map[string]dirsync.Told{}})
	notified(map[string]json.RawMessage{"webhook": later, "email": mail})
}

func testBinding(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	if bound := b.meta().Binding; bound != nil {
		t.Errorf("bound to %v before anything was sent", *bound)
	}
	b.intend(j, noon, op(dirsync.Create, "a"))
	b.reopen()
	equal(t, "binding", &account, b.meta().Binding)
	b.must(b.Check(t.Context(), account))

	host, key, dir := account, account, account
	host.Host, key.Key, dir.Directory = "api-5678.duosecurity.com", "OTHER", "dc=other"
	for _, other := range []dirsync.Binding{host, key, dir} {
		if err := b.Check(t.Context(), other); err == nil || dirsync.Hint(err) == "" {
			t.Errorf("%v was taken for %v (error %v)", other, account, err)
		}
		if _, err := b.Begin(t.Context(), dirsync.RunStart{ID: "other", Started: noon, Binding: other}); err == nil {
			t.Errorf("a run for %v began in the state of %v", other, account)
		}
	}
	b.must(b.Rebind(t.Context(), key))
	b.must(b.Check(t.Context(), key))
	if err := b.Check(t.Context(), account); err == nil {
		t.Error("the old key is still good after the state was bound to a new one")
	}
}

func testBindingFailedRun(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.run("mistyped host", dirsync.RunEnd{Outcome: "failed"})
	if bound := b.meta().Binding; bound != nil {
		t.Errorf("a failed run bound the state to %v", *bound)
	}
	b.run("nothing to do", dirsync.RunEnd{Outcome: "no-changes"})
	equal(t, "binding", &account, b.meta().Binding)
}
