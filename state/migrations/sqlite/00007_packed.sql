-- Operations are packed: a tenth of the JSON that they were. op is '' then; what was
-- written before stays readable there.
-- The JSON of a link no longer has what the row's other columns say, and of Duo's answer
-- only what differs from what was asked; rows of before are read as they are, and take the
-- new form when they are written next.

-- +goose Up
ALTER TABLE intents ADD COLUMN packed BLOB; -- deflate, see state/column
