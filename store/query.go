package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Account finds one by its id.
func (q query) Account(ctx context.Context, id string) (identity.Account, error) {
	return q.account(ctx, "id = ?", id, false)
}

// AccountByKey finds one by the canonical form of its login.
func (q query) AccountByKey(ctx context.Context, key string) (identity.Account, error) {
	return q.account(ctx, "login_key = ?", key, false)
}

func (q query) account(ctx context.Context, where, arg string, lock bool) (identity.Account, error) {
	r, err := q.accountRow(ctx, where, arg, lock)
	return r.account(), err
}

func (q query) accountRow(ctx context.Context, where, arg string, lock bool) (r accountRow, err error) {
	sel := q.db.NewSelect().Model(&r).Where(where, arg)
	if lock && q.pg {
		sel = sel.For("UPDATE")
	}
	return r, missing(sel.Scan(ctx))
}

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

// PendingByToken finds a pending login.
func (q query) PendingByToken(ctx context.Context, hash string) (identity.Pending, error) {
	var r pendingRow
	err := q.db.NewSelect().Model(&r).Where("token_hash = ?", hash).Scan(ctx)
	return r.pending(), missing(err)
}

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

// Setting reads a setting.
func (q query) Setting(ctx context.Context, key string) (string, error) {
	var value string
	err := q.db.NewRaw("SELECT value FROM settings WHERE key = ?", key).Scan(ctx, &value)
	if errors.Is(missing(err), identity.ErrNotFound) {
		return "", nil
	}
	return value, err
}

// Sessions lists an account's sessions, last used first.
func (q query) Sessions(ctx context.Context, accountID string) ([]identity.Session, error) {
	var rows []sessionRow
	err := q.db.NewSelect().Model(&rows).Where("account_id = ?", accountID).Order("last_seen_at DESC", "id").Scan(ctx)
	return mapRows(rows, (*sessionRow).session), err
}

// Browsers lists the browsers that an account trusts, last used first.
func (q query) Browsers(ctx context.Context, accountID string) ([]identity.Browser, error) {
	var rows []browserRow
	err := q.db.NewSelect().Model(&rows).Where("account_id = ? AND trusted = ?", accountID, true).
		Order("last_used_at DESC", "id").Scan(ctx)
	return mapRows(rows, (*browserRow).browser), err
}

// Events lists an account's events, newest first, before one of them.
func (q query) Events(ctx context.Context, accountID string, before int64, n int) ([]identity.Event, error) {
	var rows []eventRow
	sel := q.db.NewSelect().Model(&rows).Where("account_id = ?", accountID).Order("seq DESC").Limit(int64(n))
	if before > 0 {
		sel = sel.Where("seq < ?", before)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	return q.counting(ctx, mapRows(rows, (*eventRow).event))
}

func mapRows[R, T any](rows []R, f func(*R) T) []T {
	list := make([]T, len(rows))
	for i := range rows {
		list[i] = f(&rows[i])
	}
	return list
}
