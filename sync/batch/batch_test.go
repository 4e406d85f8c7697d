package batch_test

import (
	"fmt"
	"strings"
	"testing"

	dirsync "duosync/sync"
	"duosync/sync/batch"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

// wave reads operations as WAY:PERSON[:NUMBER…], the way being c, m or a.
func wave(text string) ([]*dirsync.Op, func(*dirsync.Op) batch.Way) {
	ways := map[*dirsync.Op]batch.Way{}
	var ops []*dirsync.Op
	for _, word := range strings.Fields(text) {
		parts := strings.Split(word, ":")
		op := &dirsync.Op{Source: dirsync.SourceID(parts[1]), Username: word}
		for _, number := range parts[2:] {
			op.Phones = append(op.Phones, dirsync.PhoneStep{Number: number})
		}
		if parts[1] == "group" {
			op.Group = &dirsync.GroupLink{}
		}
		ops = append(ops, op)
		ways[op] = map[string]batch.Way{"c": batch.Create, "m": batch.Change, "a": batch.Alone}[parts[0]]
	}
	return ops, func(op *dirsync.Op) batch.Way { return ways[op] }
}

func TestCut(t *testing.T) {
	for name, test := range map[string]struct {
		wave, want string
		most       batch.Most
	}{
		"nothing":                      {"", "", batch.Most{Create: 3, Change: 2}},
		"full units":                   {"c:1 c:2 c:3 c:4", "c:1 c:2 c:3 | c:4", batch.Most{Create: 3, Change: 2}},
		"ways apart":                   {"c:1 m:2 a:3 c:4 m:5 m:6", "c:1 c:4 | m:2 m:5 | a:3 | m:6", batch.Most{Create: 3, Change: 2}},
		"off":                          {"c:1 c:2 m:3", "c:1 | c:2 | m:3", batch.Most{}},
		"a size of one is off":         {"c:1 c:2 m:3 m:4", "c:1 | c:2 | m:3 m:4", batch.Most{Create: 1, Change: 2}},
		"one person in order":          {"m:1 m:1 m:2 m:2", "m:1 m:2 / m:1 m:2", batch.Most{Create: 3, Change: 2}},
		"one person, alone after":      {"m:1 a:1 m:2", "m:1 m:2 / a:1", batch.Most{Create: 3, Change: 2}},
		"a number that two give":       {"a:1:+4930 a:2:+4930 a:3:+4931", "a:1:+4930 | a:3:+4931 / a:2:+4930", batch.Most{Create: 3, Change: 2}},
		"groups one after another":     {"a:group a:group a:1", "a:group | a:1 / a:group", batch.Most{Create: 3, Change: 2}},
		"a third is not before second": {"m:1 m:1 m:1", "m:1 / m:1 / m:1", batch.Most{Change: 50}},
	} {
		t.Run(name, func(t *testing.T) {
			ops, way := wave(test.wave)
			var rounds []string
			for _, round := range batch.Cut(ops, way, test.most) {
				var units []string
				for _, unit := range round {
					var names []string
					for _, op := range unit.Ops {
						names = append(names, op.Username)
					}
					units = append(units, strings.Join(names, " "))
				}
				rounds = append(rounds, strings.Join(units, " | "))
			}
			if diff := cmp.Diff(test.want, strings.Join(rounds, " / ")); diff != "" {
				t.Error(diff)
			}
		})
	}
}

// TestCutLosesNobody has every operation go once, no unit too large, no two of a round
// about the same, and those about the same in their order.
func TestCutLosesNobody(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var words []string
		for range rapid.IntRange(0, 60).Draw(t, "operations") {
			word := rapid.SampledFrom([]string{"c", "m", "a"}).Draw(t, "way") + ":" + fmt.Sprint(rapid.IntRange(0, 20).Draw(t, "person"))
			if rapid.IntRange(0, 3).Draw(t, "phone?") == 0 {
				word += fmt.Sprint(":+", rapid.IntRange(0, 3).Draw(t, "number"))
			}
			words = append(words, word)
		}
		ops, way := wave(strings.Join(words, " "))
		most := batch.Most{Create: rapid.IntRange(0, 9).Draw(t, "creates"), Change: rapid.IntRange(0, 9).Draw(t, "changes")}
		var all []*dirsync.Op
		for _, round := range batch.Cut(ops, way, most) {
			persons, numbers := map[dirsync.SourceID]bool{}, map[string]bool{}
			for _, unit := range round {
				if size := map[batch.Way]int{batch.Alone: 1, batch.Create: most.Create, batch.Change: most.Change}[unit.Way]; len(unit.Ops) > size {
					t.Fatalf("%d operations in a unit of at most %d", len(unit.Ops), size)
				}
				for _, op := range unit.Ops {
					if persons[op.Source] || len(op.Phones) > 0 && numbers[op.Phones[0].Number] {
						t.Fatalf("two of a round are about the same as %s", op.Username)
					}
					persons[op.Source] = true
					if len(op.Phones) > 0 {
						numbers[op.Phones[0].Number] = true
					}
					all = append(all, op)
				}
			}
		}
		at := map[*dirsync.Op]int{}
		for i, op := range all {
			at[op] = i
		}
		if len(at) != len(ops) || len(all) != len(ops) {
			t.Fatalf("%d of %d operations go", len(all), len(ops))
		}
		for i, a := range ops {
			for _, b := range ops[i+1:] {
				same := a.Source == b.Source || len(a.Phones) > 0 && len(b.Phones) > 0 && a.Phones[0].Number == b.Phones[0].Number
				if same && at[a] > at[b] {
					t.Fatalf("%s goes after %s", a.Username, b.Username)
				}
			}
		}
	})
}
