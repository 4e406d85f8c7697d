package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"hash/maphash"
	"net/http"
	"strconv"
)

// NoTotal is the total of a list whose answers do not tell it.
const NoTotal = -1

// mostObjects bounds a list whose answers do not tell how long it is.
const mostObjects = 5_000_000

// mostGrown is by how many objects a list of that length may grow while it is read:
// others may work meanwhile, but one whose total runs ahead of the reader never ends.
func mostGrown(total int64) int64 { return total/10 + 10_000 }

// object is an item of a list that is known by an id.
type object interface{ id() string }

// eachPage reads a list page by page and gives visit every item. It fails as a
// whole: nil means that the last page was reached, the one whose next_offset is
// null or absent. An error from visit ends it and is returned as it is. total is
// the last total_objects that Duo told, or NoTotal. A list that does not get nearer to
// its end is an ErrStray.
func eachPage[T object](ctx context.Context, c *Client, path string, limit int, visit func(T) error) (total int, err error) {
	l := listing{limit: int64(limit), total: NoTotal, first: NoTotal, most: NoTotal, seed: maphash.MakeSeed(), seen: make(map[uint64]bool)}
	for {
		var next number
		q := request{method: http.MethodGet, path: path, params: map[string]string{
			"limit":  strconv.Itoa(limit),
			"offset": strconv.FormatInt(l.offset, 10),
		}}
		items, err := ask(ctx, c, q, func(r *reply) ([]T, error) {
			items, err := readList[T](r)
			if err != nil {
				return nil, err
			}
			next = r.Metadata.NextOffset
			return items, l.check(r, idsOf(items))
		})
		if err != nil {
			return l.total, err
		}
		for _, item := range items {
			if err := visit(item); err != nil {
				return l.total, err
			}
		}
		if !next.set {
			return l.total, nil
		}
		l.offset = next.value
	}
}

func idsOf[T object](items []T) []string {
	ids := make([]string, len(items))
	for i, item := range items {
		ids[i] = item.id()
	}
	return ids
}

// listing is a list that is being read.
type listing struct {
	limit  int64 // objects a page
	offset int64 // of the page that is asked for
	total  int   // the last that Duo told
	first  int64 // the first that Duo told, with the first page as a rule
	most   int64 // the largest that Duo told
	seed   maphash.Seed
	seen   map[uint64]bool // ids, digested
}

// check says why an answer is not the page that was asked for, or can't be one of a list
// that ends; nil takes it into account. A last page is not held against those before:
// while others change the account it may well have nothing new.
func (l *listing) check(r *reply, ids []string) error {
	next, prev, total := r.Metadata.NextOffset, r.Metadata.PrevOffset, r.Metadata.TotalObjects
	if prev.set && prev.value >= max(l.offset, 1) {
		return fmt.Errorf("another page of the list: previous offset %d, for the page at %d", prev.value, l.offset)
	}
	fresh := make(map[uint64]bool, len(ids))
	for _, id := range ids {
		if digest := maphash.String(l.seed, id); !l.seen[digest] {
			fresh[digest] = true
		}
	}
	first, most := l.first, l.most
	if total.set {
		most = max(most, total.value)
		if first < 0 {
			first = total.value
		}
	}
	bound := int64(mostObjects)
	if most >= 0 {
		bound = most + l.limit // others may add some meanwhile
	}
	switch objects := int64(len(l.seen) + len(fresh)); {
	case next.set && (next.value <= l.offset || len(ids) == 0):
		return fmt.Errorf("a list that does not go on: %d items at offset %d, next offset %d", len(ids), l.offset, next.value)
	case next.set && len(fresh) == 0:
		return fmt.Errorf("a list that does not go on: all %d items at offset %d came before, next offset %d", len(ids), l.offset, next.value)
	case first >= 0 && most > first+mostGrown(first):
		return fmt.Errorf("a list that does not end: Duo tells of %d items at offset %d, and told of %d at first", most, l.offset, first)
	case objects > bound || next.set && next.value > bound:
		return fmt.Errorf("a list that does not end: %d items by offset %d, next offset %d, where Duo tells of %d", objects, l.offset, next.value, most)
	}
	for digest := range fresh {
		l.seen[digest] = true
	}
	l.first, l.most = first, most
	if total.set {
		l.total = int(total.value)
	}
	return nil
}

// count asks for one item of a list and returns the total, or NoTotal.
func (c *Client) count(ctx context.Context, path string) (int, error) {
	q := request{method: http.MethodGet, path: path, params: map[string]string{"limit": "1", "offset": "0"}}
	return ask(ctx, c, q, func(r *reply) (int, error) {
		if _, err := readList[json.RawMessage](r); err != nil {
			return NoTotal, err
		}
		if !r.Metadata.TotalObjects.set {
			return NoTotal, nil
		}
		return int(r.Metadata.TotalObjects.value), nil
	})
}

// getList makes one call that answers a list without pages. check says of a list that
// can be read why it is not the one that was asked for, or nil.
func getList[T any](ctx context.Context, c *Client, path string, params map[string]string, check func([]T) error) ([]T, error) {
	return ask(ctx, c, request{method: http.MethodGet, path: path, params: params}, func(r *reply) ([]T, error) {
		items, err := readList[T](r)
		if err != nil {
			return nil, err
		}
		return items, check(items)
	})
}

// anyList takes a list as it is.
func anyList[T any]([]T) error { return nil }

func readList[T any](r *reply) ([]T, error) {
	var items []T
	if err := json.Unmarshal(r.Response, &items); err != nil {
		return nil, malformed("a list that cannot be read", err)
	}
	if items == nil {
		return nil, errors.New("null in place of a list")
	}
	return items, nil
}

// ask makes a call and gives what read makes of its answer. An error of read says why
// the answer is not about what was asked: what the answer says is not believed then. A
// call that may be sent again is, on a new connection; in the end the error is an
// ErrStray.
func ask[T any](ctx context.Context, c *Client, q request, read func(*reply) (T, error)) (T, error) {
	var answer T
	q.about = func(r *reply) (err error) {
		answer, err = read(r)
		return err
	}
	if _, err := c.do(ctx, q); err != nil {
		var none T
		return none, err
	}
	return answer, nil
}
