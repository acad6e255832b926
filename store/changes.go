package store

import (
	"context"
	"math/rand/v2"
)

// changesShards is over how many rows the changes are counted.
const changesShards = 16

// changesSQL is how many changes there were.
const changesSQL = "coalesce((SELECT sum(n) FROM changes), 0)"

// noteChange counts a change, so that nobody takes what they knew before it for
// what is. It comes last: the row is held for no longer than the commit takes.
func (t *tx) noteChange(ctx context.Context) error {
	shard := 0
	if t.pg {
		shard = rand.IntN(changesShards)
	}
	_, err := t.db.NewRaw("INSERT INTO changes (shard, n) VALUES (?, 1) ON CONFLICT (shard) DO UPDATE SET n = changes.n + 1", number(shard)).Exec(ctx)
	return err
}

// Changes is how many changes there were that any visit may depend on.
func (s *Store) Changes(ctx context.Context) (n int64, err error) {
	err = s.reader.NewRaw("SELECT CAST(coalesce(sum(n), 0) AS BIGINT) FROM changes WHERE shard >= ?", number(0)).Scan(ctx, &n) // an argument, so that it stays prepared
	return n, err
}
