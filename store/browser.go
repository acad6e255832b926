package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

type browserRow struct {
	bun.BaseModel `bun:"table:browsers"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Trusted       bool
	Address       string
	Browser       string
	CreatedAt     stamp
	LastUsedAt    stamp
	UntilAt       stamp
}

func (r *browserRow) browser() identity.Browser {
	return identity.Browser{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Trusted: r.Trusted, Address: r.Address,
		Browser: r.Browser, Created: r.CreatedAt.Time(), LastUsed: r.LastUsedAt.Time(), Until: r.UntilAt.Time()}
}

// Browser finds what an account granted to a browser cookie.
func (q query) Browser(ctx context.Context, hash, accountID string, trusted bool) (identity.Browser, error) {
	var r browserRow
	err := q.db.NewSelect().Model(&r).Where("token_hash = ? AND account_id = ? AND trusted = ?", hash, accountID, trusted).Scan(ctx)
	return r.browser(), missing(err)
}

// HasBrowser says whether a cookie is good at some account at a time.
func (q query) HasBrowser(ctx context.Context, hash string, trusted bool, now time.Time) (bool, error) {
	return q.db.NewSelect().Model((*browserRow)(nil)).Where("token_hash = ? AND trusted = ? AND until_at > ?", hash, trusted, at(now)).Exists(ctx)
}

// Browsers lists the browsers that an account trusts, last used first.
func (q query) Browsers(ctx context.Context, accountID string) ([]identity.Browser, error) {
	var rows []browserRow
	err := q.db.NewSelect().Model(&rows).Where("account_id = ? AND trusted = ?", accountID, true).
		Order("last_used_at DESC", "id").Scan(ctx)
	return mapRows(rows, (*browserRow).browser), err
}

// MoveBrowser gives all rows of one browser cookie another token.
func (x *act) MoveBrowser(ctx context.Context, oldHash, newHash string) error {
	t := x.quietly()
	_, err := t.db.NewUpdate().Table("browsers").Set("token_hash = ?", newHash).Where("token_hash = ?", oldHash).Exec(ctx)
	return err
}

// PutBrowser adds a browser of an account, or changes the one of its token.
func (x *act) PutBrowser(ctx context.Context, b identity.Browser) error {
	t := x.quietly()
	_, err := t.db.NewInsert().Model(&browserRow{ID: b.ID, TokenHash: b.TokenHash, AccountID: b.AccountID, Trusted: b.Trusted,
		Address: b.Address, Browser: b.Browser, CreatedAt: at(b.Created), LastUsedAt: at(b.LastUsed), UntilAt: at(b.Until)}).
		On("CONFLICT (token_hash, account_id, trusted) DO UPDATE").Set("address = excluded.address").
		Set("last_used_at = excluded.last_used_at").Set("until_at = excluded.until_at").Set("created_at = excluded.created_at").Exec(ctx)
	return err
}

// UseBrowser notes that a browser was used, if it still has its token.
func (x *act) UseBrowser(ctx context.Context, b identity.Browser) error {
	t := x.quietly()
	_, err := t.db.NewRaw("UPDATE browsers SET last_used_at = ?, until_at = ? WHERE id = ? AND token_hash = ?",
		at(b.LastUsed), at(b.Until), b.ID, b.TokenHash).Exec(ctx)
	return err
}

// DropBrowser ends the trust in one.
func (x *act) DropBrowser(ctx context.Context, accountID, id string) (bool, error) {
	t := x.quietly()
	return changed(t.db.NewDelete().Table("browsers").Where("id = ? AND account_id = ? AND trusted = ?", id, accountID, true).Exec(ctx))
}

// DropTrusted ends the trust in all.
func (x *act) DropTrusted(ctx context.Context, accountID string) (int, error) {
	t := x.quietly()
	r, err := t.db.NewDelete().Table("browsers").Where("account_id = ? AND trusted = ?", accountID, true).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}
