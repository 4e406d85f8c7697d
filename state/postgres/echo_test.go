package postgres_test

import (
	"encoding/base64"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5/pgconn"

	"duosync/state/dsn"
	"duosync/state/postgres"
	dirsync "duosync/sync"
)

// TestEchoesAreHidden has the server, or something before it, repeat what it was sent,
// from the URL and from PGPASSWORD.
func TestEchoesAreHidden(t *testing.T) {
	const password, other = "hunter2/hunter3 & hunter4", "another-password-of-31-characters"
	t.Setenv("PGPASSWORD", other)
	for text, sent := range map[string]string{
		"postgres://duo:" + url.QueryEscape(password) + "@db.example/sync":             password,
		"postgres://duo@db.example/sync":                                               other,
		"postgres://duo@db.example/sync?sslpassword=" + url.QueryEscape(password):      password,
		"postgres://duo@db.example/sync?password=" + strings.ToUpper("not-the-"+other): strings.ToUpper("not-the-" + other),
	} {
		d, err := dsn.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		l, err := postgres.New(d.Server, postgres.Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, echo := range []string{sent, sent[:20], strings.ToUpper(sent), url.PathEscape(sent), strings.ReplaceAll(sent, "n", "n\r\n"), base64.StdEncoding.EncodeToString([]byte("duo:" + sent))} {
			err := l.Explain(fmt.Errorf("%w: %w", &pgconn.PgError{Code: "28P01", Message: "you sent\n" + echo}, io.EOF))
			if text := err.Error(); !strings.Contains(text, ": you sent ") || !strings.Contains(text, "<secret>") || !strings.HasSuffix(text, " (SQLSTATE 28P01): EOF") || len(text) > 60 {
				t.Errorf("%q is shown in %q", echo, text)
			}
			if dirsync.Hint(err) == "" {
				t.Errorf("no advice for %v", err)
			}
		}
	}
}
