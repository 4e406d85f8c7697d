// Package route is what the calls of both APIs have in common: which route a call
// takes and what right it asks for, how a call names objects and pages of a list.
package route

import (
	"net/http"
	"strings"

	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
)

// Need is the permission that a route asks of a key.
type Need int

// What routes ask for.
const (
	ToRead Need = iota
	ToWrite
	ToAuthenticate
	Nothing // not even a signature
)

// Route is one endpoint. Parts of the pattern in braces become the call's vars.
type Route struct {
	Handle Handler
	Need   Need

	method, pattern string
}

// Handler gives a call its effect, and what it is answered with.
type Handler func(*account.Account, *Call) (any, *protocol.Refusal)

// Get is a route that reads.
func Get(pattern string, handle Handler, need Need) Route {
	return Route{method: http.MethodGet, pattern: pattern, Handle: handle, Need: need}
}

// Post is a route that makes, changes or asks.
func Post(pattern string, handle Handler, need Need) Route {
	return Route{method: http.MethodPost, pattern: pattern, Handle: handle, Need: need}
}

// Delete is a route that takes away.
func Delete(pattern string, handle Handler, need Need) Route {
	return Route{method: http.MethodDelete, pattern: pattern, Handle: handle, Need: need}
}

// Lists tells whether the route answers a list, page by page.
func (r Route) Lists() bool {
	return r.method == http.MethodGet && r.Need == ToRead && !strings.HasSuffix(r.pattern, "}")
}

// Match gives the first route of a method and path, else 404/40401, or
// 405/40501 where the path has other methods.
func Match(routes []Route, method, path string) (Route, map[string]string, *protocol.Refusal) {
	missing := protocol.NotFound()
	for _, r := range routes {
		vars, ok := match(r.pattern, path)
		if !ok {
			continue
		}
		if r.method == method {
			return r, vars, nil
		}
		missing = protocol.MethodNotAllowed()
	}
	return Route{}, nil, missing
}

func match(pattern, path string) (map[string]string, bool) {
	wanted, parts := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(wanted) != len(parts) {
		return nil, false
	}
	var vars map[string]string
	for i, want := range wanted {
		name, isVar := strings.CutPrefix(want, "{")
		switch {
		case !isVar && want != parts[i], isVar && parts[i] == "":
			return nil, false
		case isVar:
			if vars == nil {
				vars = make(map[string]string, 2)
			}
			vars[strings.TrimSuffix(name, "}")] = parts[i]
		}
	}
	return vars, true
}

// Details of a 403. The second one is not documented.
const (
	wrongApplication  = "Wrong integration type for this API."
	missingPermission = "Missing permission for this API."
)

// Permits tells whether a key may use a path at all, and with this need.
func Permits(kind protocol.KeyKind, path string, n Need) *protocol.Refusal {
	switch {
	case strings.HasPrefix(path, "/auth/") != (kind == protocol.KeyAuth):
		return protocol.Forbidden(wrongApplication)
	case kind == protocol.KeyReader && n == ToWrite:
		return protocol.Forbidden(missingPermission)
	}
	return nil
}
