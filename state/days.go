package state

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/jmoiron/sqlx"

	"duosync/state/backend"
	"duosync/state/column"
	dirsync "duosync/sync"
)

// seats are the statuses under which users are counted. The place of one is what the column seat
// of a link holds, with neverEnrolled added for one who never enrolled: it is part of the form of
// a state.
var seats = []string{"", dirsync.StatusActive, dirsync.StatusBypass, dirsync.StatusDisabled, dirsync.StatusLockedOut, dirsync.StatusPendingDeletion}

// These are values of the column seat.
const (
	seatUnknown   = -1 // the link was written by an earlier version
	neverEnrolled = 8  // added to the place of the status
)

// seatOf gives what the column seat holds of a link, so that the links can be counted without
// being read. A status that Duo did not know of when this was written is none that is counted.
func seatOf(l *dirsync.Link) int64 {
	seat := int64(max(slices.Index(seats, l.Seat()), 0))
	if l.NeverEnrolled() {
		seat += neverEnrolled
	}
	return seat
}

// countSeats counts the links; unknown are those of which it is not known where they count. See fillSeats.
func countSeats(ctx context.Context, from backend.Reader) (s dirsync.Seats, unknown int, err error) {
	var rows []struct {
		Seat  int64 `db:"seat"`
		Links int   `db:"links"`
	}
	if err := from.SelectContext(ctx, &rows, `SELECT seat, count(*) AS links FROM links GROUP BY seat`); err != nil {
		return s, 0, err
	}
	for _, row := range rows {
		if row.Seat == seatUnknown {
			unknown = row.Links
			continue
		}
		if row.Seat >= neverEnrolled {
			s.NeverEnrolled += row.Links
		}
		place := row.Seat % neverEnrolled
		if place < 0 || place >= int64(len(seats)) {
			return s, 0, fmt.Errorf("a link has the seat %d, which is unknown here", row.Seat)
		}
		if count := s.ByStatus(seats[place]); count != nil {
			*count += row.Links
		}
	}
	return s, unknown, nil
}

// seatPage is how many links fillSeats reads at a time.
const seatPage = 5000

// fillSeats finds out where links count that an earlier version has written. In SQLite the index
// of seats gives them in the order in which they lie in the file, and those that are done are no
// longer among them.
func fillSeats(ctx context.Context, tx *sqlx.Tx) error {
	for {
		page, err := readRows[linkColumns](ctx, tx, `FROM links WHERE seat = -1 LIMIT $1`, seatPage)
		if err != nil {
			return err
		}
		alike := map[int64][]dirsync.SourceID{}
		for i := range page {
			seat := seatOf(page[i].link())
			alike[seat] = append(alike[seat], page[i].ID)
		}
		for seat, ids := range alike {
			query, args, err := sqlx.In(`UPDATE links SET seat = ? WHERE source_id IN (?)`, seat, ids)
			if err != nil {
				return err
			}
			if _, err := tx.ExecContext(ctx, sqlx.Rebind(sqlx.DOLLAR, query), args...); err != nil {
				return err
			}
		}
		if len(page) < seatPage {
			return nil
		}
	}
}

// keepDay keeps how things stand at the end of a complete run. The last one of a day counts. The
// links are counted by a connection that reads: all of them are committed by then, and its cache is
// full already, which that of the one that writes is not.
func (db *DB) keepDay(ctx context.Context, tx *sqlx.Tx, at time.Time, groups map[string]int) error {
	counted, unknown, err := countSeats(ctx, db.conns.Read)
	if err == nil && unknown > 0 {
		if err = fillSeats(ctx, tx); err == nil {
			counted, _, err = countSeats(ctx, tx)
		}
	}
	if err != nil {
		return fmt.Errorf("counting users by status: %w", err)
	}
	day := dirsync.Day{Date: dirsync.DateOf(at), Seats: counted, Groups: groups}
	_, err = tx.ExecContext(ctx, column.Upsert("days", "date", "figures"), day.Date, column.AsJSON(day))
	return err
}

func pruneDays(ctx context.Context, tx *sqlx.Tx, before time.Time) error {
	_, err := tx.ExecContext(ctx, `DELETE FROM days WHERE date < $1`, dirsync.DateOf(before))
	return err
}

// Days gives how things stood on each day from that of a moment on, oldest first; of a day
// without a complete run there is nothing.
func (db *DB) Days(ctx context.Context, since time.Time) ([]dirsync.Day, error) {
	days, err := readJSON[dirsync.Day](ctx, db.conns.Read, `SELECT figures FROM days WHERE date >= $1 ORDER BY date`, dirsync.DateOf(since))
	return days, db.fail("reading the figures of days", err)
}
