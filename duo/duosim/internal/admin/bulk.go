package admin

import (
	"net/http"
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// bulkRoutes are the operations that /admin/v1/bulk permits. The last one is
// written with POST in Duo's Ruby client.
func bulkRoutes() []route.Route {
	return []route.Route{
		route.Post("/admin/v1/users", createUser, route.ToWrite),
		route.Post("/admin/v1/users/{user}", aboutOwnUser(modifyUser), route.ToWrite),
		route.Delete("/admin/v1/users/{user}", deleteUser, route.ToWrite),
		route.Post("/admin/v1/users/{user}/groups", aboutOwnUser(joinGroup), route.ToWrite),
		route.Delete("/admin/v1/users/{user}/groups/{group}", aboutOwnUser(leaveGroup), route.ToWrite),
		route.Post("/admin/v1/users/{user}/groups/{group}", aboutOwnUser(leaveGroup), route.ToWrite),
	}
}

// bulk performs operations one after another and answers one envelope for each.
func bulk(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	if a.Rules.BulkRefused != 0 {
		return nil, protocol.Refuse(a.Rules.BulkRefused, "")
	}
	items, bad := c.Args.List("operations", a.Rules.Limits.Bulk)
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
	return attempt(a, operations, func(a *account.Account, op operation) (any, *protocol.Refusal) {
		r, vars, bad := route.Match(routes, op.method, op.path)
		if bad != nil {
			return nil, protocol.BadParameter("operations")
		}
		if bad := c.Strike(op.method, op.path, op.body); bad != nil {
			return nil, bad
		}
		response, bad := r.Handle(a, &route.Call{Vars: vars, Args: op.body})
		if bad != nil {
			return nil, bad
		}
		if a.Rules.BulkAnswer == account.BulkBare {
			response = ""
		}
		return protocol.OKEnvelope(response), nil
	})
}

// bulkCreate creates users and answers them in their order, with the envelope of
// a failure in the place of one that was refused. Aliases are not taken, like
// any parameter that Duo does not know here.
func bulkCreate(a *account.Account, c *route.Call) (any, *protocol.Refusal) {
	if a.Rules.BulkRefused != 0 {
		return nil, protocol.Refuse(a.Rules.BulkRefused, "")
	}
	items, bad := c.Args.List("users", a.Rules.Limits.BulkCreate)
	if bad != nil {
		return nil, bad
	}
	users := make([]protocol.Args, len(items))
	for i, item := range items {
		members, ok := item.(map[string]any)
		if !ok {
			return nil, protocol.BadParameter("users")
		}
		users[i] = members
	}
	return attempt(a, users, func(a *account.Account, user protocol.Args) (any, *protocol.Refusal) {
		if bad := c.Strike(http.MethodPost, "/admin/v1/users", user); bad != nil {
			return nil, bad
		}
		return Create(a, user, false)
	})
}

// attempt performs items in their order. A refused one gives its envelope, or
// with AllOrNothing undoes and refuses all.
func attempt[T any](a *account.Account, items []T, perform func(*account.Account, T) (any, *protocol.Refusal)) (any, *protocol.Refusal) {
	work := a
	if a.Rules.AllOrNothing {
		work = a.Clone()
	}
	answers := []any{} // never null in JSON
	for _, item := range items {
		answer, bad := perform(work, item)
		switch {
		case bad == nil:
			answers = append(answers, answer)
		case a.Rules.AllOrNothing:
			return nil, bad
		case a.Rules.BulkAnswer != account.BulkPartial:
			answers = append(answers, bad.Envelope(bad.Code))
		}
	}
	*a = *work
	return answers, nil
}

// operation is one part of a bulk call.
type operation struct {
	method, path string
	body         protocol.Args
}

func readOperation(item any) (operation, *protocol.Refusal) {
	bad := protocol.BadParameter("operations")
	members, ok := item.(map[string]any)
	if !ok {
		return operation{}, bad
	}
	method, _ := members["method"].(string)
	path, _ := members["path"].(string)
	op := operation{method: strings.ToUpper(method), path: path, body: protocol.Args{}}
	switch body := members["body"].(type) {
	case nil:
	case map[string]any:
		op.body = body
	case string:
		if op.body.AddJSON([]byte(body)) != nil {
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
