package index_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"testing"

	"pgregory.net/rapid"

	dirsync "duosync/sync"
	"duosync/sync/index"
)

// An index is a map that keeps the order in which ids came: whatever is put and dropped,
// every brief comes back as it was.
func TestAsMap(t *testing.T) {
	t.Parallel()
	id := rapid.OneOf(
		rapid.Map(rapid.StringMatching(`[0-3]{8}-[0-9a-f]{4}-4000-8000-0123456789a[0-9a-g]`), func(s string) dirsync.SourceID { return dirsync.SourceID(s) }),
		rapid.Map(rapid.StringMatching(`9a7f2b81-1dd211b2-80e3b5c8-0f9b000[0-9a-fA-F]`), func(s string) dirsync.SourceID { return dirsync.SourceID(s) }),
		rapid.Map(rapid.StringN(1, 4, 40), func(s string) dirsync.SourceID { return dirsync.SourceID(s) }),
		rapid.SampledFrom([]dirsync.SourceID{"east/0db5a0d8-1f2a-4a3b-8c9d-0123456789ab", "0DB5A0D8-1F2A-4A3B-8C9D-0123456789AB", "0db5a0d8+1f2a-4a3b-8c9d-0123456789ab", "123456789012345678901234567890123456", "ä"}),
	)
	user := rapid.OneOf(rapid.StringMatching(`DU[0-9A-Z]{18}`), rapid.Just(""), rapid.StringN(0, 30, 40))
	rapid.Check(t, func(t *rapid.T) {
		var (
			x     index.Index
			model = map[dirsync.SourceID]dirsync.Brief{}
			order []dirsync.SourceID // by place; "" where it was dropped
		)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			i := id.Draw(t, "id")
			if _, known := model[i]; known && rapid.Bool().Draw(t, "drop") {
				x.Drop(i)
				delete(model, i)
				order[slices.Index(order, i)] = ""
				continue
			}
			b := dirsync.Brief{
				ID: i, User: user.Draw(t, "user"), Asked: dirsync.Hash(rapid.Uint64().Draw(t, "asked")), Answered: dirsync.Hash(rapid.Uint64().Draw(t, "answered")),
				Seen: dirsync.Hash(rapid.Uint64().Draw(t, "seen")), Missing: rapid.Bool().Draw(t, "missing"), LetGo: rapid.Bool().Draw(t, "let go"),
				Active: rapid.Bool().Draw(t, "active"), Pending: rapid.Bool().Draw(t, "pending"),
			}
			if _, known := model[i]; !known {
				order = append(order, i)
			}
			x.Put(b)
			model[i] = b
		}
		check(t, &x, model, order)
	})
}

func check(t *rapid.T, x *index.Index, model map[dirsync.SourceID]dirsync.Brief, order []dirsync.SourceID) {
	if x.Len() != len(model) || int(x.Places()) != len(order) {
		t.Fatalf("%d links in %d places; want %d in %d", x.Len(), x.Places(), len(model), len(order))
	}
	for place, i := range order {
		got, ok := x.At(int32(place))
		bits, there := x.Bits(int32(place))
		if ok != (i != "") || there != ok || ok && got != model[i] {
			t.Fatalf("in place %d: %+v, %v; want %+v", place, got, ok, model[i])
		}
		if !ok {
			continue
		}
		if at, found := x.Find(i); !found || int(at) != place || x.ID(at) != i || x.User(at) != got.User {
			t.Fatalf("%q is found in %d, %v; want %d", i, at, found, place)
		}
		want := index.Bits{Asked: got.Asked, Answered: got.Answered, Seen: got.Seen, Missing: got.Missing, LetGo: got.LetGo, Active: got.Active, Pending: got.Pending}
		if bits != want {
			t.Fatalf("%+v", bits)
		}
	}
	for _, i := range slices.Concat([]dirsync.SourceID{"nobody", "00000000-0000-0000-0000-000000000000", ""}, slices.Collect(maps.Keys(model))) {
		if _, found := x.Find(i); found != (model[i].ID != "" || model[i] != (dirsync.Brief{})) {
			t.Fatalf("%q: %v", i, found)
		}
	}
}

// Memory is what a link takes, whatever is put into it again.
func TestMemory(t *testing.T) {
	const links = 50_000
	var x index.Index
	before := heap()
	for round := range 2 {
		for i := range links {
			x.Put(dirsync.Brief{ID: dirsync.SourceID(fmt.Sprintf("5c1d0000-0000-4000-8000-%012d", i)), User: fmt.Sprintf("DU%018d", i), Asked: dirsync.Hash(round)})
		}
	}
	if each := float64(heap()-before) / links; each > 80 {
		t.Errorf("%.0f bytes a link", each)
	}
	runtime.KeepAlive(&x)
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
