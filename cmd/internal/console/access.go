package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"strings"

	"duosync/cmd/internal/config"
)

// guarded lets a request through that brings the token, as Bearer (RFC 6750) or
// as the password of Basic (RFC 7617). Without a token only this machine can
// come; a page of some other site that has its name point here (DNS rebinding)
// gives itself away by that name.
func (s *Server) guarded(show http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		token := s.settings.Load().token
		switch {
		case token.IsEmpty() && !loopbackName(r.Host):
			answer(w, http.StatusForbidden, "without http.token, these pages are for http://127.0.0.1 or localhost only")
		case !token.IsEmpty() && !carries(r, token):
			w.Header().Add("WWW-Authenticate", `Basic realm="duosync", charset="UTF-8"`)
			w.Header().Add("WWW-Authenticate", `Bearer realm="duosync"`)
			answer(w, http.StatusUnauthorized, "http.token is needed, as a Bearer token or as a Basic password")
		default:
			w.Header().Set("Cache-Control", "no-store")
			show(w, r)
		}
	})
}

// carries reports whether a request brings the token. Digests are compared, in
// constant time, so that not even the token's length shows.
func carries(r *http.Request, token config.Secret) bool {
	_, given, ok := r.BasicAuth()
	if !ok {
		var scheme string
		scheme, given, ok = strings.Cut(r.Header.Get("Authorization"), " ")
		ok = ok && strings.EqualFold(scheme, "Bearer")
	}
	want, got := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(given))
	return ok && subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func loopbackName(hostport string) bool {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	return config.IsLoopback(strings.Trim(host, "[]"))
}
