package store

import (
	"context"
	"errors"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

type ceremonyRow struct {
	bun.BaseModel `bun:"table:ceremonies"`
	ID            string `bun:",pk"`
	AccountID     string
	Purpose       string
	Subject       string
	Kind          string
	State         []byte
	Tries         int
	CreatedAt     stamp
	ExpiresAt     stamp
}

func ceremonySeal(accountID, id string) string { return "ceremonies/" + accountID + "/" + id }

// Ceremony finds a started ceremony and opens its state.
func (q query) Ceremony(ctx context.Context, p factors.Purpose, subject string, k factors.Kind) (login.Ceremony, error) {
	var r ceremonyRow
	err := q.db.NewSelect().Model(&r).Where("subject = ? AND purpose = ? AND kind = ?", subject, p, k).Scan(ctx)
	if err != nil {
		return login.Ceremony{}, missing(err)
	}
	state, err := q.keys.Open(r.State, ceremonySeal(r.AccountID, r.ID))
	return login.Ceremony{ID: r.ID, AccountID: r.AccountID, Subject: r.Subject, Purpose: p, Kind: k, State: state,
		Tries: r.Tries, Created: r.CreatedAt.Time(), Expires: r.ExpiresAt.Time()}, err
}

// PutCeremony starts a ceremony; the one of its subject, purpose and kind ends.
func (t *tx) PutCeremony(ctx context.Context, c login.Ceremony) error {
	state, err := t.keys.Seal(c.State, ceremonySeal(c.AccountID, c.ID))
	if err != nil {
		return err
	}
	_, err = t.db.NewDelete().Table("ceremonies").
		Where("subject = ? AND purpose = ? AND kind = ?", c.Subject, c.Purpose, c.Kind).Exec(ctx)
	if err != nil {
		return err
	}
	_, err = t.db.NewInsert().Model(&ceremonyRow{ID: c.ID, AccountID: c.AccountID, Purpose: string(c.Purpose),
		Subject: c.Subject, Kind: string(c.Kind), State: state, CreatedAt: at(c.Created), ExpiresAt: at(c.Expires)}).Exec(ctx)
	return err
}

// TryCeremony counts a try; 0 when the ceremony is over.
func (t *tx) TryCeremony(ctx context.Context, id string) (tries int, err error) {
	err = t.db.NewRaw("UPDATE ceremonies SET tries = tries + 1 WHERE id = ? RETURNING tries", id).Scan(ctx, &tries)
	if errors.Is(missing(err), identity.ErrNotFound) {
		return 0, nil
	}
	return tries, err
}

// UntryCeremony takes a try back.
func (t *tx) UntryCeremony(ctx context.Context, id string) error {
	_, err := t.db.NewRaw("UPDATE ceremonies SET tries = tries - 1 WHERE id = ? AND tries > 0", id).Exec(ctx)
	return err
}

// TakeCeremony ends one; false when somebody else did.
func (t *tx) TakeCeremony(ctx context.Context, id string) (bool, error) {
	return changed(t.db.NewDelete().Table("ceremonies").Where("id = ?", id).Exec(ctx))
}

// DropCeremonies ends those of one purpose of a pending login or session.
func (t *tx) DropCeremonies(ctx context.Context, subject string, p factors.Purpose) error {
	_, err := t.db.NewDelete().Table("ceremonies").Where("subject = ? AND purpose = ?", subject, p).Exec(ctx)
	return err
}
