package config

import (
	"errors"
	"net"
	"net/netip"
	"net/url"
	"regexp"
	"strconv"
	"strings"

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

func validPort(port string) bool {
	n, err := strconv.Atoi(port)
	return err == nil && n >= 1 && n <= 65535
}

// checkLDAPURL checks and parses the URL of a server.
func checkLDAPURL(text string) (*url.URL, error) {
	const hint = "such as ldaps://ldap.example.org or ldap://localhost:10389"
	u, err := url.Parse(text)
	switch {
	case err != nil:
		return nil, dirsync.WithHint(errors.New("is not a URL"), hint)
	case u.Scheme != "ldap" && u.Scheme != "ldaps":
		return nil, dirsync.WithHint(errors.New("must start with ldap:// or ldaps://"), hint)
	case u.User != nil:
		return nil, dirsync.WithHint(errors.New("must not hold a user"), "give bind_dn and bind_password")
	case strings.Trim(u.Path, "/") != "" || u.RawQuery != "" || u.Fragment != "":
		return nil, dirsync.WithHint(errors.New("must end after the host and port"), "give the base in users.base_dns")
	case u.Opaque != "" || checkHost(u.Host) != nil:
		return nil, dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), hint)
	}
	return u, nil
}

// isLoopback reports whether a host is this machine by its own name.
func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

func checkProxyURL(text string) error {
	const hint = "such as http://proxy.example.org:3128"
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || u.Host == "" {
		return dirsync.WithHint(errors.New("is not the URL of a proxy"), hint)
	}
	switch u.Scheme {
	case "http", "https", "socks5", "socks5h":
		return nil
	}
	return dirsync.WithHint(errors.New("must start with http://, https:// or socks5://"), hint)
}

var (
	duoKey       = regexp.MustCompile(`^[!-9;-~]+$`) // an HTTP Basic user or password: ASCII, no blank, no colon
	likeSecret   = regexp.MustCompile(`^[A-Za-z0-9]{40}$`)
	likeIntegKey = regexp.MustCompile(`^DI[A-Z0-9]{18}$`)
)

// checkIntegrationKey catches what is surely no integration key. Duo documents
// no form for it; its samples have 20 characters and start with DI.
func checkIntegrationKey(text string) error {
	switch {
	case likeSecret.MatchString(text):
		return dirsync.WithHint(errors.New("looks like a secret key, by its 40 characters"), "swap integration_key and secret_key; if this file was shown to anyone, reset the secret key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}

func checkSecretKey(s Secret) error {
	switch text := s.Reveal(); {
	case likeIntegKey.MatchString(text):
		return dirsync.WithHint(errors.New("looks like an integration key, since it starts with DI"), "swap integration_key and secret_key")
	case text != "" && !duoKey.MatchString(text):
		return dirsync.WithHint(errors.New("holds a character that no key has"), "copy it anew from Duo's Admin Panel, without blanks")
	}
	return nil
}
