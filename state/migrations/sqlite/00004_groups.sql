-- Groups that are ours, and links with something still to be done.

-- +goose Up
CREATE TABLE group_links (
	key    TEXT PRIMARY KEY, -- the folded name
	link   TEXT NOT NULL,    -- the whole dirsync.GroupLink, JSON
	-- What follows is in the link, too.
	duo_id TEXT NOT NULL,
	origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted'))
) STRICT;

CREATE UNIQUE INDEX group_links_duo_id ON group_links (duo_id) WHERE duo_id <> '';

-- A link of before has none: neither mails nor unfinished fields were known.
ALTER TABLE links ADD COLUMN pending INTEGER NOT NULL DEFAULT 0;

DROP INDEX links_brief;
CREATE INDEX links_brief ON links (source_id, duo_id, asked_hash, answered_hash, missing, let_go, active, pending);
