package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

type linkRow struct {
	bun.BaseModel `bun:"table:links"`
	TokenHash     string `bun:",pk"`
	AccountID     string
	Purpose       identity.LinkPurpose
	Data          string
	CreatedAt     stamp
	ExpiresAt     stamp
}

func (r *linkRow) link() identity.Link {
	return identity.Link{TokenHash: r.TokenHash, AccountID: r.AccountID, Purpose: r.Purpose, Data: r.Data,
		Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}
}

// Link finds a link of a purpose.
func (q query) Link(ctx context.Context, hash string, purpose identity.LinkPurpose) (identity.Link, error) {
	var r linkRow
	err := q.db.NewSelect().Model(&r).Where("token_hash = ? AND purpose = ?", hash, purpose).Scan(ctx)
	return r.link(), missing(err)
}

// LinkOf finds the link of a purpose that an account has.
func (q query) LinkOf(ctx context.Context, accountID string, purpose identity.LinkPurpose, now time.Time) (identity.Link, error) {
	var r linkRow
	err := q.db.NewSelect().Model(&r).Where("account_id = ? AND purpose = ? AND expires_at > ?", accountID, purpose, at(now)).Scan(ctx)
	return r.link(), missing(err)
}

// PutLink adds a link; older ones of its purpose are void.
func (x *act) PutLink(ctx context.Context, l identity.Link) error {
	if err := x.DropLinks(ctx, l.AccountID, l.Purpose); err != nil {
		return err
	}
	return x.change().insertLink(ctx, l)
}

// PutVerify adds a link that confirms the address which its account has.
func (t *tx) PutVerify(ctx context.Context, l identity.Link) error {
	l.Purpose = identity.LinkVerify
	if err := t.dropLinks(ctx, l.AccountID, l.Purpose); err != nil {
		return err
	}
	return t.insertLink(ctx, l)
}

func (t *tx) insertLink(ctx context.Context, l identity.Link) error {
	_, err := t.db.NewInsert().Model(&linkRow{TokenHash: l.TokenHash, AccountID: l.AccountID, Purpose: l.Purpose, Data: l.Data,
		CreatedAt: at(l.Created), ExpiresAt: at(l.Expires)}).Exec(ctx)
	return err
}

func (t *tx) dropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error {
	for _, p := range purposes {
		if _, err := t.db.NewDelete().Table("links").Where("account_id = ? AND purpose = ?", accountID, p).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

// TakeLink spends a link; false when somebody else did.
func (x *act) TakeLink(ctx context.Context, hash string) (bool, error) {
	t := x.change()
	return changed(t.db.NewDelete().Table("links").Where("token_hash = ?", hash).Exec(ctx))
}

// DropLinks voids an account's links of some purposes.
func (x *act) DropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error {
	return x.change().dropLinks(ctx, accountID, purposes...)
}
