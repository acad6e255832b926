package store

import (
	"context"

	"github.com/uptrace/bun"
)

// sealedTable is one place where sealed values are kept.
type sealedTable struct {
	name, column string
	bound        string // SQL of what the value is bound to, see the seals in rows.go
}

var sealedTables = []sealedTable{
	{"credentials", "secret", "'credentials/' || account_id || '/' || id"},
	{"ceremonies", "state", "'ceremonies/' || account_id || '/' || id"},
	{"notes", "state", "'ceremonies/' || account_id || '/' || id"},
	{"outbox", "data", "'outbox/' || id"},
	{"outcomes", "data", "'outcomes/' || id"},
}

// sealedRow is one sealed value and what it is bound to.
type sealedRow struct {
	ID    string
	Value []byte
	Bound string
}

// resealPage is how many values are looked at, or resealed in one transaction.
const resealPage = 200

// walkSealed shows every sealed value, page by page in the order of ids.
func (s *Store) walkSealed(ctx context.Context, t sealedTable, page func([]sealedRow) error) error {
	for after := ""; ; {
		var rows []sealedRow
		err := s.reader.NewRaw("SELECT id, ? AS value, "+t.bound+" AS bound FROM ? WHERE id > ? AND ? IS NOT NULL ORDER BY id LIMIT ?",
			bun.Ident(t.column), bun.Ident(t.name), after, bun.Ident(t.column), resealPage).Scan(ctx, &rows)
		if err != nil || len(rows) == 0 {
			return err
		}
		if err := page(rows); err != nil {
			return err
		}
		after = rows[len(rows)-1].ID
	}
}

// CheckSealed opens every sealed value. It returns how many there are, and
// those that cannot be opened as TABLE/ID.
func (s *Store) CheckSealed(ctx context.Context) (n int, shut []string, err error) {
	for _, t := range sealedTables {
		err = s.walkSealed(ctx, t, func(rows []sealedRow) error {
			for _, r := range rows {
				n++
				if _, err := s.keys.Open(r.Value, r.Bound); err != nil {
					shut = append(shut, t.name+"/"+r.ID)
				}
			}
			return nil
		})
		if err != nil {
			return n, shut, err
		}
	}
	return n, shut, nil
}

// Reseal seals every value with the leading key while the site goes on. A value
// that changes meanwhile is sealed by that change, and is left alone. One that
// cannot be opened stays as it is, and is returned as TABLE/ID.
func (s *Store) Reseal(ctx context.Context, progress func(done int)) (done int, shut []string, err error) {
	for _, t := range sealedTables {
		err := s.walkSealed(ctx, t, func(rows []sealedRow) error {
			n, bad, err := s.resealPage(ctx, t, rows)
			done, shut = done+n, append(shut, bad...)
			if n > 0 {
				progress(done)
			}
			return err
		})
		if err != nil {
			return done, shut, err
		}
	}
	return done, shut, nil
}

func (s *Store) resealPage(ctx context.Context, t sealedTable, rows []sealedRow) (done int, shut []string, err error) {
	err = s.writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		done, shut = 0, nil
		for _, r := range rows {
			if s.keys.SealedWithLead(r.Value) {
				continue
			}
			plain, err := s.keys.Open(r.Value, r.Bound)
			if err != nil {
				shut = append(shut, t.name+"/"+r.ID)
				continue
			}
			sealed, err := s.keys.Seal(plain, r.Bound)
			if err != nil {
				return err
			}
			ok, err := changed(tx.NewRaw("UPDATE ? SET ? = ? WHERE id = ? AND ? = ?", bun.Ident(t.name), bun.Ident(t.column), sealed,
				r.ID, bun.Ident(t.column), r.Value).Exec(ctx))
			if err != nil {
				return err
			}
			if ok {
				done++
			}
		}
		return nil
	})
	return done, shut, err
}
