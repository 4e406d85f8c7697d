package people

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"duosync/state"
	dirsync "duosync/sync"
)

func linked(id, username, name, mail string) dirsync.Link {
	return dirsync.Link{ID: dirsync.SourceID(id), User: "DU" + id, Origin: dirsync.Created, Answered: dirsync.Account{ID: "DU" + id, Username: username, Realname: name, Email: mail, Status: dirsync.StatusActive}}
}

func snapshotOf(links ...dirsync.Link) *Snapshot {
	slices.SortFunc(links, func(a, b dirsync.Link) int { return strings.Compare(string(a.ID), string(b.ID)) })
	d := &draft{}
	for i := range links {
		d.add(&links[i], links[i].Answered.Hash(), nil)
	}
	return d.done(time.Now())
}

// TestFind: by name, mail, username, alias and id, whole or in part, the best first.
func TestFind(t *testing.T) {
	aliased := linked("5e", "wlopez", "Will Lopez", "w@example.org")
	aliased.Answered.Aliases = []string{"", "Will.Power"}
	s := snapshotOf(linked("1a", "ann", "Ann Silva", "silva@example.org"), linked("2b", "joanna", "Jo Anna", "ja@example.org"), linked("3c", "silva", "Zoë ÅNGSTRÖM", "z@example.org"),
		linked("4d", "annika", "Annika\tBond", "bond@example.com"), aliased, linked("6f", "mali", "محمد علي", "m@example.org"))
	for query, want := range map[string][]string{
		"ann":              {"1a", "4d", "2b"}, // the very name, then what begins so, then the rest
		"ANN":              {"1a", "4d", "2b"},
		"silva":            {"3c", "1a"},
		"ann silva":        {"1a"},
		"silva ann":        {"1a"},
		"silva@":           {"1a"},
		"z@example.org":    {"3c"},
		"ångström":         {"3c"},
		"annika bond":      {"4d"},
		"  annika   bond ": {"4d"},
		"will.power":       {"5e"},
		"DU6f":             {"6f"},
		"du6F":             {"6f"},
		"محمد":             {"6f"},
		"nobody":           nil,
		"\n":               {"1a", "4d", "2b", "6f", "3c", "5e"}, // all, by username
		"ann\nsilva":       {"1a"},
		`%_*'"<script>`:    nil,
	} {
		ids, total := s.Find(Query{Text: query, Most: 10})
		var got []string
		for _, id := range ids {
			got = append(got, string(id))
		}
		if !slices.Equal(got, want) || total != len(want) {
			t.Errorf("%q: %v (%d), want %v", query, got, total, want)
		}
	}
}

// TestFindInParts: pages put together are the whole list, and nobody is found whom no word fits.
func TestFindInParts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[ab]{0,3}`)
		var links []dirsync.Link
		for i := range rapid.IntRange(0, 30).Draw(t, "people") {
			l := linked(fmt.Sprintf("%03d", i), word.Draw(t, "username"), word.Draw(t, "first")+" "+word.Draw(t, "last"), word.Draw(t, "mail")+"@x")
			l.Answered.Enrolled = rapid.Bool().Draw(t, "enrolled")
			l.Answered.Status = rapid.SampledFrom([]string{dirsync.StatusActive, dirsync.StatusBypass, dirsync.StatusDisabled}).Draw(t, "status")
			if rapid.Bool().Draw(t, "missing") {
				l.Missing = &dirsync.Missing{}
			}
			links = append(links, l)
		}
		s := snapshotOf(links...)
		text, standing := word.Draw(t, "text"), rapid.SampledFrom([]Standing{Anyhow, Active, Unenrolled, Disabled}).Draw(t, "standing")
		never := 0
		for i := range links {
			if links[i].NeverEnrolled() {
				never++
			}
		}
		if s.Unenrolled() != never {
			t.Fatalf("%d never enrolled, want %d", s.Unenrolled(), never)
		}
		whole, total := s.Find(Query{Text: text, Standing: standing, Most: 1000})
		if len(whole) != total {
			t.Fatalf("%d of %d", len(whole), total)
		}
		var parts []dirsync.SourceID
		for skip := 0; ; skip += 4 {
			some, n := s.Find(Query{Text: text, Standing: standing, Skip: skip, Most: 4})
			if n != total {
				t.Fatalf("%d in all, and then %d", total, n)
			}
			if len(some) == 0 {
				break
			}
			parts = append(parts, some...)
		}
		if !slices.Equal(whole, parts) {
			t.Fatalf("%v in parts is %v", whole, parts)
		}
		for i := range links {
			l := &links[i]
			fits := strings.Contains(strings.Join([]string{l.Answered.Username, l.Answered.Realname, l.Answered.Email, strings.ToLower(l.User)}, "\n"), text)
			is := StandingOfLink(l)
			fits = fits && (standing == Anyhow || standing == is || standing == Unenrolled && l.NeverEnrolled())
			if slices.Contains(whole, l.ID) != fits {
				t.Fatalf("%s %q: found %v, fits %v", l.ID, text, !fits, fits)
			}
		}
	})
}

func TestWords(t *testing.T) {
	for _, s := range Standings() {
		if StandingOf(s.String()) != s {
			t.Errorf("%d", s)
		}
	}
	if StandingOf("else") != Anyhow || StandingOf("") != Anyhow {
		t.Error("a word that is none")
	}
}

// FuzzFind: whatever is asked for, and whatever people are called.
func FuzzFind(f *testing.F) {
	f.Add("ann", "Ann", "a@x", "ann")
	f.Add("\n", "\n\n", "\x00", "\xff")
	f.Fuzz(func(t *testing.T, text, username, name, mail string) {
		s := snapshotOf(linked("1", username, name, mail), linked("2", name, mail, username))
		if ids, total := s.Find(Query{Text: text, Most: 5}); total != len(ids) || total > 2 {
			t.Errorf("%v, %d", ids, total)
		}
	})
}

// TestKeeper: the index is made in the background, kept up with what was written, and made
// anew for another state; a state that can't be read leaves what was known.
func TestKeeper(t *testing.T) {
	path := filepath.Join(t.TempDir(), "state.db")
	binding := dirsync.Binding{Host: "api-1.example.org", Key: "DI", Directory: "dc=x"}
	write := func(run string, links map[dirsync.SourceID]*dirsync.Link) {
		t.Helper()
		db, err := state.Open(t.Context(), path, state.Options{})
		if err != nil {
			t.Fatal(err)
		}
		j, err := db.Begin(t.Context(), dirsync.RunStart{ID: run, Started: time.Now(), Binding: binding})
		if err != nil {
			t.Fatal(err)
		}
		var all []dirsync.Outcome
		for id, l := range links {
			all = append(all, dirsync.Outcome{Source: id, Link: l})
		}
		if err := errors.Join(j.Record(t.Context(), all), db.Close()); err != nil {
			t.Fatal(err)
		}
	}
	links := map[dirsync.SourceID]*dirsync.Link{}
	for i := range 3 * page {
		l := linked(fmt.Sprintf("%05d", i), fmt.Sprintf("user%d", i), "Somebody", "s@example.org")
		links[l.ID] = &l
	}
	write("one", links)
	loads, fail := 0, error(nil)
	from := Source{Of: "a", Stamp: "1", Busy: func() bool { return false }, Glance: func(ctx context.Context, look func(*state.DB) error) error {
		if loads++; fail != nil {
			return fail
		}
		return state.Glance(ctx, path, look)
	}}
	var k Keeper
	settle := func() *Snapshot {
		t.Helper()
		for range 2000 {
			s, progress := k.Ask(t.Context(), from)
			if progress == nil {
				return s
			}
			time.Sleep(5 * time.Millisecond)
		}
		t.Fatal("the index is never there")
		return nil
	}
	if s, progress := k.Ask(t.Context(), from); s != nil || progress == nil {
		t.Error("the index was there at once")
	}
	if s := settle(); s.Len() != len(links) {
		t.Fatalf("%d people", s.Len())
	}
	changed, gone := linked("00007", "renamed", "Ann Other", "new@example.org"), dirsync.SourceID("00008")
	write("two", map[dirsync.SourceID]*dirsync.Link{"00007": &changed, gone: nil})
	before := loads
	if s := settle(); s.Len() != len(links) || loads != before {
		t.Errorf("it was read anew though nobody said that it was written")
	}
	from.Stamp, k.rest = "2", time.Time{}
	s := settle()
	if ids, _ := s.Find(Query{Text: "renamed", Most: 2}); !slices.Equal(ids, []dirsync.SourceID{"00007"}) || s.Len() != len(links)-1 {
		t.Errorf("after a run: %v of %d", ids, s.Len())
	}
	if ids, _ := s.Find(Query{Text: "user7", Most: 2}); slices.Contains(ids, "00007") {
		t.Error("the former name is found")
	}
	if made := loads - before; made > 3 {
		t.Errorf("%d glances for one who changed", made)
	}
	from.Stamp, k.rest, fail = "3", time.Time{}, errors.New("broken")
	if s := settle(); s == nil || s.Len() != len(links)-1 {
		t.Error("what was known is gone")
	}
	from.Of, fail = "b", nil
	if s, progress := k.Ask(t.Context(), from); s != nil || progress == nil {
		t.Error("another state shows the people of the first")
	}
	settle()
}

// TestBusy: while a run is under way an index that is there stays as it is.
func TestBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := Keeper{now: snapshotOf(linked("1", "a", "b", "c")), of: "a", stamp: "1"}
		from := Source{Of: "a", Stamp: "2", Busy: func() bool { return true }, Glance: func(context.Context, func(*state.DB) error) error {
			t.Error("the state is read")
			return nil
		}}
		if s, progress := k.Ask(t.Context(), from); s == nil || progress != nil {
			t.Error(s, progress)
		}
	})
}

func BenchmarkFind(b *testing.B) {
	var links []dirsync.Link
	for i := range 100_000 {
		links = append(links, linked(fmt.Sprintf("%036d", i), fmt.Sprintf("user%06d", i), fmt.Sprintf("First%d Last%d", i%97, i%1013), fmt.Sprintf("user%06d@example.org", i)))
	}
	s := snapshotOf(links...)
	for b.Loop() {
		s.Find(Query{Text: "last7", Most: 50})
	}
	b.ReportMetric(float64(len(s.text)+24*len(s.records)+4*len(s.byName))/float64(s.Len()), "B/person")
}
