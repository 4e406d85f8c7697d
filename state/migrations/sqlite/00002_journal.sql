-- The journal: runs, what they meant to do, and what a guard held.

-- +goose Up
CREATE TABLE runs (
	id       TEXT PRIMARY KEY,
	started  TEXT NOT NULL,
	finished TEXT,          -- NULL for a run that goes on, and for one that was killed
	outcome  TEXT NOT NULL, -- '' while the run goes on
	summary  TEXT,          -- the report without its lists, JSON
	report   BLOB           -- the whole report, gzip
) STRICT;

CREATE INDEX runs_started ON runs (started);

CREATE TABLE intents (
	seq       INTEGER PRIMARY KEY AUTOINCREMENT,
	run_id    TEXT NOT NULL REFERENCES runs (id),
	source_id TEXT NOT NULL,
	op        TEXT NOT NULL, -- JSON
	at        TEXT NOT NULL, -- by Duo's clock
	done_at   TEXT,          -- NULL while the outcome is not known
	note      TEXT NOT NULL
) STRICT;

CREATE INDEX intents_open ON intents (source_id, seq) WHERE done_at IS NULL;
CREATE INDEX intents_run ON intents (run_id);

CREATE TABLE holds (
	id             TEXT PRIMARY KEY, -- the report's approval_id
	keys           TEXT,             -- JSON; NULL: the very operations that give the id
	guards         TEXT,             -- JSON
	held_at        TEXT,             -- NULL for what only a dry run showed
	approved_until TEXT,
	used_at        TEXT
) STRICT;
