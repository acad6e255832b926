-- On PostgreSQL an event waits here, written with what it tells of, until it is
-- chained to the log: who writes it need not wait for all others who do. seq is
-- their order, and lies behind all numbers of the log. mac is under a key of the
-- site, since what lies here becomes part of the log.
CREATE TABLE IF NOT EXISTS unchained (
  id TEXT PRIMARY KEY,
  seq BIGINT NOT NULL,
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
  mac BYTEA
);

--bun:split
CREATE INDEX IF NOT EXISTS unchained_seq ON unchained (seq);
