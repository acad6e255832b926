package store

import (
	"context"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

// AccountByName finds the account whose login this is; failing that, the one
// that proved it as its address.
func (q query) AccountByName(ctx context.Context, key string) (identity.Account, error) {
	a, err := q.AccountByKey(ctx, key)
	if !errors.Is(err, identity.ErrNotFound) {
		return a, err
	}
	return q.account(ctx, "id = (SELECT account_id FROM proven WHERE key = ?)", key, false)
}

// Prove keeps which address an account has proved. It is false when another
// account proved the same one before.
func (x *act) Prove(ctx context.Context, a identity.Account) (bool, error) {
	t := x.change()
	key := a.ProvenKey()
	if _, err := t.db.NewRaw("DELETE FROM proven WHERE account_id = ? AND key <> ?", a.ID, key).Exec(ctx); err != nil || key == "" {
		return err == nil, err
	}
	_, err := t.db.NewRaw("INSERT INTO proven (key, account_id) VALUES (?, ?) ON CONFLICT DO NOTHING", key, a.ID).Exec(ctx)
	if err != nil {
		return false, err
	}
	return t.db.NewSelect().Table("proven").Where("key = ? AND account_id = ?", key, a.ID).Exists(ctx)
}

type registrationRow struct {
	bun.BaseModel `bun:"table:registrations"`
	TokenHash     string `bun:",pk"`
	BrowserHash   string
	Login         string
	Name          string
	Password      string
	Next          string
	CreatedAt     stamp
	ExpiresAt     stamp
}

// Registration finds one that waits for its address, by the hash of its token.
func (q query) Registration(ctx context.Context, hash string, now time.Time) (identity.Registration, error) {
	var r registrationRow
	err := q.db.NewSelect().Model(&r).Where("token_hash = ? AND expires_at > ?", hash, at(now)).Scan(ctx)
	return identity.Registration{TokenHash: r.TokenHash, BrowserHash: r.BrowserHash, Login: r.Login, Name: r.Name,
		Password: identity.Hidden(r.Password), Next: r.Next, Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}, missing(err)
}

// PutRegistration keeps one.
func (t *tx) PutRegistration(ctx context.Context, r identity.Registration) error {
	_, err := t.db.NewInsert().Model(&registrationRow{TokenHash: r.TokenHash, BrowserHash: r.BrowserHash, Login: r.Login, Name: r.Name,
		Password: string(r.Password), Next: r.Next, CreatedAt: at(r.Created), ExpiresAt: at(r.Expires)}).Exec(ctx)
	return err
}

// TakeRegistration ends one; false when somebody else did.
func (x *act) TakeRegistration(ctx context.Context, hash string) (bool, error) {
	t := x.change()
	return changed(t.db.NewDelete().Table("registrations").Where("token_hash = ?", hash).Exec(ctx))
}
