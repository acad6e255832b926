package store

import (
	"context"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// tx is one transaction. Events are kept back until its end: the lock of their
// chain is the last one taken and the shortest held.
type tx struct {
	query
	events  []identity.Event
	touched map[string]bool // accounts whose row of the directory may have to change
	counts  counts
}

// LockAccount reads an account that nobody else changes until the end.
func (t *tx) LockAccount(ctx context.Context, id string) (identity.Account, error) {
	return t.account(ctx, "id = ?", id, true)
}

// errNoStatus is the fault of whoever makes an account without a status.
var errNoStatus = errors.New("an account without a status")

// InsertAccount adds an account; ErrTaken when its login exists.
func (x *act) InsertAccount(ctx context.Context, a identity.Account) error {
	t := x.change()
	if a.Standing == "" {
		return errNoStatus
	}
	_, err := t.db.NewInsert().Model(fromAccount(a)).Exec(ctx)
	if taken(err) {
		return identity.ErrTaken
	}
	t.touch(a.ID)
	if err == nil {
		_, err = x.Prove(ctx, a)
	}
	return err
}

// SaveAccount saves all but what follows from the credentials; ErrTaken when
// another account has its login.
func (x *act) SaveAccount(ctx context.Context, a identity.Account) error {
	t := x.change()
	t.touch(a.ID)
	ok, err := changed(t.db.NewUpdate().Model(fromAccount(a)).ExcludeColumn(accountFollows...).WherePK().Exec(ctx))
	switch {
	case taken(err):
		return identity.ErrTaken
	case err != nil:
		return err
	case !ok:
		return identity.ErrNotFound
	}
	_, err = x.Prove(ctx, a)
	return err
}

// InsertCredentials adds credentials of one account, sealing their secrets.
func (x *act) InsertCredentials(ctx context.Context, cs ...factors.Credential) error {
	t := x.change()
	if len(cs) == 0 {
		return nil
	}
	if err := t.followKeys(ctx); err != nil {
		return err
	}
	rows := make([]credentialRow, len(cs))
	for i, c := range cs {
		rows[i] = credentialRow{ID: c.ID, AccountID: c.AccountID, Kind: string(c.Kind), Name: c.Name, Address: c.Address,
			Hash: c.Hash, Batch: c.Batch, Counter: c.Counter, Drift: c.Drift, Version: 1, CreatedAt: at(c.Created),
			LastUsedAt: at(c.LastUsed), UsedAt: at(c.Used)}
		if c.Secret == nil {
			continue
		}
		sealed, err := t.keys.Seal(c.Secret, credentialSeal(c.AccountID, c.ID))
		if err != nil {
			return err
		}
		rows[i].Secret = sealed
	}
	if _, err := t.db.NewInsert().Model(&rows).Exec(ctx); err != nil {
		return err
	}
	for _, c := range cs {
		if err := t.saveSteps(ctx, c); err != nil {
			return err
		}
	}
	return t.recount(ctx, cs[0].AccountID)
}

// SwapCredential saves what answering changes, if nobody did since it was read.
func (x *act) SwapCredential(ctx context.Context, c factors.Credential) (bool, error) {
	t := x.change()
	ok, err := changed(t.db.NewUpdate().Table("credentials").
		Set("name = ?", c.Name).Set("counter = ?", c.Counter).Set("drift = ?", c.Drift).
		Set("last_used_at = ?", at(c.LastUsed)).Set("used_at = ?", at(c.Used)).Set("version = version + 1").
		Where("id = ? AND account_id = ? AND version = ?", c.ID, c.AccountID, c.Version).Exec(ctx))
	if err == nil && ok {
		err = t.saveSteps(ctx, c)
	}
	if err != nil || !ok || !t.kinds.Of(c.Kind).Spare {
		return ok, err
	}
	return true, t.recount(ctx, c.AccountID)
}

// SettleCredential saves which steps count as used, if nobody saved the
// credential since it was read.
func (t *tx) SettleCredential(ctx context.Context, c factors.Credential) (bool, error) {
	ok, err := changed(t.db.NewUpdate().Table("credentials").Where("id = ? AND account_id = ? AND version = ?", c.ID, c.AccountID, c.Version).
		Set("version = version + 1").Exec(ctx))
	if err == nil && ok {
		err = t.saveSteps(ctx, c)
	}
	return ok, err
}

// DeleteCredential takes one away.
func (x *act) DeleteCredential(ctx context.Context, accountID, id string) (bool, error) {
	t := x.change()
	ok, err := changed(t.db.NewDelete().Table("credentials").Where("id = ? AND account_id = ?", id, accountID).Exec(ctx))
	if err != nil || !ok {
		return ok, err
	}
	return true, t.recount(ctx, accountID)
}

// DeleteKind takes all of a kind away.
func (x *act) DeleteKind(ctx context.Context, accountID string, k factors.Kind) error {
	t := x.change()
	if _, err := t.db.NewDelete().Table("credentials").Where("account_id = ? AND kind = ?", accountID, k).Exec(ctx); err != nil {
		return err
	}
	return t.recount(ctx, accountID)
}

// DeleteCredentials takes all of an account away.
func (x *act) DeleteCredentials(ctx context.Context, accountID string) error {
	t := x.change()
	if _, err := t.db.NewDelete().Table("credentials").Where("account_id = ?", accountID).Exec(ctx); err != nil {
		return err
	}
	return t.recount(ctx, accountID)
}

// recount keeps on the account what its credentials say, so that a visit and
// the admin's list need not look at them.
func (t *tx) recount(ctx context.Context, accountID string) error {
	var rows []struct {
		Kind string
		N    int
	}
	err := t.db.NewRaw("SELECT kind, count(*) AS n FROM credentials WHERE account_id = ? AND used_at = 0 GROUP BY kind ORDER BY kind DESC",
		accountID).Scan(ctx, &rows)
	if err != nil {
		return err
	}
	var kinds []string
	left := 0
	for _, r := range rows {
		if t.kinds.Of(factors.Kind(r.Kind)).Spare {
			left += r.N
		} else {
			kinds = append(kinds, r.Kind)
		}
	}
	t.touch(accountID)
	_, err = t.db.NewUpdate().Table("accounts").Set("kinds = ?", strings.Join(kinds, ",")).Set("recovery_left = ?", left).
		Where("id = ?", accountID).Exec(ctx)
	return err
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

// SaveSetting keeps a setting of the site.
func (x *act) SaveSetting(ctx context.Context, key, value string) error {
	return x.change().setting(ctx, key, value)
}

// SaveRound keeps how far the reminders of the policy have come.
func (t *tx) SaveRound(ctx context.Context, text string) error {
	return t.setting(ctx, accounts.RoundSetting, text)
}

// setting keeps a value under a key.
func (t *tx) setting(ctx context.Context, key, value string) error {
	_, err := t.db.NewRaw("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET value = excluded.value",
		key, value).Exec(ctx)
	return err
}
