-- What strangers try again and again is counted here, one row for each kind of
-- event and account (none for unknown names), until the log tells of it in one
-- row.
CREATE TABLE IF NOT EXISTS tries (
  account_id TEXT NOT NULL,
  kind TEXT NOT NULL,
  began_at BIGINT NOT NULL,
  times BIGINT NOT NULL,
  since_at BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  address TEXT NOT NULL,
  browser TEXT NOT NULL,
  PRIMARY KEY (account_id, kind)
);

--bun:split
CREATE INDEX IF NOT EXISTS tries_began ON tries (began_at);
