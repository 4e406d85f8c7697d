package conn

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"

	"duosync/ldapsrc/schema"
	dirsync "duosync/sync"
)

// endpoint is one server that can be dialled, or a domain whose servers DNS names.
type endpoint struct {
	url    string // as configured; of a server that DNS named, ldap:// or ldaps:// and its name
	host   string // of a socket, "the socket"
	addr   string // host:port, or a socket's path
	tls    bool   // from the first byte on
	socket bool   // on this machine: what goes over it is seen by nobody else
	domain string // to ask DNS for, at each connect; then host and addr are not known yet
}

// encrypted reports whether credentials on this endpoint go over TLS. StartTLS is not
// used on a socket.
func (e endpoint) encrypted(startTLS bool) bool { return e.tls || startTLS && !e.socket }

// network is the kind of network to dial.
func (e endpoint) network() string {
	if e.socket {
		return "unix"
	}
	return "tcp"
}

// parseEndpoint reads an item of ldap.urls.
func parseEndpoint(text string) (endpoint, error) {
	a, err := schema.ParseAddress(text)
	if err == nil && a.Host == "" {
		return otherEndpoint(text, a), nil
	}
	if err != nil {
		name := fmt.Sprintf("%q", text)
		if strings.Contains(text, "@") { // there may be a password in it
			name = "with a user"
		}
		return endpoint{}, dirsync.WithHint(fmt.Errorf("the LDAP URL %s %s", name, err.Error()), "write ldap.urls as it must be: "+dirsync.Hint(err))
	}
	return serverEndpoint(a), nil
}

// otherEndpoint is that of a socket or a domain.
func otherEndpoint(text string, a schema.Address) endpoint {
	if a.Socket != "" {
		return endpoint{url: "ldapi://" + url.PathEscape(a.Socket), host: "the socket", addr: a.Socket, socket: true}
	}
	return endpoint{url: strings.TrimRight(text, "/"), tls: a.TLS, domain: a.Domain}
}

// serverEndpoint is that of a host.
func serverEndpoint(a schema.Address) endpoint {
	scheme, port := "ldap", "389"
	if a.TLS {
		scheme, port = "ldaps", "636"
	}
	u := url.URL{Host: a.Host}
	return endpoint{
		url: scheme + "://" + a.Host, host: u.Hostname(), tls: a.TLS,
		addr: net.JoinHostPort(u.Hostname(), cmp.Or(u.Port(), port)),
	}
}

// isLoopback reports whether a host is this machine by its own name.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
