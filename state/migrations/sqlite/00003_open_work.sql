-- What a run looks for first: a run without an end, intents without an outcome.
-- Without these it reads all of the history, run after run more of it.

-- +goose Up
CREATE INDEX runs_open ON runs (id) WHERE outcome = '';
CREATE INDEX intents_unsettled ON intents (seq) WHERE done_at IS NULL;
