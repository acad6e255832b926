-- One list of the servers that run, with the keys that each has read. A server
-- of the version before goes on with the columns that it knows.
DROP TABLE IF EXISTS servers_before;

--bun:split
ALTER TABLE servers RENAME TO servers_before;

--bun:split
CREATE TABLE IF NOT EXISTS servers (
  id TEXT PRIMARY KEY,
  host TEXT NOT NULL DEFAULT '',
  pid BIGINT NOT NULL DEFAULT 0,
  keys TEXT NOT NULL DEFAULT '',
  lead BIGINT NOT NULL DEFAULT 0,
  seen_at BIGINT NOT NULL
);

--bun:split
INSERT INTO servers (id, seen_at) SELECT id, seen_at FROM servers_before;

--bun:split
DROP TABLE servers_before;

--bun:split
DROP TABLE IF EXISTS processes;
