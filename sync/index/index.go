// Package index keeps what a run must know of every link in as little memory as it takes:
// records of one size, without a pointer in them, so that the garbage collector has nothing
// to look at, and a table of hashes by which they are found. A hundred thousand links take
// some 7 MiB.
package index

import (
	"hash/maphash"

	dirsync "duosync/sync"
)

// Index holds briefs, by their place in the order in which they came. The zero value is
// empty.
type Index struct {
	pages []*[perPage]record
	n     int     // places that were given, those of links that were dropped among them
	links int     // links that there are
	table []int32 // by hash of the id: a place and 1; 0 for none
	odd   []string
	seed  maphash.Seed
}

const perPage = 1024

// record is a brief.
type record struct {
	asked, answered, seen dirsync.Hash
	id                    [16]byte // packed, see pack; or the place in odd
	user                  [20]byte // the text, or the place in odd
	flags                 flags
}

type flags uint8

// Flags of a record.
const (
	present flags = 1 << iota
	missing
	letGo
	active
	pending
	oddUser // the user is in odd
	idForm  // and the bit after it: the form of the id
)

// Len is how many links there are.
func (x *Index) Len() int { return x.links }

// Places is how many places were given. A link keeps its place as long as there is one under
// its id.
func (x *Index) Places() int32 { return int32(x.n) } //nolint:gosec // a state has fewer links

// Find gives the place of an id's link.
func (x *Index) Find(id dirsync.SourceID) (place int32, ok bool) {
	if x.n == 0 {
		return 0, false
	}
	packed, form := pack(string(id))
	for slot := x.slot(string(id), packed, form); x.table[slot] != 0; slot = x.after(slot) {
		if r := x.at(x.table[slot] - 1); x.bears(r, string(id), packed, form) {
			return x.table[slot] - 1, true
		}
	}
	return 0, false
}

// Put enters a brief, in the place of the one under its id where there is one.
func (x *Index) Put(b dirsync.Brief) {
	if place, known := x.Find(b.ID); known {
		r := x.at(place)
		x.fill(r, &b)
		return
	}
	x.Append(b)
}

// Append enters a brief under whose id there is none.
func (x *Index) Append(b dirsync.Brief) {
	if 4*(x.n+1) > 3*len(x.table) {
		x.grow()
	}
	if x.n == len(x.pages)*perPage {
		x.pages = append(x.pages, new([perPage]record))
	}
	x.n++
	r := x.at(x.Places() - 1)
	packed, form := pack(string(b.ID))
	if form == odd {
		putPlace(packed[:], x.keep(string(b.ID)))
	}
	r.id, r.flags = packed, flags(form)*idForm
	x.fill(r, &b)
	x.links++
	x.enter(x.Places() - 1)
}

// Drop takes a link out.
func (x *Index) Drop(id dirsync.SourceID) {
	if place, known := x.Find(id); known {
		x.at(place).flags &^= present
		x.links--
	}
}

// At gives the brief in a place; ok is false where it was dropped.
func (x *Index) At(place int32) (b dirsync.Brief, ok bool) {
	r := x.at(place)
	if r.flags&present == 0 {
		return dirsync.Brief{}, false
	}
	return dirsync.Brief{
		ID: dirsync.SourceID(x.idOf(r)), User: x.userOf(r), Asked: r.asked, Answered: r.answered, Seen: r.seen,
		Missing: r.flags&missing != 0, LetGo: r.flags&letGo != 0, Active: r.flags&active != 0, Pending: r.flags&pending != 0,
	}, true
}

// Bits is what is known of a link without its texts.
type Bits struct {
	Asked, Answered, Seen           dirsync.Hash
	Missing, LetGo, Active, Pending bool
}

// Bits gives those of the link in a place; ok is false where it was dropped. It takes no
// memory.
func (x *Index) Bits(place int32) (b Bits, ok bool) {
	r := x.at(place)
	return Bits{
		Asked: r.asked, Answered: r.answered, Seen: r.seen,
		Missing: r.flags&missing != 0, LetGo: r.flags&letGo != 0, Active: r.flags&active != 0, Pending: r.flags&pending != 0,
	}, r.flags&present != 0
}

// ID gives the id of the link in a place, User its Duo user.
func (x *Index) ID(place int32) dirsync.SourceID { return dirsync.SourceID(x.idOf(x.at(place))) }

// User gives the Duo user of the link in a place.
func (x *Index) User(place int32) string { return x.userOf(x.at(place)) }

func (x *Index) at(place int32) *record { return &x.pages[place/perPage][place%perPage] }

// fill writes what may change of a link.
func (x *Index) fill(r *record, b *dirsync.Brief) {
	r.asked, r.answered, r.seen = b.Asked, b.Answered, b.Seen
	r.flags = r.flags&(3*idForm) | present
	r.set(missing, b.Missing)
	r.set(letGo, b.LetGo)
	r.set(active, b.Active)
	r.set(pending, b.Pending)
	if len(b.User) == len(r.user) {
		copy(r.user[:], b.User)
		return
	}
	r.flags |= oddUser
	putPlace(r.user[:], x.keep(b.User))
}

func (r *record) set(flag flags, is bool) {
	if is {
		r.flags |= flag
	}
}

// keep keeps a text that is not packed.
func (x *Index) keep(text string) int {
	x.odd = append(x.odd, text)
	return len(x.odd) - 1
}

func (x *Index) idOf(r *record) string {
	form := formOf(r)
	if form == odd {
		return x.odd[placeIn(r.id[:])]
	}
	return unpack(r.id, form)
}

func (x *Index) userOf(r *record) string {
	if r.flags&oddUser != 0 {
		return x.odd[placeIn(r.user[:])]
	}
	return string(r.user[:])
}

// bears reports whether a record is that of an id, given with its packed form.
func (x *Index) bears(r *record, id string, packed [16]byte, form form) bool {
	if r.flags&present == 0 || formOf(r) != form {
		return false
	}
	if form == odd {
		return x.odd[placeIn(r.id[:])] == id
	}
	return r.id == packed
}

func formOf(r *record) form { return form(r.flags / idForm & 3) }

// slot is where the search for an id begins.
func (x *Index) slot(id string, packed [16]byte, form form) int {
	var hash uint64
	if form == odd {
		hash = maphash.String(x.seed, id)
	} else {
		hash = maphash.Bytes(x.seed, packed[:])
	}
	return int(hash & uint64(len(x.table)-1)) //nolint:gosec // it is below the table's length
}

func (x *Index) after(slot int) int { return (slot + 1) & (len(x.table) - 1) }

// enter enters a record into the table.
func (x *Index) enter(place int32) {
	r := x.at(place)
	form, id := formOf(r), ""
	if form == odd {
		id = x.idOf(r)
	}
	slot := x.slot(id, r.id, form)
	for x.table[slot] != 0 {
		slot = x.after(slot)
	}
	x.table[slot] = place + 1
}

// grow makes room in the table.
func (x *Index) grow() {
	if x.table == nil {
		x.seed = maphash.MakeSeed()
	}
	x.table = make([]int32, max(perPage, 2*len(x.table)))
	for place := range x.Places() {
		if x.at(place).flags&present != 0 {
			x.enter(place)
		}
	}
}
