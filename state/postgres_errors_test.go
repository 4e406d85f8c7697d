package state_test

import (
	"fmt"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"duosync/state"
	"duosync/state/backend"
	"duosync/state/pgtest"
	dirsync "duosync/sync"
)

// seen gathers all that an admin can see of an error.
func seen(err error) string {
	text := fmt.Sprintf("%v %+v %s", err, err, dirsync.Hint(err))
	for _, part := range []string{"\n", "\t"} {
		if strings.Contains(err.Error(), part) {
			text += " BROKEN LINE"
		}
	}
	return text
}

func TestServerErrorsSayWhatToDo(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	database := server.Database(t)
	closed, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	must(t, closed.Close())
	must(t, server.Admin(
		`CREATE DATABASE latin1 ENCODING 'LATIN1' LOCALE_PROVIDER libc LOCALE 'C' TEMPLATE template0 OWNER duosync`,
		`CREATE SCHEMA closed`, `GRANT USAGE ON SCHEMA closed TO duosync`,
		`CREATE SCHEMA half AUTHORIZATION duosync`,
		`CREATE SCHEMA taken AUTHORIZATION duosync`, `CREATE TABLE taken.users (name TEXT)`,
		`CREATE SCHEMA newer AUTHORIZATION duosync`))
	halfOpen := server.URL("postgres", pgtest.Password, "search_path=half")
	closing(t, open(t, halfOpen))
	must(t, server.Admin(`ALTER TABLE half.links OWNER TO postgres`))
	newer := server.URL("postgres", pgtest.Password, "search_path=newer")
	closing(t, open(t, newer))
	must(t, server.Admin(`INSERT INTO newer.duosync_schema (version_id, is_applied) VALUES (99, true)`))

	const secret = pgtest.Password
	for _, test := range []struct {
		name, dsn, words, hint string
		is                     error
	}{
		{"nobody listens", "postgres://duosync:" + secret + "@" + closed.Addr().String() + "/d", "connection refused", "runs", nil},
		{"no such host", "postgres://duosync:" + secret + "@nowhere.invalid/d", "nowhere.invalid", "host and port", nil},
		{"a wrong password", server.URL(database, "wrong-"+secret), "password authentication failed", "password", nil},
		{"a wrong password with odd letters", server.URL(database, "wro:n/g?@#% "+secret), "password authentication failed", "password", nil},
		{"no such database", server.URL("nowhere", secret), "does not exist", "createdb", nil},
		{"another authority", server.URL(database, secret, "sslmode=verify-full", "sslrootcert="+server.OtherCA), "certificate", "sslrootcert", nil},
		{"no such authority", server.URL(database, secret, "sslmode=verify-full", "sslrootcert=/nowhere.pem"), "/nowhere.pem", "sslrootcert", nil},
		{"a server without TLS", withoutTLS(t, secret), "refused TLS", "sslmode", nil},
		{"no right to make tables", server.URL("postgres", secret, "search_path=closed"), "may make no tables", "GRANT CREATE", nil},
		{"no schema", server.URL("postgres", secret, "search_path=nowhere"), "no schema", "create the schema", nil},
		{"another encoding", server.URL("latin1", secret), "LATIN1", "UTF8", nil},
		{"a server that takes no writes", server.URL(database, secret, "default_transaction_read_only=on"), "takes no writes", "primary", nil},
		{"tables of something else", server.URL("postgres", secret, "search_path=taken"), "not a state of duosync", "schema of its own", backend.ErrForeign},
		{"a newer duosync", newer, "schema is 99", "update duosync", backend.ErrNewer},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := state.Open(t.Context(), test.dsn, state.Options{CallTime: time.Minute})
			if err == nil {
				t.Fatal("it opened")
			}
			if text := seen(err); strings.Contains(text, secret) || strings.Contains(text, url.QueryEscape(secret)) || strings.Contains(text, "BROKEN") {
				t.Errorf("the password, or a line break, shows in %s", text)
			}
			if !strings.Contains(err.Error(), test.words) || !strings.Contains(dirsync.Hint(err), test.hint) {
				t.Errorf("%v (%s), want %q and the advice %q", err, dirsync.Hint(err), test.words, test.hint)
			}
			// A check finds out, too, before any run.
			if _, err := state.Examine(test.dsn); err == nil || dirsync.Hint(err) == "" || strings.Contains(seen(err), secret) {
				t.Errorf("examine: %v", err)
			}
		})
	}
	t.Run("a table that can't be written", func(t *testing.T) {
		_, err := state.Examine(halfOpen)
		if err == nil || !strings.Contains(err.Error(), "links") || !strings.Contains(dirsync.Hint(err), "GRANT") {
			t.Errorf("%v (%s)", err, dirsync.Hint(err))
		}
		db := open(t, halfOpen)
		defer closing(t, db)
		_, err = db.Load(t.Context(), []dirsync.SourceID{"a"})
		if err == nil || !strings.Contains(dirsync.Hint(err), "OWNER") {
			t.Errorf("%v (%s)", err, dirsync.Hint(err))
		}
	})
	t.Run("with all that it takes", func(t *testing.T) {
		db := open(t, server.URL(database, secret, "sslmode=verify-full", "sslrootcert="+server.CAFile))
		defer closing(t, db)
		begin(t, db, "first")
	})
}

// withoutTLS gives the DSN of a server that answers N to a request for TLS.
func withoutTLS(t *testing.T, password string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = c.Read(make([]byte, 8))
			_, _ = c.Write([]byte("N"))
			_ = c.Close()
		}
	}()
	return "postgres://duosync:" + password + "@" + l.Addr().String() + "/d?sslmode=require"
}

func TestServerWithoutEncryption(t *testing.T) {
	t.Parallel()
	server := postgres(t)
	dsn := server.URL(server.Database(t), pgtest.Password)
	afar := strings.Replace(dsn, "@localhost:", "@0.0.0.0:", 1) // this host, by a name that does not tell
	for dsn, want := range map[string]int{dsn + "?sslmode=disable": 0, afar + "?sslmode=require": 0, afar + "?sslmode=disable": 1} {
		db := open(t, dsn)
		closing(t, db)
		look := openReadOnly(t, dsn)
		closing(t, look)
		for _, warnings := range [][]string{db.Warnings(), look.Warnings()} {
			if len(warnings) != want || want > 0 && !strings.Contains(warnings[0], "verify-full") {
				t.Errorf("%s: warnings %q, want %d", dsn, warnings, want)
			}
		}
	}
}

// The password may also stand where PostgreSQL's own tools look for it.
func TestServerPasswordFromAFile(t *testing.T) {
	server := postgres(t)
	database := server.Database(t)
	bare := server.URL(database, "")
	file := filepath.Join(t.TempDir(), "pgpass")
	must(t, os.WriteFile(file, []byte("*:*:*:*:"+pgtest.Password+"\n"), 0o600))
	t.Setenv("PGPASSFILE", file)
	closing(t, open(t, strings.Replace(bare, ":@", "@", 1)))
}
