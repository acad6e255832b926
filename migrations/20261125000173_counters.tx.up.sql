-- What is counted has a column for each thing that it is counted by, and lies in
-- one row with its window. Empty columns are of no matter to a counter.
CREATE TABLE IF NOT EXISTS counters (
  account_id TEXT NOT NULL,
  what TEXT NOT NULL,
  kind TEXT NOT NULL,
  browser_id TEXT NOT NULL,
  subject TEXT NOT NULL,
  fails BIGINT NOT NULL,
  last_at BIGINT NOT NULL,
  until_at BIGINT NOT NULL,
  off_at BIGINT NOT NULL,
  recent TEXT NOT NULL,
  PRIMARY KEY (account_id, what, kind, browser_id, subject)
);

--bun:split
-- One index for each thing that the sweep looks for, so that it never reads past
-- the failures that are kept for good.
CREATE INDEX IF NOT EXISTS counters_brief ON counters (last_at) WHERE what <> 'factor';

--bun:split
CREATE INDEX IF NOT EXISTS counters_empty ON counters (last_at) WHERE what = 'factor' AND fails = 0 AND off_at = 0;

--bun:split
CREATE INDEX IF NOT EXISTS counters_browser ON counters (last_at) WHERE what = 'factor' AND browser_id <> '';

--bun:split
-- The keys before: factor:ACCOUNT:KIND and factor:ACCOUNT:KIND:BROWSER, known:BROWSER,
-- and a word with what it was counted by. Ids have letters and digits alone.
INSERT INTO counters (account_id, what, kind, browser_id, subject, fails, last_at, until_at, off_at, recent)
WITH words AS (
  SELECT key, substr(key, 1, length(key) - length(ltrim(key, 'abcdefghijklmnopqrstuvwxyz'))) AS word FROM throttles
), rests AS (
  SELECT key, word, substr(key, length(word) + 2) AS rest FROM words
), owned AS (
  SELECT key, word, rest, CASE word WHEN 'factor'
    THEN length(rest) - length(ltrim(rest, 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'))
    ELSE 0 END AS n FROM rests
), tails AS (
  SELECT key, word, rest, n, substr(rest, n + 2) AS tail,
    rtrim(substr(rest, n + 2), 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789') AS head FROM owned
)
SELECT
  CASE
    WHEN x.word = 'factor' THEN substr(x.rest, 1, x.n)
    WHEN x.word = 'known' THEN coalesce((SELECT b.account_id FROM browsers AS b WHERE b.id = x.rest), '')
    WHEN x.word IN ('send', 'reset', 'links', 'warned', 'browsers') THEN x.rest
    ELSE '' END,
  CASE x.word WHEN 'known' THEN 'password' ELSE x.word END,
  CASE
    WHEN x.word = 'factor' AND x.head LIKE '%:' THEN substr(x.head, 1, length(x.head) - 1)
    WHEN x.word = 'factor' THEN x.tail
    ELSE '' END,
  CASE
    WHEN x.word = 'factor' AND x.head LIKE '%:' THEN substr(x.tail, length(x.head) + 1)
    WHEN x.word = 'known' THEN x.rest
    ELSE '' END,
  CASE WHEN x.word IN ('factor', 'known', 'send', 'reset', 'links', 'warned', 'browsers') THEN '' ELSE x.rest END,
  t.fails, t.last_at, t.until_at, t.off_at, coalesce(w.recent, '')
FROM tails AS x JOIN throttles AS t ON t.key = x.key LEFT JOIN windows AS w ON w.key = x.key
WHERE true
ON CONFLICT (account_id, what, kind, browser_id, subject) DO NOTHING;

--bun:split
DROP TABLE IF EXISTS throttles;

--bun:split
DROP TABLE IF EXISTS windows;

--bun:split
-- What else the sweep looks for by its end.
CREATE INDEX IF NOT EXISTS links_expires ON links (expires_at);

--bun:split
CREATE INDEX IF NOT EXISTS browsers_until ON browsers (until_at);

--bun:split
CREATE INDEX IF NOT EXISTS outcomes_data ON outcomes (done_at) WHERE data IS NOT NULL;
