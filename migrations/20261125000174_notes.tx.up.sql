-- What is kept for one session alone: a form that a step-up holds up, and a link
-- that an admin may hand over about an account.
CREATE TABLE IF NOT EXISTS notes (
  id TEXT PRIMARY KEY,
  account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
  session_id TEXT NOT NULL,
  topic TEXT NOT NULL,
  about TEXT NOT NULL,
  state BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  expires_at BIGINT NOT NULL,
  UNIQUE (session_id, topic, about)
);

--bun:split
CREATE INDEX IF NOT EXISTS notes_account ON notes (account_id);

--bun:split
CREATE INDEX IF NOT EXISTS notes_about ON notes (about);

--bun:split
CREATE INDEX IF NOT EXISTS notes_expires ON notes (expires_at);

--bun:split
-- They lay among the ceremonies, with the word "form" or an account in the
-- place of a kind.
INSERT INTO notes (id, account_id, session_id, topic, about, state, created_at, expires_at)
SELECT id, account_id, subject, CASE purpose WHEN 'held' THEN 'form' ELSE 'link' END, CASE purpose WHEN 'held' THEN '' ELSE kind END,
  state, created_at, expires_at FROM ceremonies WHERE purpose IN ('held', 'shown')
ON CONFLICT (session_id, topic, about) DO NOTHING;

--bun:split
DELETE FROM ceremonies WHERE purpose IN ('held', 'shown');

--bun:split
-- Whether a trusted browser opened a session, and not a factor called "browser".
ALTER TABLE sessions ADD COLUMN trusted BOOLEAN NOT NULL DEFAULT FALSE;

--bun:split
UPDATE sessions SET trusted = TRUE, factor = '' WHERE factor = 'browser';
