-- What the admin's pages need, kept beside the accounts in the transactions
-- that change them, so that no page counts or scans a million rows.
CREATE TABLE IF NOT EXISTS directory (
  account_id TEXT PRIMARY KEY REFERENCES accounts (id) ON DELETE CASCADE,
  bucket BIGINT NOT NULL,
  login_key TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_login_at BIGINT NOT NULL,
  searched TEXT NOT NULL,
  off_kinds TEXT NOT NULL DEFAULT '',
  must_enroll_at BIGINT NOT NULL DEFAULT 0,
  reached BIGINT NOT NULL DEFAULT 0
);

--bun:split
CREATE INDEX IF NOT EXISTS directory_login ON directory (login_key, account_id);

--bun:split
CREATE INDEX IF NOT EXISTS directory_created ON directory (created_at, account_id);

--bun:split
CREATE INDEX IF NOT EXISTS directory_last ON directory (last_login_at, account_id);

--bun:split
CREATE INDEX IF NOT EXISTS directory_bucket_login ON directory (bucket, login_key, account_id);

--bun:split
CREATE INDEX IF NOT EXISTS directory_bucket_created ON directory (bucket, created_at, account_id);

--bun:split
CREATE INDEX IF NOT EXISTS directory_bucket_last ON directory (bucket, last_login_at, account_id);

--bun:split
-- Every place in a login or name where a word begins, with what follows it.
CREATE TABLE IF NOT EXISTS words (
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  word BYTEA NOT NULL,
  PRIMARY KEY (account_id, word)
);

--bun:split
CREATE INDEX IF NOT EXISTS words_word ON words (word, account_id);

--bun:split
-- How many accounts are in each bucket, spread over shards so that many may
-- change one number at once.
CREATE TABLE IF NOT EXISTS totals (
  bucket BIGINT NOT NULL,
  shard BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (bucket, shard)
);

--bun:split
-- The same numbers as they were at the end of each day since 1970.
CREATE TABLE IF NOT EXISTS days (
  day BIGINT NOT NULL,
  bucket BIGINT NOT NULL,
  n BIGINT NOT NULL,
  PRIMARY KEY (day, bucket)
);

--bun:split
CREATE INDEX IF NOT EXISTS accounts_role ON accounts (role, id);

--bun:split
CREATE INDEX IF NOT EXISTS events_kind ON events (kind, seq);

--bun:split
CREATE INDEX IF NOT EXISTS outbox_created ON outbox (created_at, id);

--bun:split
CREATE INDEX IF NOT EXISTS outbox_status_created ON outbox (status, created_at, id);
