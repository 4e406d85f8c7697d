// Command newer marks a state as one that a newer duosync has written, for check.sh.
package main

import (
	"database/sql"
	"errors"
	"fmt"
	"os"

	_ "modernc.org/sqlite" // its driver
)

func main() {
	if err := mark(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, "newer:", err)
		os.Exit(1)
	}
}

func mark(path string) (err error) {
	db, err := sql.Open("sqlite", path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	_, err = db.Exec(`INSERT INTO duosync_schema (version_id, is_applied) VALUES (9999, 1)`) //nolint:noctx // it is short
	return err
}
