package state

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jmoiron/sqlx"

	"duosync/state/column"
	dirsync "duosync/sync"
)

// lockKey is the key of the advisory lock, in SQL. Its upper half is "duos", its
// lower half the number of the schema: each state has a lock of its own.
const lockKey = `(SELECT (x'64756f73'::bigint << 32) | oid::bigint FROM pg_namespace WHERE nspname = current_schema())`

// serverLock keeps two runs from writing one state. It is an advisory lock, which
// the server gives back when the connection that took it ends; keepalives end the
// connection of a host that is gone, in half a minute.
type serverLock struct {
	conn *pgx.Conn
}

// lockTries and lockPause are how often, and how far apart, the lock is tried: the
// server may take a moment to notice that the former holder has just ended.
const (
	lockTries = 4
	lockPause = 100 * time.Millisecond
)

// takeLock takes the lock or fails with ErrLocked; it does not wait for its end.
func (s *server) takeLock(ctx context.Context) (*serverLock, error) {
	conn, err := s.dial(ctx, map[string]string{"idle_session_timeout": "0"})
	if err != nil {
		return nil, err
	}
	lock := &serverLock{conn: conn}
	if err := lock.take(ctx); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

func (l *serverLock) take(ctx context.Context) error {
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
			return locked(cmp.Or(who, justStarted))
		}
		if err := pause(ctx, lockPause); err != nil {
			return err
		}
	}
}

// dial makes a single connection.
func (s *server) dial(ctx context.Context, settings map[string]string) (*pgx.Conn, error) {
	conn, err := pgx.ConnectConfig(ctx, s.config)
	if err != nil {
		return nil, err
	}
	if err := s.prepare(ctx, conn, settings); err != nil {
		return nil, errors.Join(err, conn.Close(ctx))
	}
	return conn, nil
}

// Close gives the lock back. The server has given it to others when Close
// returns, but where the connection is lost already.
func (l *serverLock) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
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
	var backend uint32
	err := conn.QueryRow(ctx, `
		SELECT pid FROM pg_locks JOIN pg_database ON pg_database.oid = database
		WHERE locktype = 'advisory' AND datname = current_database() AND granted AND objsubid = 1
			AND (classid::bigint << 32) | objid::bigint = `+lockKey).Scan(&backend)
	if errors.Is(err, pgx.ErrNoRows) {
		return "", nil
	}
	if err != nil {
		return "", err
	}
	var made bool
	if err := conn.QueryRow(ctx, `SELECT to_regclass('meta') IS NOT NULL`).Scan(&made); err != nil || !made {
		return justStarted, err
	}
	var text string
	err = conn.QueryRow(ctx, `SELECT value FROM meta WHERE key = $1`, metaHolder).Scan(&text)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", err
	}
	var by column.JSON[signed]
	if err := by.Scan(text); err != nil || by.V.Backend != backend {
		return justStarted, nil //nolint:nilerr // it is about to be written
	}
	return "by " + by.V.Who, nil
}

func (s *server) holder(ctx context.Context) (who string, err error) {
	conn, err := s.dial(ctx, nil)
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, conn.Close(ctx)) }()
	return holderBy(ctx, conn)
}

const readEpoch = `SELECT CAST(value AS BIGINT) FROM meta WHERE key = 'epoch'`

// raiseEpoch makes this opening the one that may write, and signs for the lock.
// It waits for a transaction that the former holder may have under way.
func (s *server) raiseEpoch(ctx context.Context, db *DB) error {
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	err = tx.GetContext(ctx, &s.epoch, `
		UPDATE meta SET value = CAST(CAST(value AS BIGINT) + 1 AS TEXT) WHERE key = 'epoch' RETURNING CAST(value AS BIGINT)`)
	if err == nil {
		by := signed{Backend: s.lock.conn.PgConn().PID(), Who: signature(s.opts.Now())}
		err = setMeta(ctx, tx, metaHolder, by)
	}
	if err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
}

// check fails with ErrLostLock when another has opened the state for runs since.
// Until tx ends, nobody can.
func (s *server) check(ctx context.Context, tx *sqlx.Tx) error {
	var now int64
	if err := tx.GetContext(ctx, &now, readEpoch+` FOR SHARE`); err != nil {
		return err
	}
	if now != s.epoch {
		return dirsync.WithHint(fmt.Errorf("%w, for the connection that held its lock was lost", ErrLostLock),
			"nothing more was sent or written from here; the other run settles what was under way. Look at the network between this host and the database, and whether this host was suspended")
	}
	return nil
}

// exclude takes the row that check shares.
func (s *server) exclude(ctx context.Context, tx *sqlx.Tx) error {
	var epoch int64
	return tx.GetContext(ctx, &epoch, readEpoch+` FOR UPDATE`)
}

// awaitCalls waits until no call of a holder that did not close the state can be
// under way any more. Once is enough: nobody can add one since the epoch was
// raised, and the server's clock, which may be set back, is asked once only.
func (s *server) awaitCalls(ctx context.Context, db *DB) error {
	var left int64 // milliseconds, and never longer than a call lasts
	if err := db.read.GetContext(ctx, &left, `
		SELECT coalesce(max(least(may_last, may_last - 1000 * extract(epoch FROM clock_timestamp() - begun))), 0)::bigint
		FROM intents WHERE done_at IS NULL`); err != nil {
		return err
	}
	if left <= 0 {
		return nil
	}
	if err := pause(ctx, time.Duration(left)*time.Millisecond); err != nil {
		return fmt.Errorf("waiting for the end of a call to Duo that a run on another host may have under way: %w", err)
	}
	return nil
}

// release tells the next holder that no call is under way.
func (s *server) release(db *DB) error {
	ctx, cancel := context.WithTimeout(context.Background(), lookTime)
	defer cancel()
	tx, err := db.write.BeginTxx(ctx, nil)
	if err != nil {
		return err
	}
	if err := s.check(ctx, tx); err != nil {
		if errors.Is(err, ErrLostLock) { // then it is not ours to tell
			err = nil
		}
		return errors.Join(err, tx.Rollback())
	}
	if _, err := tx.ExecContext(ctx, `UPDATE intents SET may_last = 0 WHERE done_at IS NULL AND may_last > 0`); err != nil {
		return errors.Join(err, tx.Rollback())
	}
	return tx.Commit()
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
