package store

import "context"

// Progress is how far a migration or a copy has come.
type Progress struct {
	Step        string // NUMBER_WORD, while a step in SQL runs
	Table       string // while a table is copied
	Done, Total int    // accounts, while they are changed one by one, or rows of the table
}

// OnProgress has a function told how far each migration has come, before every
// step and after every page of accounts. It is called before Migrate.
func (s *Store) OnProgress(tell func(Progress)) { s.tell = tell }

// accountsPage is how many accounts a migration changes in one transaction.
// There may be a million: no more than a page is ever in memory, and nobody
// waits for longer than a page takes.
const accountsPage = 500

// eachAccount goes through the accounts that a condition on a names, by their
// ids, so that no page is looked for from the beginning. do changes one account
// so that the condition no longer names it: a walk that was broken off is begun
// again and finds what is left.
func (s *Store) eachAccount(ctx context.Context, page int, left string, do func(ctx context.Context, t *tx, id string) error) error {
	var p Progress
	for last := ""; ; {
		var ids []string
		err := s.writer.NewRaw("SELECT a.id FROM accounts AS a WHERE a.id > ? AND "+left+" ORDER BY a.id LIMIT ?", last, page).Scan(ctx, &ids)
		if err != nil || len(ids) == 0 {
			return err
		}
		if last == "" {
			if p.Total, err = s.count(ctx, s.writer.NewRaw("SELECT count(*) FROM accounts AS a WHERE "+left)); err != nil {
				return err
			}
		}
		err = s.write(ctx, func(t *tx) error {
			for _, id := range ids {
				if err := do(ctx, t, id); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		last, p.Done = ids[len(ids)-1], p.Done+len(ids)
		s.tell(p)
	}
}
