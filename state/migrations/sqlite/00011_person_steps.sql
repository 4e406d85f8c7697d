-- What runs did to a person is found by the person, not only while it is open.

-- +goose Up
DROP INDEX intents_open;
CREATE INDEX intents_person ON intents (source_id); -- and by seq, which is the rowid
