-- How things stood, day by day, and of each link under which status its user is counted.

-- +goose Up
CREATE TABLE days (
	date    TEXT PRIMARY KEY, -- YYYY-MM-DD, UTC
	figures TEXT NOT NULL     -- dirsync.Day, JSON
) STRICT, WITHOUT ROWID;

-- See seatOf. Of a link of before it is not known; the next complete run finds it out.
ALTER TABLE links ADD COLUMN seat INTEGER NOT NULL DEFAULT -1;

CREATE INDEX links_seat ON links (seat);
