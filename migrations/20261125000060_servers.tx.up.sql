-- Which servers are running, and when each was last able to write. Nobody
-- empties or replaces a database under a running one.
CREATE TABLE IF NOT EXISTS servers (
  id TEXT PRIMARY KEY,
  seen_at BIGINT NOT NULL
);
