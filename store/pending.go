package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

type pendingRow struct {
	bun.BaseModel `bun:"table:pendings"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Next          string
	Address       string
	Shown         string
	Browser       string
	Known         bool
	Told          bool
	CreatedAt     stamp
	ExpiresAt     stamp
}

func fromPending(p identity.Pending) *pendingRow {
	return &pendingRow{ID: p.ID, TokenHash: p.TokenHash, AccountID: p.AccountID, Next: p.Next, Address: p.Address,
		Shown: p.Shown, Browser: p.Browser, Known: p.Known, Told: p.Told, CreatedAt: at(p.Created), ExpiresAt: at(p.Expires)}
}

func (r *pendingRow) pending() identity.Pending {
	return identity.Pending{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Next: r.Next, Address: r.Address,
		Shown: r.Shown, Browser: r.Browser, Known: r.Known, Told: r.Told, Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}
}

// PendingByToken finds a pending login.
func (q query) PendingByToken(ctx context.Context, hash string) (identity.Pending, error) {
	var r pendingRow
	err := q.db.NewSelect().Model(&r).Where("token_hash = ?", hash).Scan(ctx)
	return r.pending(), missing(err)
}

// InsertPending begins a pending login.
func (x *act) InsertPending(ctx context.Context, p identity.Pending) error {
	t := x.quietly()
	_, err := t.db.NewInsert().Model(fromPending(p)).Exec(ctx)
	return err
}

// SavePending changes one; nothing happens when it is over.
func (t *tx) SavePending(ctx context.Context, p identity.Pending) error {
	_, err := t.db.NewUpdate().Model(fromPending(p)).WherePK().Exec(ctx)
	return err
}

// TakePending ends one; false when somebody else did.
func (t *tx) TakePending(ctx context.Context, id, tokenHash string) (bool, error) {
	return changed(t.db.NewDelete().Table("pendings").Where("id = ? AND token_hash = ?", id, tokenHash).Exec(ctx))
}

// DropPendings ends all of an account, with what was sent for them.
func (x *act) DropPendings(ctx context.Context, accountID string) error {
	t := x.quietly()
	_, err := t.db.NewRaw("DELETE FROM ceremonies WHERE subject IN (SELECT id FROM pendings WHERE account_id = ?)", accountID).Exec(ctx)
	if err == nil {
		_, err = t.db.NewDelete().Table("pendings").Where("account_id = ?", accountID).Exec(ctx)
	}
	return err
}

// HushPendings marks those of one browser as nothing to warn about.
func (t *tx) HushPendings(ctx context.Context, accountID string, c identity.Client) error {
	_, err := t.db.NewUpdate().Table("pendings").Set("told = ?", true).
		Where("account_id = ? AND address = ? AND browser = ?", accountID, c.Address, c.Browser).Exec(ctx)
	return err
}

// Stale gives pending logins that are over.
func (s *Store) Stale(ctx context.Context, now time.Time, n int) ([]identity.Pending, error) {
	var rows []pendingRow
	err := s.reader.NewSelect().Model(&rows).Where("expires_at <= ?", at(now)).Order("expires_at").Limit(int64(n)).Scan(ctx)
	return mapRows(rows, (*pendingRow).pending), err
}
