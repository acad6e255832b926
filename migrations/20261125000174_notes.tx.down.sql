INSERT INTO ceremonies (id, account_id, purpose, subject, kind, state, tries, created_at, expires_at)
SELECT id, account_id, CASE topic WHEN 'form' THEN 'held' ELSE 'shown' END, session_id, CASE topic WHEN 'form' THEN 'form' ELSE about END,
  state, 0, created_at, expires_at FROM notes WHERE true
ON CONFLICT (subject, purpose, kind) DO NOTHING;

--bun:split
DROP TABLE IF EXISTS notes;

--bun:split
UPDATE sessions SET factor = 'browser' WHERE trusted;

--bun:split
ALTER TABLE sessions DROP COLUMN trusted;
