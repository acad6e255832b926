CREATE TABLE IF NOT EXISTS throttles (
  key TEXT PRIMARY KEY,
  fails BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  off_at BIGINT NOT NULL
);

--bun:split
CREATE TABLE IF NOT EXISTS windows (
  key TEXT PRIMARY KEY,
  recent TEXT NOT NULL
);

--bun:split
INSERT INTO throttles (key, fails, last_at, until_at, off_at)
SELECT CASE
    WHEN what = 'factor' AND browser_id <> '' THEN 'factor:' || account_id || ':' || kind || ':' || browser_id
    WHEN what = 'factor' THEN 'factor:' || account_id || ':' || kind
    WHEN what = 'password' AND browser_id <> '' THEN 'known:' || browser_id
    ELSE what || ':' || account_id || subject END,
  fails, last_at, until_at, off_at FROM counters WHERE true
ON CONFLICT (key) DO NOTHING;

--bun:split
INSERT INTO windows (key, recent)
SELECT CASE
    WHEN what = 'send' THEN 'send:' || account_id
    WHEN browser_id <> '' THEN 'factor:' || account_id || ':' || kind || ':' || browser_id
    ELSE 'factor:' || account_id || ':' || kind END,
  recent FROM counters WHERE recent <> '' AND what IN ('factor', 'send')
ON CONFLICT (key) DO NOTHING;

--bun:split
DROP TABLE IF EXISTS counters;

--bun:split
DROP INDEX IF EXISTS links_expires;

--bun:split
DROP INDEX IF EXISTS browsers_until;

--bun:split
DROP INDEX IF EXISTS outcomes_data;
