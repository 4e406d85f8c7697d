-- What people were told of last.

-- +goose Up
CREATE TABLE notified (
	channel TEXT PRIMARY KEY, -- of the section notify: webhook, email
	memory  TEXT NOT NULL     -- what that channel has taken, JSON
) STRICT, WITHOUT ROWID;
