CREATE TABLE IF NOT EXISTS processes (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL,
  pid BIGINT NOT NULL,
  keys TEXT NOT NULL,
  lead BIGINT NOT NULL,
  seen_at BIGINT NOT NULL
);
--bun:split
DROP TABLE IF EXISTS servers_before;
--bun:split
ALTER TABLE servers RENAME TO servers_before;
--bun:split
CREATE TABLE IF NOT EXISTS servers (
  id TEXT PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
--bun:split
INSERT INTO servers (id, seen_at) SELECT id, seen_at FROM servers_before;
--bun:split
DROP TABLE servers_before;
