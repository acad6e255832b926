package store

import (
	"context"

	"nightlatch.example/nightlatch/identity"
)

// DeleteAccount deletes an account. The foreign keys delete most of what
// belongs to it; mails, counters and the links that an admin is shown are found
// by its id. The totals go down by what the directory had for it.
func (x *act) DeleteAccount(ctx context.Context, id string) error {
	t := x.change()
	a, err := t.accountRow(ctx, "id = ?", id, true)
	if err != nil {
		return err
	}
	row, known, err := t.directory(ctx, id)
	if err != nil {
		return err
	}
	for _, sql := range []string{"DELETE FROM outbox WHERE account_id = ?", "DELETE FROM counters WHERE account_id = ?", "DELETE FROM notes WHERE about = ?"} {
		if _, err := t.db.NewRaw(sql, id).Exec(ctx); err != nil {
			return err
		}
	}
	ok, err := changed(t.db.NewDelete().Table("accounts").Where("id = ?", id).Exec(ctx))
	if err != nil {
		return err
	}
	if !ok {
		return identity.ErrNotFound
	}
	delete(t.touched, id)
	if known {
		t.counts[row.Bucket]--
		t.counts[reachedKey+a.Reached]--
	}
	return nil
}
