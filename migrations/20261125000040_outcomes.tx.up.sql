-- What a form did, for as long as the browser may send it again: see login/outcome.go.
CREATE TABLE IF NOT EXISTS outcomes (
  id TEXT PRIMARY KEY,
  session TEXT NOT NULL,
  goes TEXT NOT NULL,
  data BYTEA,
  lasting BOOLEAN NOT NULL,
  started_at BIGINT NOT NULL,
  done_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL
);

--bun:split
CREATE INDEX IF NOT EXISTS outcomes_session ON outcomes (session);

--bun:split
CREATE INDEX IF NOT EXISTS outcomes_expires ON outcomes (expires_at);
