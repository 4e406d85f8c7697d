package route

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
)

// Call is one operation on the account: a request, or a part of a bulk one.
type Call struct {
	Vars map[string]string // from the path
	Args protocol.Args
	// Strike gives what a fault makes of a part of a bulk call, or nil.
	Strike func(method, path string, from protocol.Args) *protocol.Refusal
}

// Window reads limit and offset. A limit that is too large is clamped.
func (c *Call) Window(most int) (limit, offset int, bad *protocol.Refusal) {
	limit, bad = c.Args.Number("limit", 100, 1)
	if bad != nil {
		return 0, 0, bad
	}
	offset, bad = c.Args.Number("offset", 0, 0)
	return min(limit, most), offset, bad
}

// Named gives the object whose id a parameter holds: 400/40002 without an id,
// 404/40401 for one that nothing has.
func Named[T any](t *account.Table[T], c *Call, parameter string) (*T, *protocol.Refusal) {
	id, bad := c.Args.Text(parameter)
	switch {
	case bad != nil:
		return nil, bad
	case id == "":
		return nil, protocol.BadParameter(parameter)
	case t.Get(id) == nil:
		return nil, protocol.NotFound()
	}
	return t.Get(id), nil
}

// Paged cuts the part out of a list, put in the account's order, that a call asks
// for: at most most objects.
func Paged[T any](a *account.Account, c *Call, most int, objects []*T, render func(*T) map[string]any) (any, *protocol.Refusal) {
	limit, offset, bad := c.Window(most)
	if bad != nil {
		return nil, bad
	}
	objects = account.Ordered(a, objects)
	part := objects[min(offset, len(objects)):min(offset+limit, len(objects))]
	return protocol.Page{Items: Rendered(part, render), Offset: offset, Limit: limit, Total: len(objects)}, nil
}

// Whole gives a list that is not cut, whatever limit and offset say.
func Whole[T any](objects []*T, render func(*T) map[string]any) protocol.Page {
	return protocol.Page{Items: Rendered(objects, render), Limit: len(objects), Total: len(objects)}
}

// Rendered gives objects as their JSON.
func Rendered[T any](objects []*T, render func(*T) map[string]any) []any {
	items := make([]any, len(objects)) // never null in JSON
	for i, object := range objects {
		items[i] = render(object)
	}
	return items
}
