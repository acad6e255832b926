-- Tokens of the JSON interface, by the hash of each: what is found here opens nothing.
CREATE TABLE IF NOT EXISTS tokens (
  id TEXT PRIMARY KEY,
  name TEXT NOT NULL UNIQUE,
  scopes TEXT NOT NULL,
  admin_id TEXT REFERENCES accounts (id) ON DELETE CASCADE,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  used_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS tokens_admin ON tokens (admin_id);
