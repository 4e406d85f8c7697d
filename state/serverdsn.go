package state

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/url"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"golang.org/x/sys/unix"

	dirsync "duosync/sync"
)

// isServer reports whether dsn names a state in PostgreSQL.
func isServer(dsn string) bool {
	scheme, _, _ := strings.Cut(dsn, ":")
	scheme = strings.ToLower(scheme)
	return len(scheme) < len(dsn) && (scheme == "postgres" || scheme == "postgresql")
}

const howToWriteURL = "write state.dsn as postgres://USER@HOST/DATABASE, or postgresql://…, with characters that stand for something " +
	"in a URL written as %40 for @, %2F for /, %3F for ?, %23 for # and %25 for %; the password may stand in it, in the variable PGPASSWORD, or in ~/.pgpass"

// parseServer reads a postgres:// URL, and what the usual PG… variables add. No
// part of the URL gets into an error: what looks like a host may be half of a
// password.
func parseServer(dsn string) (*pgx.ConnConfig, error) {
	scheme, rest, _ := strings.Cut(dsn, ":")
	authority, ok := strings.CutPrefix(rest, "//")
	if !ok {
		return nil, dirsync.WithHint(errors.New("state.dsn is no proper postgres:// URL"), howToWriteURL)
	}
	authority, tail := authority, ""
	if end := strings.IndexAny(authority, "/?#"); end >= 0 {
		authority, tail = authority[:end], authority[end:]
	}
	if strings.Count(authority, "@") > 1 || strings.ContainsAny(tail, "@#") {
		return nil, dirsync.WithHint(errors.New("state.dsn is no proper postgres:// URL: an @ or # must be written in another way"), howToWriteURL)
	}
	config, err := pgx.ParseConfig(strings.ToLower(scheme) + ":" + rest)
	if err != nil {
		if missing := (*fs.PathError)(nil); errors.As(err, &missing) { // a certificate, or a key
			return nil, dirsync.WithHint(fmt.Errorf("reading a file that state.dsn, or a PG… variable, names: %w", missing),
				"correct sslrootcert, sslcert and sslkey in state.dsn, or give this user the right to read the file")
		}
		return nil, dirsync.WithHint(errors.New("state.dsn is no proper postgres:// URL"), howToWriteURL)
	}
	if config.ConnectTimeout == 0 {
		config.ConnectTimeout = 10 * time.Second
	}
	config.DialFunc = dialer().DialContext
	if _, set := config.RuntimeParams["application_name"]; !set {
		config.RuntimeParams["application_name"] = "duosync"
	}
	return config, nil
}

// deadAfter is when a connection whose other end answers no more counts as dead.
const deadAfter = 30 * time.Second

// dialer makes connections that end when the server's host is gone.
func dialer() *net.Dialer {
	return &net.Dialer{
		KeepAliveConfig: net.KeepAliveConfig{Enable: true, Idle: 10 * time.Second, Interval: 5 * time.Second, Count: 4},
		Control: func(network, _ string, c syscall.RawConn) error {
			if !strings.HasPrefix(network, "tcp") {
				return nil
			}
			var failed error
			err := c.Control(func(fd uintptr) {
				failed = unix.SetsockoptInt(int(fd), unix.IPPROTO_TCP, unix.TCP_USER_TIMEOUT, int(deadAfter.Milliseconds()))
			})
			return errors.Join(err, failed)
		},
	}
}

// serverName names the state in messages: a URL without the password.
func serverName(config *pgx.ConnConfig) string {
	u := url.URL{Scheme: "postgres", User: url.User(config.User), Path: "/" + cmp.Or(config.Database, config.User)}
	if filepath.IsAbs(config.Host) {
		u.RawQuery = "host=" + config.Host
	} else {
		u.Host = net.JoinHostPort(config.Host, fmt.Sprint(config.Port))
	}
	if path := config.RuntimeParams["search_path"]; path != "" {
		u.RawQuery = strings.TrimPrefix(u.RawQuery+"&search_path="+url.QueryEscape(path), "&")
	}
	return u.String()
}

// secretsOf lists what must not be seen of a connection.
func secretsOf(config *pgx.ConnConfig, dsn string) []string {
	secrets := []string{config.Password}
	if u, err := url.Parse(dsn); err == nil {
		if password, ok := u.User.Password(); ok {
			secrets = append(secrets, password, url.QueryEscape(password), url.PathEscape(password))
		}
		for name, values := range u.Query() {
			if name = strings.ToLower(name); name == "password" || name == "sslpassword" {
				secrets = append(secrets, values...)
			}
		}
	}
	return secrets
}
