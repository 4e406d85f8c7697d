package statetest

import (
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

func testBinding(t *testing.T, open Opener) {
	b := newBed(t, open)
	j := b.begin("first")
	if bound := b.meta().Binding; bound != nil {
		t.Errorf("bound to %v before anything was sent", *bound)
	}
	b.must(j.Intend(t.Context(), []*dirsync.Op{op(dirsync.Create, "a")}, noon))
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

func testApprovalOnce(t *testing.T, open Opener) {
	b := newBed(t, open)
	given := filled[dirsync.Approval](1)
	given.ID, given.Until = "a1", noon.Add(time.Hour)
	exact := dirsync.Approval{ID: "a2", Until: noon.Add(time.Minute)} // Keys is nil
	b.must(b.Approve(t.Context(), exact))
	b.must(b.Approve(t.Context(), given))
	b.reopen()
	got := b.approvals(noon)
	equal(t, "approvals", []dirsync.Approval{given, exact}, got)
	if len(got) == 2 && got[1].Keys != nil {
		t.Error("an approval of the very same operations came back as one of none")
	}

	j := b.begin("first")
	if err := j.Consume(t.Context(), []string{"a1", "unknown"}); err == nil {
		t.Error("an approval was used that was never given")
	}
	equal(t, "approvals after a failed use", 2, len(b.approvals(noon)))

	j = b.begin("second")
	b.must(j.Consume(t.Context(), []string{"a1"}))
	b.must(j.Consume(t.Context(), nil))
	equal(t, "approvals after one was used", []dirsync.Approval{exact}, b.approvals(noon))
	if err := j.Consume(t.Context(), []string{"a1"}); err == nil {
		t.Error("an approval was used twice")
	}
	if _, found, err := b.Hold(t.Context(), "a1"); found || err == nil {
		t.Errorf("a used approval: found %v, error %v", found, err)
	}
}

func testApprovalExpires(t *testing.T, open Opener) {
	b := newBed(t, open)
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "a", Until: noon}))
	equal(t, "just before", 1, len(b.approvals(noon.Add(-time.Nanosecond))))
	equal(t, "at its end", 0, len(b.approvals(noon)))
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "a", Until: noon.Add(time.Hour)}))
	equal(t, "given anew", 1, len(b.approvals(noon)))
}

func testHold(t *testing.T, open Opener) {
	b := newBed(t, open)
	held := dirsync.Approval{ID: "h", Keys: []string{"k1", "k2"}, Guards: []string{"max_remove"}}
	b.run("held", dirsync.RunEnd{Outcome: "held", Hold: &held})
	b.reopen()
	got, found, err := b.Hold(t.Context(), "h")
	b.must(err)
	if !found {
		t.Fatal("what was held is not found")
	}
	equal(t, "hold", held, *got)
	equal(t, "a hold is no approval", []dirsync.Approval(nil), b.approvals(noon))
	j := b.begin("hasty")
	if err := j.Consume(t.Context(), []string{"h"}); err == nil {
		t.Error("a hold was used without an approval")
	}

	got.Until = noon.Add(time.Hour)
	b.must(b.Approve(t.Context(), *got))
	equal(t, "approvals", []dirsync.Approval{*got}, b.approvals(noon))
}

func testHoldAgain(t *testing.T, open Opener) {
	b := newBed(t, open)
	a := dirsync.Approval{ID: "h", Keys: []string{"k"}, Until: noon.Add(time.Hour)}
	b.must(b.Approve(t.Context(), a))
	j := b.begin("uses it")
	b.must(j.Consume(t.Context(), []string{"h"}))
	again := dirsync.Approval{ID: "h", Keys: []string{"k", "l"}}
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "held", Hold: &again}))
	equal(t, "approvals", []dirsync.Approval(nil), b.approvals(noon))
	got, found, err := b.Hold(t.Context(), "h")
	b.must(err)
	if !found {
		t.Fatal("the new hold is not found")
	}
	equal(t, "hold", again, *got)
}

func testHoldApproved(t *testing.T, open Opener) {
	b := newBed(t, open)
	a := dirsync.Approval{ID: "h", Until: noon.Add(time.Hour)}
	b.must(b.Approve(t.Context(), a))
	b.run("held all the same", dirsync.RunEnd{Outcome: "held", Hold: &dirsync.Approval{ID: "h", Keys: []string{"k"}}})
	got := b.approvals(noon)
	equal(t, "approvals", []dirsync.Approval{a}, got)
	if len(got) == 1 && got[0].Keys != nil {
		t.Error("a hold widened an approval that was given")
	}
}
