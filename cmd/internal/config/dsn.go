package config

import (
	"errors"
	"net/url"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// The checks in this file don't quote what they check: it may hold a password.

// isPostgres reports whether a DSN is the URL of a PostgreSQL database.
func isPostgres(dsn string) bool {
	return strings.HasPrefix(dsn, "postgres://") || strings.HasPrefix(dsn, "postgresql://")
}

// validateDSN checks where the state is.
func (v *validator) validateDSN(dsn string) {
	if !isPostgres(dsn) {
		v.Check("state.dsn", checkFileDSN(dsn))
		return
	}
	hosts, encrypted, err := checkPostgresURL(dsn)
	v.Check("state.dsn", err)
	if err == nil && !encrypted && slices.ContainsFunc(hosts, func(host string) bool { return !strings.HasPrefix(host, "/") && !IsLoopback(host) }) {
		v.Warn("state.dsn: the connection to the database may be unencrypted; add sslmode=verify-full to the URL")
	}
}

// checkFileDSN checks the name of the state's file.
func checkFileDSN(dsn string) error {
	const hint = "give the name of a file, such as duosync.db"
	switch {
	case dsn == "":
		return dirsync.WithHint(errors.New("must not be empty"), hint)
	case strings.Contains(dsn, ":memory:"):
		return dirsync.WithHint(errors.New("must be a file: a state that is forgotten makes every user a stranger"), hint)
	case strings.Contains(dsn, "://") || slices.ContainsFunc([]string{"file:", "sqlite:", "sqlite3:"}, func(p string) bool { return strings.HasPrefix(dsn, p) }):
		return dirsync.WithHint(errors.New("must be the name of a file or postgres://"), hint)
	}
	return nil
}

// checkPostgresURL checks the URL of a database (PostgreSQL's manual, "Connection
// URIs"), as far as its form goes, and gives its hosts: names, addresses, or
// folders of Unix sockets. encrypted tells whether no connection can be otherwise.
func checkPostgresURL(text string) (hosts []string, encrypted bool, err error) {
	const example = "such as postgres://duosync@db.example.org/duosync?sslmode=verify-full"
	u, err := url.Parse(text)
	if err != nil || u.Fragment != "" {
		return nil, false, dirsync.WithHint(errors.New("is not the URL of a PostgreSQL database"), example+"; in a password, write % / ? # and @ as %25 %2F %3F %23 and %40")
	}
	query, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, false, dirsync.WithHint(errors.New("has parameters that can't be read"), example)
	}
	if u.Host != "" {
		for host := range strings.SplitSeq(u.Host, ",") {
			if checkHost(host) != nil {
				return nil, false, dirsync.WithHint(errors.New("must name a host, and a port between 1 and 65535 or none"), example)
			}
			hosts = append(hosts, (&url.URL{Host: host}).Hostname())
		}
	}
	if list := query.Get("host"); list != "" {
		hosts = strings.Split(list, ",")
	}
	if len(hosts) == 0 {
		return nil, false, dirsync.WithHint(errors.New("must name a host, or the folder of a Unix socket"), example+", or postgres:///duosync?host=/var/run/postgresql")
	}
	database := strings.TrimPrefix(u.Path, "/")
	if database == "" {
		database = query.Get("dbname")
	}
	if database == "" || strings.Contains(database, "/") {
		return nil, false, dirsync.WithHint(errors.New("must name a database after the host"), example)
	}
	return hosts, slices.Contains([]string{"require", "verify-ca", "verify-full"}, query.Get("sslmode")), nil
}

// holdsPassword reports whether the URL of a database holds a password.
func holdsPassword(u *url.URL) bool {
	_, password := u.User.Password()
	return password || u.Query().Get("password") != "" || u.Query().Get("sslpassword") != ""
}
