package console

import (
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"duosync/cmd/internal/config"
)

// guarded lets a request through that brings the token, as Bearer (RFC 6750) or
// as the password of Basic (RFC 7617). Without a token only this machine can
// come; a page of some other site that has its name point here (DNS rebinding)
// gives itself away by that name. With one, a name that is not ours is refused, too,
// to a browser: what brings a Bearer token is none, and what collects metrics is none.
func (s *Server) guarded(show http.HandlerFunc) http.Handler { return s.guard(show, false) }

func (s *Server) guard(show http.HandlerFunc, byAnyName bool) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		now := s.settings.Load()
		from := addressOf(r)
		given, bearer := tokenOf(r)
		switch wait := s.misses.wait(from, time.Now()); {
		case now.token.IsEmpty() && !loopbackName(r.Host):
			answer(w, http.StatusForbidden, "without http.token, these pages are for http://127.0.0.1 or localhost only")
		case now.token.IsEmpty():
			open(show, w, r)
		case !bearer && !byAnyName && !s.isOurs(now, r.Host):
			answer(w, http.StatusMisdirectedRequest, "these pages are not known by this name: use an address or the name of this machine, or give notify.public_url the URL by which people reach them")
		case wait > 0:
			w.Header().Set("Retry-After", strconv.Itoa(int(wait/time.Second)+1))
			answer(w, http.StatusTooManyRequests, fmt.Sprintf("too many wrong tokens came from this address; try again in %v", wait.Round(time.Second)))
		case !isToken(given, now.token):
			if given != "" && s.misses.miss(from, time.Now()) {
				s.opts.Log.WithField("address", from.String()).Warn("http.listen: wrong tokens come from an address; it has to wait from now on")
			}
			w.Header().Add("WWW-Authenticate", `Basic realm="duosync", charset="UTF-8"`)
			w.Header().Add("WWW-Authenticate", `Bearer realm="duosync"`)
			answer(w, http.StatusUnauthorized, "http.token is needed, as a Bearer token or as a Basic password")
		default:
			s.misses.forget(from)
			open(show, w, r)
		}
	})
}

func open(show http.HandlerFunc, w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	show(w, r)
}

// tokenOf gives what a request brings as a token, and whether as a Bearer.
func tokenOf(r *http.Request) (given string, bearer bool) {
	if _, password, ok := r.BasicAuth(); ok {
		return password, false
	}
	scheme, given, ok := strings.Cut(r.Header.Get("Authorization"), " ")
	if !ok || !strings.EqualFold(scheme, "Bearer") {
		return "", false
	}
	return given, true
}

// isToken compares digests, in constant time, so that not even the token's length shows.
func isToken(given string, token config.Secret) bool {
	want, got := sha256.Sum256([]byte(token.Reveal())), sha256.Sum256([]byte(given))
	return subtle.ConstantTimeCompare(want[:], got[:]) == 1
}

func loopbackName(hostport string) bool { return config.IsLoopback(hostOf(hostport)) }

func hostOf(hostport string) string {
	host := hostport
	if name, _, err := net.SplitHostPort(hostport); err == nil {
		host = name
	}
	return strings.TrimSuffix(strings.Trim(host, "[]"), ".")
}

// isOurs reports whether a Host names this server: an address, this machine, what
// notify.public_url says, or a name of the certificate.
func (s *Server) isOurs(now *settings, hostport string) bool {
	host := hostOf(hostport)
	if _, err := netip.ParseAddr(host); err == nil || config.IsLoopback(host) {
		return true
	}
	if name, err := os.Hostname(); err == nil {
		short, _, _ := strings.Cut(name, ".")
		if strings.EqualFold(host, name) || strings.EqualFold(host, short) {
			return true
		}
	}
	if v := s.status.look(); v.loaded != nil {
		if at, err := url.Parse(v.loaded.Config.Notify.PublicURL); err == nil && strings.EqualFold(hostOf(at.Host), host) {
			return true
		}
	}
	return host != "" && now.certificate != nil && now.certificate.Leaf != nil && now.certificate.Leaf.VerifyHostname(host) == nil
}

// addressOf gives where a request comes from: of IPv6 the network, for there a machine has
// addresses without number.
func addressOf(r *http.Request) netip.Prefix {
	at, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil {
		return netip.Prefix{}
	}
	bits := 32
	address := at.Addr().Unmap()
	if address.Is6() {
		bits = 64
	}
	prefix, err := address.WithZone("").Prefix(bits)
	if err != nil {
		return netip.Prefix{}
	}
	return prefix
}
