-- All of the state: the snapshot (what is ours in Duo, and what a good run saw) and
-- the journal (runs, what they meant to do, and what a guard held).
-- Times are RFC 3339 in UTC with nine digits of nanoseconds, so that they sort as text
-- and come back whole. What is sorted is sorted by bytes, whatever the language of the
-- database.

-- +goose Up
CREATE TABLE meta (
	key   TEXT PRIMARY KEY, -- binding, baseline, refreshed, paused, epoch, holder
	value TEXT NOT NULL     -- JSON
);

-- Each opening for runs raises the epoch; one that finds another than its own writes no more.
INSERT INTO meta (key, value) VALUES ('epoch', '0');

CREATE TABLE links (
	source_id     TEXT COLLATE "C" PRIMARY KEY,
	link          TEXT NOT NULL,   -- the whole dirsync.Link, JSON
	-- What follows is in the link, too: to find it, to scan it, and for whoever reads the table.
	duo_id        TEXT NOT NULL,
	username      TEXT NOT NULL,   -- as Duo last answered it
	origin        TEXT NOT NULL CHECK (origin IN ('created', 'adopted')),
	asked_hash    BIGINT NOT NULL, -- the 64 bits of a dirsync.Hash
	answered_hash BIGINT NOT NULL,
	missing       BOOLEAN NOT NULL,
	let_go        BOOLEAN NOT NULL,
	active        BOOLEAN NOT NULL,
	pending       BOOLEAN NOT NULL,
	updated       TEXT NOT NULL
);

CREATE UNIQUE INDEX links_duo_id ON links (duo_id) WHERE duo_id <> '';

-- Holds all that a scan gives, in its order.
CREATE INDEX links_brief ON links (source_id)
	INCLUDE (duo_id, asked_hash, answered_hash, missing, let_go, active, pending);

CREATE TABLE group_links (
	key    TEXT COLLATE "C" PRIMARY KEY, -- the folded name
	link   TEXT NOT NULL,                -- the whole dirsync.GroupLink, JSON
	duo_id TEXT NOT NULL,
	origin TEXT NOT NULL CHECK (origin IN ('created', 'adopted'))
);

CREATE UNIQUE INDEX group_links_duo_id ON group_links (duo_id) WHERE duo_id <> '';

CREATE TABLE told (
	key   TEXT PRIMARY KEY,
	entry TEXT NOT NULL -- dirsync.Told, JSON
);

CREATE TABLE runs (
	id       TEXT COLLATE "C" PRIMARY KEY,
	started  TEXT COLLATE "C" NOT NULL,
	finished TEXT,          -- NULL for a run that goes on, and for one that was killed
	outcome  TEXT NOT NULL, -- '' while the run goes on
	summary  TEXT,          -- the report without its lists, JSON
	report   BYTEA          -- the whole report, gzip
);

CREATE INDEX runs_started ON runs (started);
CREATE INDEX runs_open ON runs (id) WHERE outcome = '';

CREATE TABLE intents (
	seq       BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
	run_id    TEXT COLLATE "C" NOT NULL REFERENCES runs (id),
	source_id TEXT COLLATE "C" NOT NULL,
	op        TEXT NOT NULL, -- JSON
	at        TEXT NOT NULL, -- by Duo's clock
	done_at   TEXT,          -- NULL while the outcome is not known
	note      TEXT NOT NULL,
	-- By this server's clock, for a successor to wait until no call can be under way.
	begun     TIMESTAMPTZ NOT NULL DEFAULT clock_timestamp(),
	may_last  BIGINT NOT NULL -- milliseconds; 0 once the holder has closed the state
);

CREATE INDEX intents_open ON intents (source_id, seq) WHERE done_at IS NULL;
CREATE INDEX intents_unsettled ON intents (seq) WHERE done_at IS NULL;
CREATE INDEX intents_run ON intents (run_id);

CREATE TABLE holds (
	id             TEXT COLLATE "C" PRIMARY KEY, -- the report's approval_id
	keys           TEXT,             -- JSON; NULL: the very operations that give the id
	guards         TEXT,             -- JSON
	held_at        TEXT COLLATE "C", -- NULL for what only a dry run showed
	approved_until TEXT COLLATE "C",
	used_at        TEXT COLLATE "C"
);
