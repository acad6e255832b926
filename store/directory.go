package store

import (
	"context"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch/accounts"
	"nightlatch/login"
)

var _ accounts.Store = (*Store)(nil)

// CountAccounts counts all.
func (s *Store) CountAccounts(ctx context.Context) (int, error) {
	return s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM accounts"))
}

// Totals counts who is enrolled.
func (s *Store) Totals(ctx context.Context) (t accounts.Totals, err error) {
	err = s.reader.NewRaw("SELECT count(*), count(CASE WHEN kinds <> '' THEN 1 END) FROM accounts").Scan(ctx, &t.Accounts, &t.Enrolled)
	return t, err
}

// Accounts lists the accounts of a filter in order of their logins.
func (s *Store) Accounts(ctx context.Context, f accounts.Filter) ([]login.Account, error) {
	var rows []accountRow
	q := s.reader.NewSelect().Model(&rows).Where("login_key > ?", f.After).Order("login_key").Limit(int64(f.Limit))
	if f.Query != "" {
		like := "%" + strings.NewReplacer(`\`, `\\`, "%", `\%`, "_", `\_`).Replace(strings.ToLower(f.Query)) + "%"
		q = q.Where(`(login_key LIKE ? ESCAPE '\' OR lower(name) LIKE ? ESCAPE '\')`, like, like)
	}
	if f.Role != "" {
		q = q.Where("role = ?", f.Role)
	}
	if f.Factor != "" {
		q = withFactor(q, f)
	}
	switch f.Status {
	case "enrolled":
		q = q.Where("kinds <> ''")
	case "missing":
		q = q.Where("kinds = ''")
	case "disabled":
		q = q.Where("disabled_at > 0")
	case "active":
		q = q.Where("disabled_at = 0 AND password <> ''")
	case "invited":
		q = q.Where("disabled_at = 0 AND password = ''")
	}
	err := q.Scan(ctx)
	return mapRows(rows, (*accountRow).account), err
}

func withFactor(q *bun.SelectQuery, f accounts.Filter) *bun.SelectQuery {
	if f.Factor == "recovery" {
		return q.Where("recovery_left > 0")
	}
	return q.Where("kinds LIKE ?", "%"+string(f.Factor)+"%")
}
