// Package auth answers the calls of Duo's Auth API from an account: what a user may do,
// logins with their pushes, and enrollment by a code.
package auth

import (
	"duosync/duo/duosim/internal/account"
	"duosync/duo/duosim/internal/protocol"
	"duosync/duo/duosim/internal/route"
)

// Routes are the endpoints of the Auth API. Of those that match a path the first
// one counts.
func Routes() []route.Route {
	return []route.Route{
		route.Get("/auth/v2/ping", ping, route.Nothing),
		route.Get("/auth/v2/check", ping, route.ToAuthenticate),
		route.Post("/auth/v2/preauth", preauth, route.ToAuthenticate),
		route.Post("/auth/v2/auth", authenticate, route.ToAuthenticate),
		route.Get("/auth/v2/auth_status", loginStatus, route.ToAuthenticate),
		route.Post("/auth/v2/enroll", enroll, route.ToAuthenticate),
		route.Post("/auth/v2/enroll_status", enrollStatus, route.ToAuthenticate),
	}
}

// ping answers the time.
func ping(a *account.Account, _ *route.Call) (any, *protocol.Refusal) {
	return map[string]any{"time": a.Now().Unix()}, nil
}
