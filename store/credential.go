package store

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
)

type credentialRow struct {
	bun.BaseModel `bun:"table:credentials"`
	ID            string `bun:",pk"`
	AccountID     string
	Kind          string
	Name          string
	Secret        []byte
	Address       string
	Hash          string
	Batch         string
	Counter       int64
	Drift         int64
	Version       int64
	CreatedAt     stamp
	LastUsedAt    stamp
	UsedAt        stamp
	Accepted      string `bun:",scanonly"` // of its row of steps
}

func (r *credentialRow) credential() factors.Credential {
	return factors.Credential{ID: r.ID, AccountID: r.AccountID, Kind: factors.Kind(r.Kind), Name: r.Name,
		Address: r.Address, Hash: r.Hash, Batch: r.Batch, Counter: r.Counter, Steps: readSteps(r.Accepted), Drift: r.Drift, Version: r.Version,
		Created: r.CreatedAt.Time(), LastUsed: r.LastUsedAt.Time(), Used: r.UsedAt.Time()}
}

// credentialSeal binds a secret to its row and to its owner: moved to another
// account it does not open.
func credentialSeal(accountID, id string) string { return "credentials/" + accountID + "/" + id }

// Credentials gives an account's credentials, oldest first.
func (q query) Credentials(ctx context.Context, accountID string, open ...factors.Kind) ([]factors.Credential, error) {
	var rows []credentialRow
	err := q.db.NewSelect().Model(&rows).ColumnExpr("?TableAlias.*, coalesce((SELECT accepted FROM steps WHERE credential_id = ?TableAlias.id), '') AS accepted").
		Where("account_id = ?", accountID).Order("created_at", "name").Scan(ctx)
	if err != nil {
		return nil, err
	}
	creds := make([]factors.Credential, len(rows))
	for i, r := range rows {
		creds[i] = r.credential()
		if r.Secret == nil || !slices.Contains(open, creds[i].Kind) {
			continue
		}
		secret, err := q.keys.Open(r.Secret, credentialSeal(r.AccountID, r.ID))
		if err != nil {
			return nil, fmt.Errorf("a factor's secret does not open: %w", err)
		}
		creds[i].Secret = secret
	}
	return creds, nil
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
	t := x.quietly()
	ok, err := changed(t.db.NewUpdate().Table("credentials").
		Set("name = ?", c.Name).Set("counter = ?", number(c.Counter)).Set("drift = ?", number(c.Drift)).
		Set("last_used_at = ?", at(c.LastUsed)).Set("used_at = ?", at(c.Used)).Set("version = version + 1").
		Where("id = ? AND account_id = ? AND version = ?", c.ID, c.AccountID, number(c.Version)).Exec(ctx))
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
	ok, err := changed(t.db.NewUpdate().Table("credentials").Where("id = ? AND account_id = ? AND version = ?", c.ID, c.AccountID, number(c.Version)).
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
