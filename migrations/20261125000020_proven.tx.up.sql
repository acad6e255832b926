-- Which account proved an address, by the fold of a login. Addresses are ASCII,
-- so lower() folds them on every database. Where two accounts proved one, the
-- first has it.
CREATE TABLE IF NOT EXISTS proven (
  key TEXT PRIMARY KEY,
  account_id TEXT NOT NULL UNIQUE REFERENCES accounts (id) ON DELETE CASCADE
);

--bun:split
INSERT INTO proven (key, account_id)
SELECT lower(email), id FROM accounts WHERE email <> '' AND email_verified_at > 0
ORDER BY email_verified_at, id
ON CONFLICT DO NOTHING;

--bun:split
-- Accounts that wait for their address to be proven.
CREATE TABLE IF NOT EXISTS registrations (
  token_hash TEXT PRIMARY KEY,
  browser_hash TEXT NOT NULL,
  login TEXT NOT NULL,
  name TEXT NOT NULL,
  password TEXT NOT NULL,
  next TEXT NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS registrations_expires ON registrations (expires_at);
