package assembly

import (
	"fmt"
	"hash/fnv"
	"strings"
	"unicode/utf8"

	dirsync "duosync/sync"
)

// renames spreads updates over waves so that each name is free when it is
// claimed. A ring (two people swapping names) is opened by a temporary name.
func renames(updates []*dirsync.Op) [][]*dirsync.Op {
	byOldName := map[string]*dirsync.Op{}
	for _, op := range updates {
		if dirsync.FoldName(op.Name()) != dirsync.FoldName(op.Username) {
			byOldName[dirsync.FoldName(op.Username)] = op
		}
	}
	if len(byOldName) == 0 {
		return [][]*dirsync.Op{updates}
	}
	// depth counts the renames that must come before one; -1 while it is being
	// found out, so that a ring is seen when it closes.
	depth := map[*dirsync.Op]int{}
	var opened []*dirsync.Op // first halves of renames that open a ring
	var visit func(op *dirsync.Op) int
	visit = func(op *dirsync.Op) int {
		if d, known := depth[op]; known {
			return d
		}
		depth[op] = -1
		d, name := 0, dirsync.FoldName(op.Name())
		if holder := byOldName[name]; holder != nil && name != dirsync.FoldName(op.Username) {
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
	waves := make([][]*dirsync.Op, 1+deepest+1)
	waves[0] = opened
	for _, op := range updates {
		waves[1+depth[op]] = append(waves[1+depth[op]], op)
	}
	return waves
}

// openRing splits a rename in two: the half that it returns takes a temporary
// name, op goes on from there.
func openRing(op *dirsync.Op) *dirsync.Op {
	temporary := cutRunes(op.Username, temporaryBase) + temporarySuffix(op.User)
	half := &dirsync.Op{
		Action: dirsync.Update, Username: op.Username, Source: op.Source, User: op.User,
		Reason:  "makes way in a ring of names",
		Changes: []dirsync.Change{{Field: dirsync.FieldUsername, Before: op.Username, After: temporary}},
		Asked:   dirsync.Fields{dirsync.FieldUsername: temporary},
	}
	op.Username = temporary
	for i := range op.Changes {
		if op.Changes[i].Field == dirsync.FieldUsername {
			op.Changes[i].Before = temporary
		}
	}
	return half
}

// BackToFormer makes of an update with a rename out of a temporary name one that only gives
// the user the name from before.
func BackToFormer(op *dirsync.Op) {
	former, _ := FormerName(op.Username, op.User)
	op.Reason = "goes back to the former name, for the ring of names broke"
	op.Changes = []dirsync.Change{{Field: dirsync.FieldUsername, Before: op.Username, After: former}}
	op.Asked = dirsync.Fields{dirsync.FieldUsername: former}
}

const temporaryBase = 80 // characters of a name that its temporary one keeps

func temporarySuffix(user string) string {
	h := fnv.New32a()
	_, _ = h.Write([]byte(user))
	return fmt.Sprintf("~%08x", h.Sum32())
}

// FormerName gives the name that a user had before a ring of renames gave it the
// temporary one.
func FormerName(temporary, user string) (string, bool) {
	base, ok := strings.CutSuffix(temporary, temporarySuffix(user))
	return base, ok && utf8.RuneCountInString(base) < temporaryBase
}

func cutRunes(s string, most int) string {
	if runes := []rune(s); len(runes) > most {
		return string(runes[:most])
	}
	return s
}
