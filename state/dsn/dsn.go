// Package dsn reads state.dsn: the name of a SQLite file, or the URL of a PostgreSQL
// database. It opens neither.
//
//	duosync.db                                      a file, from the working folder
//	/var/lib/duosync/duosync.db                     a file
//	./a=b.db                                        a file, whose name holds =, : or @
//	postgres://USER@HOST[:PORT][,HOST…]/DATABASE    a database, also as postgresql://…
//	postgres:///DATABASE?host=/run/postgresql       a database, over a Unix socket
//
// What else a URL of a database may hold is PostgreSQL's (its manual, "Connection
// URIs"). What looks like a server in any other form is refused, and not taken for a
// file: a password in it would be in the names of files. No error repeats a DSN, or a
// part of the URL of a database: what looks like a host may be half of a password.
package dsn

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path/filepath"
	"regexp"
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
	case sqliteURL.MatchString(name):
		return dirsync.WithHint(errors.New("must be the name of a file or postgres://"), hint)
	case shellWord.MatchString(name):
		return dirsync.WithHint(errors.New("is taken as it is written: only a shell knows ~ and $NAME"),
			"write the whole path, or ${NAME} for a variable of the environment; a file that is named so is ./NAME")
	case likeServer(name):
		return dirsync.WithHint(errors.New("must be the name of a file, or a database as postgres://USER@HOST/DATABASE"), otherForms)
	}
	return nil
}

const otherForms = "write no other form of an address; put the password into ~/.pgpass (or the file of PGPASSFILE), into PGPASSWORD, " +
	"or into the URL in the file of state.dsn_file; write a file whose name holds =, : or @ as ./NAME"

var (
	// What a shell would replace: a home folder, a variable. Further on it is part of a path
	// that was made absolute.
	shellWord = regexp.MustCompile(`^\s*(~|\$[A-Za-z_{(])`)
	sqliteURL = regexp.MustCompile(`(?i)^\s*(file|sqlite3?):`)
	// A key of a password (PostgreSQL's manual, 34.1.2, and those of other drivers).
	passwordKey = regexp.MustCompile(`(?i)(^|[^a-z])(ssl)?(pass(wd|word|phrase|file)?|pwd?)\s*[=:]`)
	// USER:PASSWORD@HOST, whatever the password is made of.
	userinfo = regexp.MustCompile(`(?s):.*@`)
	// A path that can be nothing else.
	plainPath = regexp.MustCompile(`^\.{0,2}/([^/]|$)`)
	escape    = regexp.MustCompile(`%[0-9A-Fa-f]{2}`)
)

// likeServer reports whether a text looks like a server in a form that is not read, also
// where it is escaped as in a URL: what is not surely a path is not taken for one.
func likeServer(text string) bool {
	const rounds = 3
	for range rounds {
		first, _, _ := strings.Cut(text, "/")
		switch {
		case strings.Contains(text, "://"), passwordKey.MatchString(text), userinfo.MatchString(text):
			return true
		case plainPath.MatchString(text):
		case strings.HasPrefix(text, "//"), strings.ContainsAny(first, ":="), strings.Contains(text, "@"):
			return true
		}
		plain := escape.ReplaceAllStringFunc(text, func(e string) string {
			b, _ := hex.DecodeString(e[1:]) // the digits are
			return string(b)
		})
		if plain == text {
			return false
		}
		text = plain
	}
	return true
}

// Path is the absolute path of the file.
func (d DSN) Path() (string, error) {
	if strings.HasSuffix(d.File, string(filepath.Separator)) {
		return "", dirsync.WithHint(fmt.Errorf("state.dsn %s names a folder", d.File),
			"add the name of a file in it, such as duosync.db")
	}
	return filepath.Abs(d.File)
}
