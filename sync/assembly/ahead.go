package assembly

import dirsync "duosync/sync"

// Ahead counts the people of whom something is still to be done while a plan is carried out.
type Ahead struct {
	single int                      // with one operation
	left   map[dirsync.SourceID]int // operations of those who have several
	total  int
}

// NewAhead counts the people of some operations; several are all those of people who have more
// than one.
func NewAhead(ops []*dirsync.Op, several map[dirsync.SourceID][]*dirsync.Op) Ahead {
	a := Ahead{left: make(map[dirsync.SourceID]int, len(several))}
	for id, some := range several {
		if !some[0].OnGroup() {
			a.left[id] = len(some)
		}
	}
	for _, op := range ops {
		if !op.OnGroup() && a.left[op.Source] == 0 {
			a.single++
		}
	}
	a.total = a.single + len(a.left)
	return a
}

// Total is how many people there were.
func (a *Ahead) Total() int { return a.total }

// Done is of how many of them nothing is to be done any more.
func (a *Ahead) Done() int { return a.total - a.single - len(a.left) }

// Passed counts an operation of which it was not known before what becomes of it.
func (a *Ahead) Passed(o *dirsync.Operation) *dirsync.Operation {
	if o.Result == dirsync.ResultPlanned {
		a.one(o.Op)
	}
	return o
}

func (a *Ahead) one(op *dirsync.Op) {
	switch left, several := a.left[op.Source]; {
	case op.OnGroup():
	case !several:
		a.single--
	case left > 1:
		a.left[op.Source] = left - 1
	default:
		delete(a.left, op.Source)
	}
}

// Without passes over those of all that a wave, in the same order, is carried out without.
func (a *Ahead) Without(all, wave []*dirsync.Op) []*dirsync.Op {
	next := 0
	for _, op := range all {
		if next < len(wave) && wave[next] == op {
			next++
		} else {
			a.one(op)
		}
	}
	return wave
}
