package ldapsrc

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	dirsync "duosync/sync"
)

// An id that came before is known, with its base, and no other one is.
func TestSightings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		bases := rapid.IntRange(1, 3).Draw(t, "bases")
		s, model := newSightings(bases), map[dirsync.SourceID]int{}
		for range rapid.IntRange(0, 5000).Draw(t, "ids") {
			id := dirsync.SourceID(fmt.Sprint(rapid.IntRange(0, 20_000).Draw(t, "id")))
			base := rapid.IntRange(0, bases-1).Draw(t, "base")
			want, known := model[id]
			before, again := s.note(id, base)
			if again != known || before != want {
				t.Fatalf("%s: %d, %v; want %d, %v", id, before, again, want, known)
			}
			if !known {
				model[id] = base
			}
		}
	})
}
