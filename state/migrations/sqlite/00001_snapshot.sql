-- The snapshot: what is ours in Duo, and what a good run saw.
-- Times are RFC 3339 in UTC with nine digits of nanoseconds, so that they sort as text.

-- +goose Up
CREATE TABLE meta (
	key   TEXT PRIMARY KEY, -- binding, baseline, refreshed, paused
	value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE links (
	source_id     TEXT PRIMARY KEY,
	link          TEXT NOT NULL,    -- the whole dirsync.Link, JSON
	-- What follows is in the link, too: to find it, to scan it, and for whoever reads the file.
	duo_id        TEXT NOT NULL,
	username      TEXT NOT NULL,    -- as Duo last answered it
	origin        TEXT NOT NULL CHECK (origin IN ('created', 'adopted')),
	asked_hash    INTEGER NOT NULL, -- the 64 bits of a dirsync.Hash
	answered_hash INTEGER NOT NULL,
	missing       INTEGER NOT NULL, -- 0 or 1, as the next two
	let_go        INTEGER NOT NULL,
	active        INTEGER NOT NULL,
	updated       TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX links_duo_id ON links (duo_id) WHERE duo_id <> '';

-- Holds all that a scan gives, in its order: a scan reads 100 bytes a link instead of 1000.
CREATE INDEX links_brief ON links (source_id, duo_id, asked_hash, answered_hash, missing, let_go, active);

CREATE TABLE told (
	key   TEXT PRIMARY KEY,
	entry TEXT NOT NULL -- dirsync.Told, JSON
) STRICT, WITHOUT ROWID;
