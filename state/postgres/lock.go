package postgres

import (
	"cmp"
	"context"
	"errors"
	"time"

	"github.com/jackc/pgx/v5"

	"duosync/state/backend"
	"duosync/state/column"
)

// partTime is how long it may take to part from the server.
const partTime = 15 * time.Second

// lockKey is the key of the advisory lock, in SQL. Its upper half is "duos", its
// lower half the number of the schema: each state has a lock of its own.
const lockKey = `(SELECT (x'64756f73'::bigint << 32) | oid::bigint FROM pg_namespace WHERE nspname = current_schema())`

// runLock keeps two runs from writing one state. It is an advisory lock, which
// the server gives back when the connection that took it ends; keepalives end the
// connection of a host that is gone, in half a minute.
type runLock struct {
	conn *pgx.Conn
}

// lockTries and lockPause are how often, and how far apart, the lock is tried: the
// server may take a moment to notice that the former holder has just ended.
const (
	lockTries = 4
	lockPause = 100 * time.Millisecond
)

// takeLock takes the lock or fails with backend.ErrLocked; it does not wait for its end.
func (l *login) takeLock(ctx context.Context) (*runLock, error) {
	conn, err := l.dial(ctx, map[string]string{"idle_session_timeout": "0"})
	if err != nil {
		return nil, err
	}
	lock := &runLock{conn: conn}
	if err := lock.take(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func (l *runLock) take(ctx context.Context) error {
	for try := 1; ; try++ {
		var taken *bool
		if err := l.conn.QueryRow(ctx, `SELECT pg_try_advisory_lock(`+lockKey+`)`).Scan(&taken); err != nil {
			return err
		}
		switch {
		case taken == nil:
			return noSchema()
		case *taken:
			return nil
		case try == lockTries:
			who, err := holderBy(ctx, l.conn)
			if err != nil {
				return err
			}
			return backend.Locked(cmp.Or(who, backend.JustStarted))
		}
		if err := pause(ctx, lockPause); err != nil {
			return err
		}
	}
}

// Close gives the lock back. The server has given it to others when Close
// returns, but where the connection is lost already.
func (l *runLock) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), partTime)
	defer cancel()
	if l.conn.IsClosed() {
		return nil
	}
	_, err := l.conn.Exec(ctx, `SELECT pg_advisory_unlock_all()`)
	if l.conn.IsClosed() { // it had ended before, and the lock with it
		return nil
	}
	return errors.Join(err, l.conn.Close(ctx))
}

// signed is who holds the lock, as the holder has written it down.
type signed struct {
	Backend uint32 `json:"backend"` // process of the server that holds the lock
	Who     string `json:"who"`
}

// holderBy asks who holds the lock, "" for nobody.
func holderBy(ctx context.Context, conn *pgx.Conn) (string, error) {
	var pid uint32
	err := conn.QueryRow(ctx, `
		SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
		WHERE locktype = 'advisory' AND datname = current_database() AND granted AND objsubid = 1
			AND (classid::bigint << 32) | objid::bigint = `+lockKey).Scan(&pid)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var made bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('meta') IS NOT NULL`).Scan(&made); err != nil || !made {
		return backend.JustStarted, err
	}
	var text string
	err = conn.QueryRow(ctx, `SELECT value FROM meta WHERE key = $1`, backend.MetaHolder).Scan(&text)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	var by column.JSON[signed]
	if err := by.Scan(text); err != nil || by.V.Backend != pid {
		return backend.JustStarted, nil //nolint:nilerr // it is about to be written
	}
	return "by " + by.V.Who, nil
}

func pause(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}
