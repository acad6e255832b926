-- The site's check value: which keys open this database, and which of them
-- seals. One row, id 1.
CREATE TABLE IF NOT EXISTS keyset (
  id BIGINT PRIMARY KEY,
  value BYTEA NOT NULL,
  resealed BOOLEAN NOT NULL
);

--bun:split
-- The servers that run, and which keys each of them has read.
CREATE TABLE IF NOT EXISTS processes (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  pid BIGINT NOT NULL,
  keys TEXT NOT NULL,
  lead BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);

--bun:split
-- The last row of the audit log under a key of the keyset. One row, id 1.
CREATE TABLE IF NOT EXISTS audit_head (
  id BIGINT PRIMARY KEY,
  seq BIGINT NOT NULL,
  hash TEXT NOT NULL,
  mac BYTEA NOT NULL
);
