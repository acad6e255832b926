-- Times are microseconds since 1970 in UTC; 0 is never.
CREATE TABLE IF NOT EXISTS accounts (
  id TEXT PRIMARY KEY,
  login TEXT NOT NULL,
  login_key TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  email TEXT NOT NULL,
  email_verified_at BIGINT NOT NULL,
  role TEXT NOT NULL,
  origin TEXT NOT NULL,
  password TEXT NOT NULL,
  password_changed_at BIGINT NOT NULL,
  preferred TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_login_at BIGINT NOT NULL,
  disabled_at BIGINT NOT NULL,
  kinds TEXT NOT NULL DEFAULT '',
  recovery_left BIGINT NOT NULL DEFAULT 0
);

--bun:split
CREATE TABLE IF NOT EXISTS credentials (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  kind TEXT NOT NULL,
  name TEXT NOT NULL,
  secret BYTEA,
  address TEXT NOT NULL,
  hash TEXT NOT NULL,
  batch TEXT NOT NULL,
  counter BIGINT NOT NULL,
  drift BIGINT NOT NULL,
  version BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS credentials_account ON credentials (account_id);

--bun:split
CREATE TABLE IF NOT EXISTS pendings (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  next TEXT NOT NULL,
  address TEXT NOT NULL,
  shown TEXT NOT NULL,
  browser TEXT NOT NULL,
  known BOOLEAN NOT NULL,
  told BOOLEAN NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS pendings_account ON pendings (account_id);

--bun:split
CREATE INDEX IF NOT EXISTS pendings_expires ON pendings (expires_at);

--bun:split
CREATE TABLE IF NOT EXISTS ceremonies (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,
  subject TEXT NOT NULL,
  kind TEXT NOT NULL,
  state BYTEA NOT NULL,
  tries BIGINT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (subject, purpose, kind)
);

--bun:split
CREATE INDEX IF NOT EXISTS ceremonies_expires ON ceremonies (expires_at);

--bun:split
CREATE INDEX IF NOT EXISTS ceremonies_account ON ceremonies (account_id);

--bun:split
CREATE TABLE IF NOT EXISTS sessions (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL UNIQUE,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  level BIGINT NOT NULL,
  factor TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  warning TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_seen_at BIGINT NOT NULL,
  confirmed_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS sessions_account ON sessions (account_id);

--bun:split
CREATE INDEX IF NOT EXISTS sessions_created ON sessions (created_at);

--bun:split
CREATE TABLE IF NOT EXISTS browsers (
  id TEXT PRIMARY KEY,
  token_hash TEXT NOT NULL,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  trusted BOOLEAN NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  last_used_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  UNIQUE (token_hash, account_id, trusted)
);

--bun:split
CREATE INDEX IF NOT EXISTS browsers_account ON browsers (account_id);

--bun:split
CREATE TABLE IF NOT EXISTS throttles (
  key TEXT PRIMARY KEY,
  fails BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  off_at BIGINT NOT NULL
);

--bun:split
CREATE TABLE IF NOT EXISTS links (
  token_hash TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  purpose TEXT NOT NULL,
  data TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS links_account ON links (account_id, purpose);

--bun:split
CREATE TABLE IF NOT EXISTS settings (
  key TEXT PRIMARY KEY,
  value TEXT NOT NULL
);

--bun:split
CREATE TABLE IF NOT EXISTS events (
  seq BIGINT PRIMARY KEY,
  at BIGINT NOT NULL,
  kind TEXT NOT NULL,
  account_id TEXT NOT NULL,
  actor_id TEXT NOT NULL,
  actor TEXT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  level BIGINT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  hash TEXT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS events_account ON events (account_id, seq);

--bun:split
CREATE TABLE IF NOT EXISTS outbox (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL,
  template TEXT NOT NULL,
  recipient TEXT NOT NULL,
  data BYTEA,
  status TEXT NOT NULL,
  attempts BIGINT NOT NULL,
  last_error TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  next_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  sent_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS outbox_due ON outbox (status, next_at);
