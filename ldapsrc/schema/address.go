package schema

import (
	"errors"
	"net/netip"
	"net/url"
	"path"
	"strings"
	"unicode"

	dirsync "duosync/sync"
)

// Address is what a URL of a directory's server says.
type Address struct {
	// TLS tells that the connection is encrypted from its first byte on (ldaps).
	TLS bool
	// Host is a server's host, with its port where one is written; "" for a socket and a
	// domain.
	Host string
	// Socket is the path of a socket on this machine (ldapi).
	Socket string
	// Domain is one whose servers DNS names by SRV records (RFC 2782).
	Domain string
}

// usualSocket is where slapd listens for ldapi:/// on Debian and Red Hat.
const usualSocket = "/var/run/slapd/ldapi"

const hintAddress = "such as ldaps://ldap.example.org, ldap://localhost:10389, ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi or srv+ldaps://example.org"

// ParseAddress reads the URL of a server: ldap://HOST[:PORT], ldaps://HOST[:PORT] (RFC
// 4516), ldapi://PATH with its slashes written %2F, as OpenLDAP has it, srv+ldap://DOMAIN
// or srv+ldaps://DOMAIN. Whether a host is one it does not check. Its errors do not quote
// the URL, in which there may be a password.
func ParseAddress(text string) (Address, error) {
	scheme, rest, found := strings.Cut(text, "://")
	if scheme = strings.ToLower(scheme); found && scheme == "ldapi" {
		return parseSocket(rest)
	}
	if err := misspeltHost(rest); err != nil {
		return Address{}, err
	}
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return Address{}, dirsync.WithHint(errors.New("is not a URL"), hintAddress)
	case !found || scheme != "ldap" && scheme != "ldaps" && scheme != "srv+ldap" && scheme != "srv+ldaps":
		return Address{}, dirsync.WithHint(errors.New("must start with ldap://, ldaps://, ldapi://, srv+ldap:// or srv+ldaps://"), hintAddress)
	case u.User != nil:
		return Address{}, dirsync.WithHint(errors.New("must not hold a user"), "give ldap.bind_dn and ldap.bind_password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return Address{}, dirsync.WithHint(errors.New("must end after the host and port"), "give the base in ldap.users.base_dns")
	case u.Hostname() == "":
		return Address{}, dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), hintAddress)
	}
	service, isDomain := strings.CutPrefix(scheme, "srv+")
	a := Address{TLS: service == "ldaps"}
	if !isDomain {
		a.Host = u.Host
		return a, nil
	}
	a.Domain = strings.TrimSuffix(u.Host, ".")
	if a.Domain == "" || strings.ContainsAny(a.Domain, ":[]") {
		return Address{}, dirsync.WithHint(errors.New("must name a domain without a port, which DNS tells"), "such as srv+ldaps://example.org")
	}
	return a, nil
}

// misspeltHost tells of what people write in the place of one host.
func misspeltHost(rest string) error {
	host, _, _ := strings.Cut(rest, "/")
	switch address, err := netip.ParseAddr(host); {
	case strings.Contains(host, "@"): // a user
		return nil
	case strings.Contains(rest, "://") || strings.Contains(host, ","):
		return dirsync.WithHint(errors.New("names more than one server"), `write them as a list, such as ["ldaps://one.example.org", "ldaps://two.example.org"]`)
	case err == nil && address.Is6():
		return dirsync.WithHint(errors.New("holds an IPv6 address without brackets"), "such as ldaps://[2001:db8::1]:636")
	case strings.ContainsFunc(host, func(r rune) bool { return r > unicode.MaxASCII }):
		return dirsync.WithHint(errors.New("holds a letter that no name in DNS has"), "write the name as DNS has it, such as xn--mller-kva.example")
	}
	return nil
}

func parseSocket(rest string) (Address, error) {
	const hint = "write each / in the path as %2F, such as ldapi://%2Fvar%2Frun%2Fslapd%2Fldapi; ldapi:/// is that one"
	if rest == "" || rest == "/" {
		return Address{Socket: usualSocket}, nil
	}
	name, err := url.PathUnescape(strings.TrimSuffix(rest, "/"))
	if err != nil || strings.ContainsAny(strings.TrimSuffix(rest, "/"), "/?#@") || !path.IsAbs(name) || strings.ContainsRune(name, 0) {
		return Address{}, dirsync.WithHint(errors.New("must hold the path of a socket, from / on"), hint)
	}
	return Address{Socket: name}, nil
}
