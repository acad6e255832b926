package store

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

type count struct{ Bucket, N int }

func (s *Store) totals(ctx context.Context, from, to int) (rows []count, err error) {
	err = s.reader.NewRaw("SELECT bucket, sum(n) AS n FROM totals WHERE bucket >= ? AND bucket < ? GROUP BY bucket HAVING sum(n) > 0", from, to).Scan(ctx, &rows)
	return rows, err
}

// Buckets counts the accounts of each bucket.
func (s *Store) Buckets(ctx context.Context) (map[directory.Bucket]int, error) {
	rows, err := s.totals(ctx, 0, reachedKey)
	n := make(map[directory.Bucket]int, len(rows))
	for _, r := range rows {
		n[directory.Bucket(r.Bucket)] = r.N
	}
	return n, err
}

// Reached counts the accounts by the steps they took.
func (s *Store) Reached(ctx context.Context) (map[identity.Step]int, error) {
	rows, err := s.totals(ctx, reachedKey, 2*reachedKey)
	n := make(map[identity.Step]int, len(rows))
	for _, r := range rows {
		n[identity.Step(r.Bucket-reachedKey)] = r.N
	}
	return n, err
}

const dayLength = 24 * time.Hour

func dayOf(t time.Time) int64 { return t.Unix() / int64(dayLength/time.Second) }

type dayRow struct {
	bun.BaseModel `bun:"table:days"`
	Day           int64
	Bucket, N     int
}

// Days gives the kept numbers of the days from one on.
func (s *Store) Days(ctx context.Context, from time.Time) (map[time.Time]map[directory.Bucket]int, error) {
	var rows []dayRow
	err := s.reader.NewSelect().Model(&rows).Where("day >= ?", dayOf(from)).Scan(ctx)
	days := map[time.Time]map[directory.Bucket]int{}
	for _, r := range rows {
		day := time.Unix(r.Day*int64(dayLength/time.Second), 0).UTC()
		if days[day] == nil {
			days[day] = map[directory.Bucket]int{}
		}
		days[day][directory.Bucket(r.Bucket)] = r.N
	}
	return days, err
}

// KeepDay keeps the numbers of a day, over those kept before.
func (s *Store) KeepDay(ctx context.Context, day time.Time, n map[directory.Bucket]int) error {
	rows := []dayRow{}
	for b, count := range n {
		rows = append(rows, dayRow{Day: dayOf(day), Bucket: int(b), N: count})
	}
	return s.writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("DELETE FROM days WHERE day = ?", dayOf(day)).Exec(ctx); err != nil || len(rows) == 0 {
			return err
		}
		_, err := tx.NewInsert().Model(&rows).On("CONFLICT (day, bucket) DO UPDATE").Set("n = excluded.n").Exec(ctx)
		return err
	})
}

// Accounts of which the directory does not say what it must.
const (
	unlisted   = "NOT EXISTS (SELECT 1 FROM directory AS d WHERE d.account_id = a.id)"
	unsearched = "a.id IN (SELECT d.account_id FROM directory AS d WHERE d.searched = '')" // emptied by a step that changed how it is written
)

// Refresh enters into the directory the accounts that are not in it, those from
// before there was one and those that were loaded past the store, and makes anew
// what is searched where a migration emptied it.
func (s *Store) Refresh(ctx context.Context) error { return s.refresh(ctx, accountsPage) }

func (s *Store) refresh(ctx context.Context, page int) error {
	for _, left := range []string{unlisted, unsearched} {
		err := s.eachAccount(ctx, page, left, func(ctx context.Context, t *tx, id string) error {
			_, err := t.LockAccount(ctx, id)
			if errors.Is(err, identity.ErrNotFound) { // deleted meanwhile, where a server runs beside
				return nil
			}
			t.touch(id)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
