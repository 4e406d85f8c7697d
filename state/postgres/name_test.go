package postgres_test

import (
	"testing"

	"duosync/state/dsn"
	"duosync/state/postgres"
)

func TestName(t *testing.T) {
	for text, want := range map[string]string{
		"postgres://duo:hunter2@db.example/sync":                           "postgres://duo@db.example:5432/sync",
		"postgres:///sync?host=/run/postgresql&user=duo&password=hunter2":  "postgres://duo@/sync?host=/run/postgresql",
		"postgres://duo:hunter%40%2f2@[::1]/sync?search_path=a,b":          "postgres://duo@[::1]:5432/sync?search_path=a%2Cb",
		"postgres://duo:hunter2@one:1,two:2/sync?target_session_attrs=any": "postgres://duo@one:1/sync",
	} {
		where, err := dsn.Parse(text)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := postgres.New(where.Server, postgres.Options{}); err != nil || s.String() != want {
			t.Errorf("%s is %v, %v; want %s", text, s, err, want)
		}
	}
}
