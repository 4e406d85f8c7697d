package state_test

import (
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"duosync/state"
	dirsync "duosync/sync"
	"duosync/sync/packing"
)

// incompressible is text of so many letters, the same each time.
func incompressible(n int) string {
	random := rand.New(rand.NewPCG(1, 2))
	text := make([]byte, n)
	for i := range text {
		text[i] = 'a' + byte(random.IntN(26)) //nolint:gosec // below 26
	}
	return string(text)
}

// stepsOf gives what a run wrote down.
func stepsOf(t *testing.T, db *state.DB, run string) (steps []state.Step) {
	t.Helper()
	must(t, db.EachStep(t.Context(), run, func(s state.Step) error { steps = append(steps, s); return nil }))
	return steps
}

// textOf is what was packed.
func textOf(t *testing.T, p dirsync.Packed) string {
	t.Helper()
	in, err := packing.Open(p)
	must(t, err)
	text, err := io.ReadAll(in)
	must(t, err)
	return string(text)
}

// Whatever a link is like, it comes back as it was, however much of Duo's answer is as it was
// asked for; so does an operation.
func TestWhatIsStoredComesBack(t *testing.T) {
	db := open(t, filepath.Join(t.TempDir(), "duosync.db"))
	defer closing(t, db)
	j := begin(t, db, "first")
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.SampledFrom([]string{"", "a", "b", "Zoë \"<&>\"", "x\ny"})
		l := &dirsync.Link{ID: "id", User: rapid.SampledFrom([]string{"", "DU1"}).Draw(t, "user"), Origin: dirsync.Created, Asked: dirsync.Fields{}}
		l.Answered.ID = rapid.SampledFrom([]string{"", "DU1", "DU2"}).Draw(t, "answered id")
		for field, into := range map[string]*string{
			dirsync.FieldUsername: &l.Answered.Username, dirsync.FieldRealname: &l.Answered.Realname, dirsync.FieldFirstname: &l.Answered.Firstname,
			dirsync.FieldLastname: &l.Answered.Lastname, dirsync.FieldEmail: &l.Answered.Email, dirsync.FieldNotes: &l.Answered.Notes, dirsync.FieldStatus: &l.Answered.Status,
		} {
			if *into = value.Draw(t, field); rapid.Bool().Draw(t, "asked "+field) {
				l.Asked[field] = value.Draw(t, "asked as")
			}
		}
		if rapid.Bool().Draw(t, "more") {
			l.Answered.Aliases, l.Answered.Created = []string{"a", "", "c"}, time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
			l.Missing, l.Unmet, l.Joined = &dirsync.Missing{Why: dirsync.Gone, Reads: -1}, true, []string{"DG1"}
		}
		op := &dirsync.Op{Action: dirsync.Update, Source: "id", Username: value.Draw(t, "username"), User: l.User, Asked: l.Asked, Missing: l.Missing,
			Changes: []dirsync.Change{{Field: dirsync.FieldEmail, Before: value.Draw(t, "before"), After: value.Draw(t, "after")}, {Field: dirsync.FieldAliases, After: "a\nb"}}}
		if _, err := j.Intend(t.Context(), []*dirsync.Op{op}, time.Now()); err != nil {
			t.Fatal(err)
		}
		open, err := db.Open(t.Context())
		if err != nil || len(open) != 1 {
			t.Fatal(len(open), err)
		}
		if diff := cmp.Diff(op, open[0].Op); diff != "" {
			t.Fatalf("an operation (-want +got):\n%s", diff)
		}
		if err := j.Record(t.Context(), []dirsync.Outcome{{Source: "id", Link: l}}); err != nil {
			t.Fatal(err)
		}
		links, err := db.Load(t.Context(), []dirsync.SourceID{"id"})
		if err != nil || len(links) != 1 {
			t.Fatal(links, err)
		}
		if diff := cmp.Diff(*l, links[0]); diff != "" {
			t.Fatalf("a link (-want +got):\n%s", diff)
		}
	})
}

// What a journal of an earlier version has, which did not pack it, is read, settled and told
// as ever.
func TestJournalOfAnEarlierVersion(t *testing.T) {
	path := filepath.Join(t.TempDir(), "duosync.db")
	makeOldFile(t, path, 6)
	onFile(t, path, `
		INSERT INTO runs (id, started, outcome) VALUES ('old', '2026-03-04T05:06:07.000000000Z', '');
		INSERT INTO intents (run_id, source_id, op, at, done_at, note) VALUES
			('old', 'a', '{"Action":"disable","Username":"ann","Source":"a","User":"DU1"}', '2026-03-04T05:06:07.000000000Z', '2026-03-04T05:06:08.000000000Z', 'done'),
			('old', 'b', '{"Action":"create","Username":"bob","Source":"b"}', '2026-03-04T05:06:07.000000000Z', NULL, '')`)
	db := open(t, path)
	defer closing(t, db)
	left, err := db.Open(t.Context())
	must(t, err)
	bob := &dirsync.Op{Action: dirsync.Create, Username: "bob", Source: "b"}
	if len(left) != 1 || cmp.Diff(bob, left[0].Op) != "" {
		t.Fatalf("open: %+v", left)
	}
	must(t, begin(t, db, "new").Record(t.Context(), []dirsync.Outcome{{Source: "b", Seq: left[0].Seq, Link: link("b", "DU2")}}))
	steps := stepsOf(t, db, "old")
	if len(steps) != 2 || steps[0].Op.User != "DU1" || cmp.Diff(bob, steps[1].Op) != "" || steps[1].Done.IsZero() {
		t.Errorf("steps: %+v", steps)
	}
}

// A person takes less than 950 bytes of a state after a first run, journal and indexes among
// them.
func TestSizeOfAPerson(t *testing.T) {
	const people, most = 2000, 950
	path := filepath.Join(t.TempDir(), "duosync.db")
	db := open(t, path)
	j := begin(t, db, "20260304T050607Z-abcdef")
	for i := range people {
		id, name := dirsync.SourceID(fmt.Sprintf("%08x-1111-2222-3333-%012x", i*2654435761&0xffffffff, i)), fmt.Sprintf("user%07d", i)
		asked := dirsync.Fields{"username": name, "realname": "Somebody " + name, "firstname": "Somebody", "lastname": name, "email": name + "@example.org", "status": "active"}
		op := &dirsync.Op{Action: dirsync.Create, Source: id, Username: name, Reason: "in the directory's scope", Asked: asked}
		for _, field := range []string{"username", "realname", "firstname", "lastname", "email", "status"} {
			op.Changes = append(op.Changes, dirsync.Change{Field: field, After: asked[field]})
		}
		intend(t, j, []*dirsync.Op{op}, time.Now())
		user := fmt.Sprintf("DU%018d", i)
		must(t, j.Record(t.Context(), []dirsync.Outcome{{Source: id, Note: "done", Link: &dirsync.Link{ID: id, User: user, Origin: dirsync.Created, Asked: asked, Unmet: true,
			Answered: dirsync.Account{ID: user, Username: name, Realname: asked["realname"], Firstname: "Somebody", Lastname: name, Email: asked["email"], Status: "active", Created: time.Now().UTC().Truncate(time.Second)}}}}))
	}
	must(t, j.Finish(t.Context(), dirsync.RunEnd{Finished: time.Now(), Outcome: "applied"}))
	closing(t, db)
	info, err := os.Stat(path)
	must(t, err)
	if got := info.Size() / people; got > most {
		t.Errorf("a person takes %d bytes of a state, at most %d were meant", got, most)
	}
	t.Logf("%d bytes a person", info.Size()/people)
}
