package duosim

import (
	"net/http"
	"strings"
)

// bulkRoutes are the operations that /admin/v1/bulk permits. The last one is
// written with POST in Duo's Ruby client.
func bulkRoutes() []route {
	return []route{
		{http.MethodPost, "/admin/v1/users", (*account).createUser, toWrite},
		{http.MethodPost, "/admin/v1/users/{user}", (*account).modifyUser, toWrite},
		{http.MethodDelete, "/admin/v1/users/{user}", (*account).deleteUser, toWrite},
		{http.MethodPost, "/admin/v1/users/{user}/groups", (*account).joinGroup, toWrite},
		{http.MethodDelete, "/admin/v1/users/{user}/groups/{group}", (*account).leaveGroup, toWrite},
		{http.MethodPost, "/admin/v1/users/{user}/groups/{group}", (*account).leaveGroup, toWrite},
	}
}

// bulk performs operations one after another and answers one envelope for each.
func (a *account) bulk(c *call) (any, *refusal) {
	items, bad := c.args.list("operations", a.options.Limits.Bulk)
	if bad != nil {
		return nil, bad
	}
	operations := make([]operation, len(items))
	for i, item := range items {
		if operations[i], bad = readOperation(item); bad != nil {
			return nil, bad
		}
	}
	routes := bulkRoutes()
	return attempt(a, operations, func(a *account, op operation) (any, *refusal) {
		r, vars, bad := findRoute(routes, op.method, op.path)
		if bad != nil {
			return nil, refuse(badParameters, "operations")
		}
		if bad := c.strike(op.method, op.path, op.body); bad != nil {
			return nil, bad
		}
		response, bad := r.handle(a, &call{vars: vars, args: op.body})
		if bad != nil {
			return nil, bad
		}
		return okEnvelope(response), nil
	})
}

// bulkCreate creates users and answers them in their order, with the envelope of
// a failure in the place of one that was refused. Aliases are not taken, like
// any parameter that Duo does not know here.
func (a *account) bulkCreate(c *call) (any, *refusal) {
	items, bad := c.args.list("users", a.options.Limits.BulkCreate)
	if bad != nil {
		return nil, bad
	}
	users := make([]args, len(items))
	for i, item := range items {
		members, ok := item.(map[string]any)
		if !ok {
			return nil, refuse(badParameters, "users")
		}
		users[i] = members
	}
	return attempt(a, users, func(a *account, user args) (any, *refusal) {
		if bad := c.strike(http.MethodPost, "/admin/v1/users", user); bad != nil {
			return nil, bad
		}
		return a.create(user, false)
	})
}

// attempt performs items in their order. A refused one gives its envelope, or
// with AllOrNothing undoes and refuses all.
func attempt[T any](a *account, items []T, perform func(*account, T) (any, *refusal)) (any, *refusal) {
	work := a
	if a.options.AllOrNothing {
		work = a.clone()
	}
	answers := make([]any, len(items))
	for i, item := range items {
		answer, bad := perform(work, item)
		switch {
		case bad == nil:
			answers[i] = answer
		case a.options.AllOrNothing:
			return nil, bad
		default:
			answers[i] = bad.envelope(bad.code)
		}
	}
	*a = *work
	return answers, nil
}

// operation is one part of a bulk call.
type operation struct {
	method, path string
	body         args
}

func readOperation(item any) (operation, *refusal) {
	bad := refuse(badParameters, "operations")
	members, ok := item.(map[string]any)
	if !ok {
		return operation{}, bad
	}
	method, _ := members["method"].(string)
	path, _ := members["path"].(string)
	op := operation{method: strings.ToUpper(method), path: path, body: args{}}
	switch body := members["body"].(type) {
	case nil:
	case map[string]any:
		op.body = body
	case string:
		if op.body.addJSON([]byte(body)) != nil {
			return operation{}, bad
		}
	default:
		return operation{}, bad
	}
	if method == "" || path == "" {
		return operation{}, bad
	}
	return op, nil
}
