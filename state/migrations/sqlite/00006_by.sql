-- Who asked for what. What was done before this is by nobody known.

-- +goose Up
ALTER TABLE runs ADD COLUMN asked_by TEXT NOT NULL DEFAULT '';
ALTER TABLE holds ADD COLUMN approved_by TEXT NOT NULL DEFAULT '';

-- What was asked for beside the runs: approvals, pauses, marks, and what took them back.
CREATE TABLE acts (
	seq      INTEGER PRIMARY KEY AUTOINCREMENT,
	at       TEXT NOT NULL,
	asked_by TEXT NOT NULL,
	what     TEXT NOT NULL, -- approve, revoke, pause, resume, disable, enable
	about    TEXT NOT NULL, -- the approval's id, or the Duo user's name; '' for all
	reason   TEXT NOT NULL
) STRICT;
