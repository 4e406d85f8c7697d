package dsn

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"

	dirsync "duosync/sync"
)

// Server is a database on a PostgreSQL server.
type Server struct {
	Hosts     []string // names, addresses, or folders of Unix sockets
	Encrypted bool     // no connection can be otherwise

	text string
	url  *url.URL
}

// parseURL reads the URL of a database. Where the server is, and which database is
// meant, must stand in it.
func parseURL(text string) (*Server, error) {
	const example = "such as postgres://duosync@db.example.org/duosync?sslmode=verify-full"
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" {
		return nil, dirsync.WithHint(errors.New("is not the URL of a PostgreSQL database"), example+"; in a password, write % / ? # and @ as %25 %2F %3F %23 and %40")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, dirsync.WithHint(errors.New("has parameters that can't be read"), example)
	}
	s := &Server{text: text, url: u}
	if u.Host != "" {
		for host := range strings.SplitSeq(u.Host, ",") {
			if !isAddress(host) {
				return nil, dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), example)
			}
			s.Hosts = append(s.Hosts, (&url.URL{Host: host}).Hostname())
		}
	}
	if list := query.Get("host"); list != "" {
		s.Hosts = strings.Split(list, ",")
	}
	if len(s.Hosts) == 0 {
		return nil, dirsync.WithHint(errors.New("must name a host, or the folder of a Unix socket"), example+", or postgres:///duosync?host=/var/run/postgresql")
	}
	database := strings.TrimPrefix(u.Path, "/")
	if database == "" {
		database = query.Get("dbname")
	}
	if database == "" || strings.Contains(database, "/") {
		return nil, dirsync.WithHint(errors.New("must name a database after the host"), example)
	}
	s.Encrypted = slices.Contains([]string{"require", "verify-ca", "verify-full"}, query.Get("sslmode"))
	return s, nil
}

var hostname = regexp.MustCompile(`^[A-Za-z0-9_]([A-Za-z0-9_.-]{0,251}[A-Za-z0-9_])?$`)

// isAddress reports whether text is HOST or HOST:PORT, an IPv6 address in brackets.
func isAddress(text string) bool {
	host := strings.TrimSuffix(text, "]")
	if host == text && strings.Contains(text, ":") {
		name, port, err := net.SplitHostPort(text)
		if n, noNumber := strconv.Atoi(port); errors.Join(err, noNumber) != nil || n < 1 || n > 65535 {
			return false
		}
		host = name
	}
	if strings.HasPrefix(text, "[") {
		address, err := netip.ParseAddr(strings.TrimPrefix(host, "["))
		return err == nil && address.Is6()
	}
	return hostname.MatchString(host)
}

// IsLocal reports whether a host is this one: the folder of a socket, or loopback.
func IsLocal(host string) bool {
	ip, err := netip.ParseAddr(host)
	return filepath.IsAbs(host) || strings.EqualFold(host, "localhost") || err == nil && ip.Unmap().IsLoopback()
}

// MayBeOverheard reports whether a connection may go over a network unencrypted.
func (s *Server) MayBeOverheard() bool {
	return !s.Encrypted && slices.ContainsFunc(s.Hosts, func(host string) bool { return !IsLocal(host) })
}

const howToWriteURL = "write state.dsn as postgres://USER@HOST/DATABASE, or postgresql://…, with characters that stand for something " +
	"in a URL written as %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %; the password may stand in it, in the variable PGPASSWORD, or in ~/.pgpass"

// Config is how to connect, with what the usual PG… variables, and the files that
// they or the URL name, add. Its errors say "state.dsn".
func (s *Server) Config() (*pgx.ConnConfig, error) {
	_, rest, _ := strings.Cut(s.text, "://")
	authority, tail := rest, ""
	if end := strings.IndexAny(rest, "/?#"); end >= 0 {
		authority, tail = rest[:end], rest[end:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(tail, "@#") {
		return nil, dirsync.WithHint(errors.New("state.dsn is no proper postgres:// URL: an @ or # must be written in another way"), howToWriteURL)
	}
	config, err := pgx.ParseConfig(s.text)
	if missing := (*fs.PathError)(nil); errors.As(err, &missing) { // a certificate, or a key
		return nil, dirsync.WithHint(fmt.Errorf("reading a file that state.dsn, or a PG… variable, names: %w", missing),
			"correct sslrootcert, sslcert and sslkey in state.dsn, or give this user the right to read the file")
	}
	if err != nil {
		return nil, dirsync.WithHint(errors.New("state.dsn is no proper postgres:// URL"), howToWriteURL)
	}
	return config, nil
}

// Passwords gives the passwords in the URL.
func (s *Server) Passwords() []string { return Passwords(s.url) }

// Passwords gives the passwords in the URL of a database: the user's, which may be
// empty, and that of a key.
func Passwords(u *url.URL) (all []string) {
	if password, ok := u.User.Password(); ok {
		all = append(all, password)
	}
	for name, values := range u.Query() {
		if name = strings.ToLower(name); name == "password" || name == "sslpassword" {
			all = append(all, slices.DeleteFunc(values, func(value string) bool { return value == "" })...)
		}
	}
	return all
}
