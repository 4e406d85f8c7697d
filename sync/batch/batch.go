// Package batch decides which operations of a wave go to Duo together, and which may be
// under way at once. It knows neither Duo's calls nor what they answer.
package batch

import dirsync "duosync/sync"

// Way is how an operation may go.
type Way int

// The ways.
const (
	Alone  Way = iota // by itself
	Create            // with others that make users
	Change            // with others that change users, or make some
)

// Most is how many operations go together, by their way; less than 2: each alone.
type Most struct{ Create, Change int }

// Unit are operations that go together: one, or several of one way.
type Unit struct {
	Way Way
	Ops []*dirsync.Op
}

// Each gives the operations of a wave one by one, in their order.
func Each(wave []*dirsync.Op) []Unit {
	units := make([]Unit, len(wave))
	for i, op := range wave {
		units[i] = Unit{Ops: []*dirsync.Op{op}}
	}
	return units
}

// Cut divides a wave into rounds, one after another, of units that may be under way at
// once: no two of a round are about the same person, user or phone number, or about groups,
// and such operations keep their order from round to round. Units are in the order of their
// first operations.
func Cut(wave []*dirsync.Op, way func(*dirsync.Op) Way, most Most) [][]Unit {
	var rounds []*round
	last := make(map[key]int, len(wave)) // the round after the last operation about it
	for _, op := range wave {
		n, about := 0, keys(op)
		for _, k := range about {
			n = max(n, last[k])
		}
		for _, k := range about {
			last[k] = n + 1
		}
		if n == len(rounds) {
			rounds = append(rounds, &round{open: map[Way]int{}})
		}
		rounds[n].add(op, way(op), most)
	}
	all := make([][]Unit, len(rounds))
	for i, r := range rounds {
		all[i] = r.units
	}
	return all
}

// round is one that is being filled.
type round struct {
	units []Unit
	open  map[Way]int // the place of the unit, from 1, that takes more
}

func (r *round) add(op *dirsync.Op, way Way, most Most) {
	size := 1
	switch way {
	case Create:
		size = most.Create
	case Change:
		size = most.Change
	}
	if size < 2 {
		way = Alone
	}
	if i := r.open[way]; way != Alone && i > 0 && len(r.units[i-1].Ops) < size {
		r.units[i-1].Ops = append(r.units[i-1].Ops, op)
		return
	}
	r.units = append(r.units, Unit{Way: way, Ops: []*dirsync.Op{op}})
	r.open[way] = len(r.units)
}

// key is something that two operations at once must not be about.
type key struct{ kind, name string }

func keys(op *dirsync.Op) []key {
	if op.OnGroup() {
		return []key{{kind: "groups"}}
	}
	all := []key{{"person", string(op.Source)}}
	if op.User != "" {
		all = append(all, key{"user", op.User})
	}
	for i := range op.Phones {
		all = append(all, key{"number", op.Phones[i].Text()})
	}
	return all
}
