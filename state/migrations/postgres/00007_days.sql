-- How things stood, day by day, and of each link under which status its user is counted.

-- +goose Up
CREATE TABLE days (
	date    TEXT COLLATE "C" PRIMARY KEY, -- YYYY-MM-DD, UTC
	figures TEXT NOT NULL                 -- dirsync.Day, JSON
);

-- See seatOf. Of a link of before it is not known; the next complete run finds it out. No row is written.
ALTER TABLE links ADD COLUMN seat BIGINT NOT NULL DEFAULT -1;

CREATE INDEX links_seat ON links (seat);
