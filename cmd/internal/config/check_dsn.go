package config

import (
	"net/url"

	"duosync/state/dsn"
)

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
