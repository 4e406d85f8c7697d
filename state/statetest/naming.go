package statetest

import (
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/naming"
)

// named is the account of most tests once its directory has a name.
var named = dirsync.Binding{Host: account.Host, Key: account.Key, Directories: map[string]string{"hr": account.Directory, "new": "dc=new"}}

// everything is all that a store tells of people and groups.
type everything struct {
	Meta   dirsync.Meta
	Briefs []dirsync.Brief
	Links  []dirsync.Link
	Groups []dirsync.GroupLink
	Told   map[string]dirsync.Told
	Marks  []dirsync.Mark
	Open   []dirsync.Intent
}

func (b *bed) everything(from dirsync.Store) (all everything) {
	b.t.Helper()
	var ids []dirsync.SourceID
	b.must(from.Scan(b.t.Context(), func(brief dirsync.Brief) error {
		all.Briefs, ids = append(all.Briefs, brief), append(ids, brief.ID)
		return nil
	}))
	read := func(err error) { b.must(err) }
	var err error
	all.Meta, err = from.Meta(b.t.Context())
	read(err)
	all.Links, err = from.Load(b.t.Context(), ids)
	read(err)
	all.Groups, err = from.Groups(b.t.Context())
	read(err)
	all.Told, err = from.Told(b.t.Context())
	read(err)
	all.Marks, err = from.Marks(b.t.Context())
	read(err)
	all.Open, err = from.Open(b.t.Context())
	read(err)
	return all
}

// testTakeOver: the one directory of a state gets a name. All that is known of its people and
// groups is so under it, as a dry run saw it before, and approvals have ended.
func testTakeOver(t *testing.T, open Opener) {
	b := newBed(t, open)
	if _, err := b.TakeOver(t.Context(), "hr", named); err == nil {
		t.Error("a state that belongs to nobody was taken over")
	}
	link := filled[dirsync.Link](1)
	link.ID, link.User, link.Origin = "hr/2", "DU2", dirsync.Created // an id that looks as if it had the name
	other := link
	other.ID, other.User = "1", "DU1"
	group := filled[dirsync.GroupLink](3)
	group.Sources = []dirsync.SourceID{"11", "12"}
	group.ID, group.Name, group.Origin = "DG1", "X", dirsync.Adopted
	baseline := filled[dirsync.Baseline](4)
	baseline.Directories = map[string]dirsync.Reference{"": filled[dirsync.Reference](5)}
	j := b.begin("first")
	_, err := j.Intend(t.Context(), []*dirsync.Op{{Action: dirsync.Update, Source: "1", User: "DU1", From: "9"}, {Action: dirsync.GroupUpdate, Source: "group|x", Group: &group}}, noon)
	b.must(err)
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: link.ID, Link: &link}, {Source: "x", Same: true, Group: &group}}))
	b.must(j.Record(t.Context(), []dirsync.Outcome{{Source: other.ID, Link: &other, Keep: true}}))
	told := map[string]dirsync.Told{"person|1": filled[dirsync.Told](6), "name|a": filled[dirsync.Told](7), "group|x": filled[dirsync.Told](8)}
	b.must(j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "held", Baseline: &baseline, Told: told, Holds: []dirsync.Approval{{ID: "hold", Holds: []dirsync.Hold{{Guard: "g"}}}}}))
	b.must(b.Approve(t.Context(), dirsync.Approval{ID: "hold", Until: noon.AddDate(100, 0, 0)}))

	b.must(b.Mark(t.Context(), dirsync.Mark{User: "DU1", Username: "one", Source: "1"}))

	want := b.everything(naming.Named(b, "hr", named))
	if len(want.Marks) != 1 || want.Marks[0].Source != "hr/1" {
		t.Errorf("marks %+v", want.Marks)
	}
	if n := len(want.Open); n != 2 {
		t.Fatalf("%d intents are open", n)
	}
	for _, other := range []dirsync.Binding{account, {Host: "x", Key: account.Key, Directories: named.Directories}, {Host: account.Host, Key: account.Key, Directories: map[string]string{"hr": "dc=x"}}} {
		if _, err := b.TakeOver(t.Context(), "hr", other); err == nil {
			t.Errorf("a state was taken over for %+v", other)
		}
	}
	ended, err := b.TakeOver(t.Context(), "hr", named)
	b.must(err)
	equal(t, "approvals that ended", 1, ended)
	b.reopen()
	equal(t, "the state with a name", want, b.everything(b))
	for _, brief := range want.Briefs {
		if brief.ID != "hr/1" && brief.ID != "hr/hr/2" {
			t.Errorf("a link stands under %s", brief.ID)
		}
	}
	if _, found, err := b.Hold(t.Context(), "hold"); err != nil || found {
		t.Errorf("what was held is there: %v, %v", found, err)
	}
	b.must(b.Check(t.Context(), named))
	if err := b.Check(t.Context(), account); err == nil {
		t.Error("a state with names is taken for one without")
	}
	if _, err := b.TakeOver(t.Context(), "hr", named); err == nil {
		t.Error("a state was taken over twice")
	}
}

// testDirectories: a state belongs to its directories by their names. One more is taken in by
// the run, one that is not configured stays known, and another one under a name is refused.
func testDirectories(t *testing.T, open Opener) {
	b := newBed(t, open)
	run := func(id string, directories map[string]string) error {
		binding := dirsync.Binding{Host: account.Host, Key: account.Key, Directories: directories}
		if err := b.Check(t.Context(), binding); err != nil {
			return err
		}
		j, err := b.Begin(t.Context(), dirsync.RunStart{ID: id, Started: noon, Binding: binding})
		if err != nil {
			return err
		}
		return j.Finish(t.Context(), dirsync.RunEnd{Finished: noon, Outcome: "applied"})
	}
	b.must(run("1", map[string]string{"hr": "dc=a"}))
	b.must(run("2", map[string]string{"hr": "dc=a", "students": "dc=b"}))
	b.must(run("3", map[string]string{"hr": "dc=a"}))
	equal(t, "directories", map[string]string{"hr": "dc=a", "students": "dc=b"}, b.meta().Binding.Directories)
	b.must(run("4", map[string]string{"students": "dc=b"}))
	for _, other := range []map[string]string{{"hr": "dc=b"}, {"hr": "dc=a", "students": "dc=c"}, nil} {
		if run("other", other) == nil {
			t.Errorf("the state is used with %v", other)
		}
	}
}
