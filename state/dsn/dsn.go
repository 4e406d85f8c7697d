// Package dsn reads state.dsn: the name of a SQLite file, or the URL of a PostgreSQL
// database. It opens neither.
//
//	duosync.db                                      a file, from the working folder
//	/var/lib/duosync/duosync.db                     a file
//	postgres://USER@HOST[:PORT][,HOST…]/DATABASE    a database, also as postgresql://…
//	postgres:///DATABASE?host=/run/postgresql       a database, over a Unix socket
//
// What else a URL of a database may hold is PostgreSQL's (its manual, "Connection
// URIs"). No error repeats a DSN, or a part of the URL of a database: what looks like
// a host may be half of a password.
package dsn

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	dirsync "duosync/sync"
)

// DSN is what a text names: one of the two.
type DSN struct {
	File   string  // as it is written; see Path
	Server *Server // nil for a file
}

// IsPostgres reports whether a text is the URL of a PostgreSQL database, good or not.
func IsPostgres(text string) bool {
	return strings.HasPrefix(text, "postgres://") || strings.HasPrefix(text, "postgresql://")
}

// Parse reads a text as far as its form goes. An error says what the text must be
// and brings advice (dirsync.Hint): it wants the name of the setting before it.
func Parse(text string) (DSN, error) {
	if IsPostgres(text) {
		server, err := parseURL(text)
		return DSN{Server: server}, err
	}
	return DSN{File: text}, checkFile(text)
}

func checkFile(name string) error {
	const hint = "give the name of a file, such as duosync.db"
	switch {
	case name == "":
		return dirsync.WithHint(errors.New("must not be empty"), hint)
	case strings.Contains(name, ":memory:"):
		return dirsync.WithHint(errors.New("must be a file: a state that is forgotten makes every user a stranger"), hint)
	case strings.Contains(name, "://") || slices.ContainsFunc([]string{"file:", "sqlite:", "sqlite3:"}, func(p string) bool { return strings.HasPrefix(name, p) }):
		return dirsync.WithHint(errors.New("must be the name of a file or postgres://"), hint)
	}
	return nil
}

// Path is the absolute path of the file.
func (d DSN) Path() (string, error) {
	if strings.HasSuffix(d.File, string(filepath.Separator)) {
		return "", dirsync.WithHint(fmt.Errorf("state.dsn %s names a folder", d.File),
			"add the name of a file in it, such as duosync.db")
	}
	return filepath.Abs(d.File)
}
