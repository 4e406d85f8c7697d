package dirsync

import (
	"cmp"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"unicode/utf8"
)

// assemble orders operations into waves: disables first, for a leaver must not
// wait behind 10,000 creations; then updates, in which a name is freed before
// another one claims it; then what adds users; removals for good last.
func assemble(ops []*Op) *Plan {
	var first, updates, additions, last []*Op
	for _, op := range ops {
		switch {
		case op.Action == Disable, op.Action == Adopt && op.After()[FieldStatus] == StatusDisabled:
			first = append(first, op)
		case op.Action == Update, op.Action == Enable:
			updates = append(updates, op)
		case op.Action == Create, op.Action == Recreate, op.Action == Restore, op.Action == Adopt:
			additions = append(additions, op)
		default:
			last = append(last, op)
		}
	}
	plan := &Plan{}
	waves := append([][]*Op{first}, renames(updates)...)
	for _, wave := range append(waves, additions, last) {
		if len(wave) == 0 {
			continue
		}
		slices.SortFunc(wave, func(a, b *Op) int {
			return cmp.Or(cmp.Compare(FoldName(a.Username), FoldName(b.Username)), cmp.Compare(a.Source, b.Source), cmp.Compare(a.Action, b.Action))
		})
		plan.Waves = append(plan.Waves, wave)
	}
	return plan
}

// renames spreads updates over waves so that each name is free when it is
// claimed. A ring (two people swapping names) is opened by a temporary name.
func renames(updates []*Op) [][]*Op {
	byOldName := map[string]*Op{}
	for _, op := range updates {
		if FoldName(op.Name()) != FoldName(op.Username) {
			byOldName[FoldName(op.Username)] = op
		}
	}
	if len(byOldName) == 0 {
		return [][]*Op{updates}
	}
	// depth counts the renames that must come before one; -1 while it is being
	// found out, so that a ring is seen when it closes.
	depth := map[*Op]int{}
	var opened []*Op // first halves of renames that open a ring
	var visit func(op *Op) int
	visit = func(op *Op) int {
		if d, known := depth[op]; known {
			return d
		}
		depth[op] = -1
		d, name := 0, FoldName(op.Name())
		if holder := byOldName[name]; holder != nil && name != FoldName(op.Username) {
			if d = visit(holder) + 1; d == 0 {
				opened = append(opened, openRing(holder))
			}
		}
		depth[op] = d
		return d
	}
	deepest := 0
	for _, op := range updates {
		deepest = max(deepest, visit(op))
	}
	waves := make([][]*Op, 1+deepest+1)
	waves[0] = opened
	for _, op := range updates {
		waves[1+depth[op]] = append(waves[1+depth[op]], op)
	}
	return waves
}

// openRing splits a rename in two: the half that it returns takes a temporary
// name, op goes on from there.
func openRing(op *Op) *Op {
	temporary := cutRunes(op.Username, temporaryBase) + temporarySuffix(op.User)
	half := &Op{
		Action: Update, Username: op.Username, Source: op.Source, User: op.User,
		Reason:  "makes way in a ring of names",
		Changes: []Change{{Field: FieldUsername, Before: op.Username, After: temporary}},
		Asked:   Fields{FieldUsername: temporary},
	}
	op.Username = temporary
	for i := range op.Changes {
		if op.Changes[i].Field == FieldUsername {
			op.Changes[i].Before = temporary
		}
	}
	return half
}

const temporaryBase = 80 // characters of a name that its temporary one keeps

func temporarySuffix(user string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return fmt.Sprintf("~%08x", h.Sum32())
}

// formerName gives the name that a user had before a ring of renames gave it the
// temporary one.
func formerName(temporary, user string) (string, bool) {
	base, ok := strings.CutSuffix(temporary, temporarySuffix(user))
	return base, ok && utf8.RuneCountInString(base) < temporaryBase
}

func cutRunes(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}
