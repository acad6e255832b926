package store

import (
	"context"
	"errors"
	"slices"

	"nightlatch.example/nightlatch/identity"
)

// Mended is what Rebuild found wrong and repaired.
type Mended struct {
	Accounts int // whose row or words in the directory were not what the account says
	Totals   int // numbers that were not what the directory counts
}

// wrongTotals counts the totals that are not what the directory and the steps of
// the accounts add up to.
const wrongTotals = "SELECT count(*) FROM (SELECT bucket FROM (SELECT bucket, sum(n) AS n FROM totals GROUP BY bucket" +
	" UNION ALL SELECT bucket, -count(*) FROM directory GROUP BY bucket" +
	" UNION ALL SELECT reached + ?, -count(*) FROM accounts GROUP BY reached) AS x GROUP BY bucket HAVING sum(n) <> 0) AS y"

// WrongTotals says how many totals do not agree with the directory.
func (s *Store) WrongTotals(ctx context.Context) (int, error) {
	return s.count(ctx, s.reader.NewRaw(wrongTotals, reachedKey))
}

// Rebuild rebuilds the directory from the accounts, a page of them at a time,
// and then the totals. Servers may run meanwhile.
func (s *Store) Rebuild(ctx context.Context) (Mended, error) { return s.rebuild(ctx, accountsPage) }

func (s *Store) rebuild(ctx context.Context, page int) (m Mended, err error) {
	long, done, err := s.patient()
	if err != nil {
		return m, err
	}
	defer done()
	long.tell = s.tell
	err = long.eachAccount(ctx, page, "a.id <> ''", func(ctx context.Context, t *tx, id string) error {
		wrong, err := t.reenter(ctx, id)
		if wrong {
			m.Accounts++
		}
		return err
	})
	if err == nil {
		m.Totals, err = long.recountTotals(ctx)
	}
	return m, err
}

// reenter writes one account's row of the directory and its words where they are
// not what the account says. It leaves the totals to recountTotals.
func (t *tx) reenter(ctx context.Context, id string) (wrong bool, err error) {
	a, err := t.accountRow(ctx, "id = ?", id, true)
	if errors.Is(err, identity.ErrNotFound) { // deleted meanwhile
		return false, nil
	}
	if err != nil {
		return false, err
	}
	row := t.directoryRow(a)
	if old, known, err := t.directory(ctx, id); err != nil {
		return false, err
	} else if !known || old != row {
		wrong = true
		if err := t.putDirectory(ctx, row); err != nil {
			return wrong, err
		}
	}
	var kept []wordRow
	if err := t.db.NewSelect().Model(&kept).Where("account_id = ?", id).Order("word").Scan(ctx); err != nil {
		return wrong, err
	}
	want := words(row.Searched)
	slices.SortFunc(want, slices.Compare)
	if slices.EqualFunc(kept, want, func(r wordRow, w []byte) bool { return slices.Equal(r.Word, w) }) {
		return wrong, nil
	}
	return true, t.putWords(ctx, id, row.Searched)
}

// recountTotals counts the directory, where the totals do not agree with it.
// Whoever changes both does it in one transaction, and the totals last: with
// them locked, what is not in the count yet is added to it afterwards.
func (s *Store) recountTotals(ctx context.Context) (wrong int, err error) {
	err = s.write(ctx, func(t *tx) error {
		if t.pg {
			if _, err := t.db.ExecContext(ctx, "LOCK TABLE totals IN SHARE ROW EXCLUSIVE MODE"); err != nil {
				return err
			}
		}
		// An orphan in the directory, as a tool without foreign keys leaves, is nobody's.
		for _, table := range []string{"directory", "words"} {
			if _, err := t.db.NewRaw("DELETE FROM " + table + " WHERE NOT EXISTS (SELECT 1 FROM accounts WHERE id = account_id)").Exec(ctx); err != nil {
				return err
			}
		}
		if wrong, err = s.count(ctx, t.db.NewRaw(wrongTotals, reachedKey)); err != nil || wrong == 0 {
			return err
		}
		if _, err := t.db.NewRaw("DELETE FROM totals").Exec(ctx); err != nil {
			return err
		}
		_, err = t.db.NewRaw("INSERT INTO totals (bucket, shard, n) SELECT bucket, 0, count(*) FROM directory GROUP BY bucket"+
			" UNION ALL SELECT reached + ?, 0, count(*) FROM accounts GROUP BY reached", reachedKey).Exec(ctx)
		return err
	})
	return wrong, err
}
