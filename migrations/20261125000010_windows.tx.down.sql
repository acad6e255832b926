-- What was counted stays in the settings until the next way up: an older version
-- does not look at it.
CREATE TABLE IF NOT EXISTS windows (key TEXT PRIMARY KEY, recent TEXT NOT NULL);

--bun:split
CREATE TABLE IF NOT EXISTS steps (credential_id TEXT PRIMARY KEY, accepted TEXT NOT NULL);

--bun:split
INSERT INTO settings (key, value) SELECT 'window:' || key, recent FROM windows WHERE true
  ON CONFLICT (key) DO UPDATE SET value = excluded.value;

--bun:split
INSERT INTO settings (key, value) SELECT 'step:' || credential_id, accepted FROM steps WHERE true
  ON CONFLICT (key) DO UPDATE SET value = excluded.value;

--bun:split
DROP TABLE IF EXISTS windows;

--bun:split
DROP TABLE IF EXISTS steps;
