-- Failures of a kind within 30 days and codes sent within an hour, a time each;
-- first of all when the owner was warned. One row for a counter.
CREATE TABLE IF NOT EXISTS windows (
  key TEXT PRIMARY KEY,
  recent TEXT NOT NULL
);

--bun:split
-- Which steps of an app were accepted, so that a clock that jumped ahead and
-- back locks nobody out and takes no code twice.
CREATE TABLE IF NOT EXISTS steps (
  credential_id TEXT PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE,
  accepted TEXT NOT NULL
);

--bun:split
-- What a way down kept.
INSERT INTO windows (key, recent) SELECT substr(key, 8), value FROM settings WHERE key LIKE 'window:%' ON CONFLICT (key) DO NOTHING;

--bun:split
INSERT INTO steps (credential_id, accepted) SELECT substr(key, 6), value FROM settings
  WHERE key LIKE 'step:%' AND substr(key, 6) IN (SELECT id FROM credentials) ON CONFLICT (credential_id) DO NOTHING;

--bun:split
DELETE FROM settings WHERE key LIKE 'window:%' OR key LIKE 'step:%';
