package store

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

// memberRow is one account in one group.
type memberRow struct {
	bun.BaseModel `bun:"table:members"`
	Name          string
	AccountID     string
}

// groups reads groups as they are kept.
func groups(kept string) []string {
	if kept == "" {
		return nil
	}
	return strings.Split(kept, ",")
}

// SaveGroups puts an account into some groups and out of all others.
func (x *act) SaveGroups(ctx context.Context, id string, names []string) error {
	t := x.change()
	ok, err := changed(t.db.NewRaw("UPDATE accounts SET member_of = ? WHERE id = ?", strings.Join(names, ","), id).Exec(ctx))
	if err == nil && !ok {
		err = identity.ErrNotFound
	}
	if err != nil {
		return err
	}
	if _, err := t.db.NewRaw("DELETE FROM members WHERE account_id = ?", id).Exec(ctx); err != nil || len(names) == 0 {
		return err
	}
	rows := make([]memberRow, len(names))
	for i, name := range names {
		rows[i] = memberRow{Name: name, AccountID: id}
	}
	_, err = t.db.NewInsert().Model(&rows).Exec(ctx)
	return err
}

// Members counts the accounts that are in any of some groups, by bucket.
func (s *Store) Members(ctx context.Context, names []string) (map[directory.Bucket]int, error) {
	var rows []struct{ Bucket, N int }
	err := s.reader.NewRaw("SELECT bucket, count(*) AS n FROM directory WHERE account_id IN (SELECT account_id FROM members WHERE name IN (?)) GROUP BY bucket", list(names)).Scan(ctx, &rows)
	found := map[directory.Bucket]int{}
	for _, r := range rows {
		found[directory.Bucket(r.Bucket)] = r.N
	}
	return found, err
}

// Groups lists the groups after a name, by name, with how many accounts each has.
func (s *Store) Groups(ctx context.Context, after string, limit int) (list []directory.Group, err error) {
	err = s.reader.NewRaw("SELECT name, count(*) AS members FROM members WHERE name > ? GROUP BY name ORDER BY name LIMIT ?", after, limit).Scan(ctx, &list)
	return list, err
}
