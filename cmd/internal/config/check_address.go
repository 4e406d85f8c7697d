package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"unicode"

	"duosync/state/dsn"
	dirsync "duosync/sync"
)

// The checks in this file don't quote what they check: a secret may have come
// into the wrong place.

var hostname = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)

// checkHost checks host or host:port. An IPv6 address stands in brackets.
func checkHost(text string) error {
	const hint = "write the name alone, such as api-xxxxxxxx.duosecurity.com, or name:port"
	switch {
	case strings.Contains(text, "://"):
		return dirsync.WithHint(errors.New("must be a host, not a URL"), hint)
	case strings.ContainsAny(text, "/?#"):
		return dirsync.WithHint(errors.New("must be a host without a path"), hint)
	case strings.Contains(text, "@"):
		return dirsync.WithHint(errors.New("must be a host without a user"), hint)
	}
	switch address, err := netip.ParseAddr(text); {
	case err == nil && address.Is6():
		return dirsync.WithHint(errors.New("holds an IPv6 address without brackets"), "such as [2001:db8::1]:636")
	case strings.ContainsFunc(text, func(r rune) bool { return r > unicode.MaxASCII }):
		return dirsync.WithHint(errors.New("holds a letter that no name in DNS has"), "write the name as DNS has it, such as xn--mller-kva.example")
	}
	host := text
	if strings.HasSuffix(text, "]") {
		host = strings.TrimSuffix(strings.TrimPrefix(text, "["), "]")
	} else if strings.Contains(text, ":") {
		name, port, err := net.SplitHostPort(text)
		if err != nil || !validPort(port) {
			return dirsync.WithHint(errors.New("must be host or host:port, the port between 1 and 65535"), hint)
		}
		host = name
	}
	if strings.HasPrefix(text, "[") {
		if address, err := netip.ParseAddr(host); err != nil || !address.Is6() {
			return dirsync.WithHint(errors.New("holds brackets without an IPv6 address in them"), hint)
		}
		return nil
	}
	if !hostname.MatchString(host) {
		return dirsync.WithHint(errors.New("is not a host name"), hint)
	}
	return nil
}

// checkServerName checks the name that a certificate is to have.
func checkServerName(text string) error {
	const hint = "write a name as the certificate has it, and nothing else, such as ldap.example.org"
	switch _, err := netip.ParseAddr(text); {
	case err == nil:
		return nil
	case strings.Contains(text, "://"):
		return dirsync.WithHint(errors.New("must be a name, not a URL"), hint)
	case strings.Contains(text, "*"):
		return dirsync.WithHint(errors.New("must be one name, not a pattern"), "write the name of this server that the pattern in the certificate fits, such as ldap.example.org")
	case strings.ContainsAny(text, ":/[]@"):
		return dirsync.WithHint(errors.New("must be a name without a port or a path"), hint)
	}
	return nil
}

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

// IsLoopback reports whether a host is this machine by its own name.
func IsLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// isPostgres reports whether a DSN is the URL of a PostgreSQL database.
func isPostgres(text string) bool { return dsn.IsPostgres(text) }

// validateDSN checks where the state is.
func (v *validator) validateDSN(text string) {
	where, err := dsn.Parse(text)
	v.Check("state.dsn", err)
	if err == nil && where.Server != nil && where.Server.MayBeOverheard() {
		v.Warn("state.dsn: the connection to the database may be unencrypted; add sslmode=verify-full to the URL")
	}
}

// holdsPassword reports whether the URL of a database holds a password.
func holdsPassword(u *url.URL) bool { return len(dsn.Passwords(u)) > 0 }
