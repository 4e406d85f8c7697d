-- The audit: what an act was about, and whether it was told. What was done before is not.

-- +goose Up
ALTER TABLE acts ADD COLUMN details TEXT NOT NULL DEFAULT ''; -- state.ActDetails, JSON
ALTER TABLE acts ADD COLUMN audited BIGINT NOT NULL DEFAULT 0;    -- 1: it was told, or is not to be
CREATE INDEX acts_untold ON acts (seq) WHERE audited = 0;
