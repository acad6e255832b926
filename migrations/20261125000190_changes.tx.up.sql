-- How often something was changed that says who is signed in and as what. A process
-- that knows a visit asks only whether this has moved. Spread over rows, so that
-- nobody waits for one.
CREATE TABLE IF NOT EXISTS changes (
  shard BIGINT PRIMARY KEY,
  n BIGINT NOT NULL
);
