package conn

import (
	"cmp"
	"fmt"
	"net"
	"net/url"
	"strings"

	dirsync "duosync/sync"
)

// endpoint is one server that can be dialled.
type endpoint struct {
	url  string // as configured
	host string
	addr string // host:port
	tls  bool   // from the first byte on
}

// encrypted reports whether credentials on this endpoint go over TLS.
func (e endpoint) encrypted(startTLS bool) bool { return e.tls || startTLS }

func parseEndpoint(text string) (endpoint, error) {
	u, err := url.Parse(text)
	if err != nil {
		return endpoint{}, fmt.Errorf("LDAP URL %q: %w", text, err)
	}
	e := endpoint{url: u.Scheme + "://" + u.Host, host: u.Hostname()}
	port := u.Port()
	switch u.Scheme {
	case "ldap":
		port = cmp.Or(port, "389")
	case "ldaps":
		port, e.tls = cmp.Or(port, "636"), true
	default:
		return endpoint{}, dirsync.WithHint(fmt.Errorf("LDAP URL %q: the scheme is not ldap or ldaps", text),
			"write ldap.urls as ldap://host:389 or ldaps://host:636")
	}
	if e.host == "" {
		return endpoint{}, dirsync.WithHint(fmt.Errorf("LDAP URL %q names no host", text),
			"write ldap.urls as ldap://host:389 or ldaps://host:636")
	}
	if u.User != nil {
		return endpoint{}, dirsync.WithHint(fmt.Errorf("the LDAP URL for %q carries a user", u.Host),
			"give the account as ldap.bind_dn and ldap.bind_password")
	}
	e.addr = net.JoinHostPort(e.host, port)
	return e, nil
}

// isLoopback reports whether a host is this machine by its own name.
func isLoopback(host string) bool {
	if strings.EqualFold(host, "localhost") {
		return true
	}
	ip := net.ParseIP(host)
	return ip != nil && ip.IsLoopback()
}
