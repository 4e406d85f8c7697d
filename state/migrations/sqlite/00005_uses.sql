-- What a person's place rests on, approvals that a run has begun to carry out, and
-- users who are kept disabled.

-- +goose Up

-- A link of before knows nothing of it: the digest of nothing is 0.
ALTER TABLE links ADD COLUMN seen_hash INTEGER NOT NULL DEFAULT 0;

DROP INDEX links_brief;
CREATE INDEX links_brief ON links (source_id, duo_id, asked_hash, answered_hash, missing, let_go, active, pending, seen_hash);

-- What was held or approved before does not say which guard held what, and its ids
-- were made otherwise. It is dropped: the next run holds again, which is safe, and an
-- approval that was given before has to be given anew.
DROP TABLE holds;

CREATE TABLE holds (
	id             TEXT PRIMARY KEY, -- of the report, or of one of its guards
	holds          TEXT,             -- dirsync.Hold of each guard, JSON; NULL: the very operations that give the id
	held_at        TEXT,             -- NULL for what only a dry run showed
	approved_until TEXT,
	used_at        TEXT
) STRICT;

-- Which runs have carried out, or begun to carry out, what was approved.
CREATE TABLE uses (
	hold_id TEXT NOT NULL REFERENCES holds (id) ON DELETE CASCADE,
	run_id  TEXT NOT NULL REFERENCES runs (id),
	PRIMARY KEY (hold_id, run_id)
) STRICT, WITHOUT ROWID;

CREATE INDEX uses_run ON uses (run_id);

CREATE TABLE marks (
	duo_id   TEXT PRIMARY KEY,
	username TEXT NOT NULL, -- folded
	mark     TEXT NOT NULL  -- the whole dirsync.Mark, JSON
) STRICT, WITHOUT ROWID;
