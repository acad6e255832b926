package store

import (
	"context"

	"nightlatch.example/nightlatch/identity"
)

// InsertPending begins a pending login.
func (x *act) InsertPending(ctx context.Context, p identity.Pending) error {
	t := x.change()
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
	t := x.change()
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

// InsertSession begins a session.
func (x *act) InsertSession(ctx context.Context, s identity.Session) error {
	t := x.change()
	_, err := t.db.NewInsert().Model(fromSession(s)).Exec(ctx)
	return err
}

// SaveSession changes one, also its token.
func (x *act) SaveSession(ctx context.Context, s identity.Session) error {
	t := x.change()
	_, err := t.db.NewUpdate().Model(fromSession(s)).WherePK().Exec(ctx)
	return err
}

// EndSession ends one of an account, with what was started in it.
func (x *act) EndSession(ctx context.Context, accountID, id string) (bool, error) {
	t := x.change()
	ok, err := changed(t.db.NewDelete().Table("sessions").Where("id = ? AND account_id = ?", id, accountID).Exec(ctx))
	if err == nil && ok {
		_, err = t.db.NewDelete().Table("ceremonies").Where("subject = ?", id).Exec(ctx)
	}
	if err == nil && ok {
		_, err = t.db.NewDelete().Table("notes").Where("session_id = ?", id).Exec(ctx)
	}
	return ok, err
}

// EndSessionByToken ends the one of a token and tells which it was.
func (x *act) EndSessionByToken(ctx context.Context, hash string) (identity.Session, error) {
	var r sessionRow
	if err := x.t.db.NewSelect().Model(&r).Where("token_hash = ?", hash).Scan(ctx); err != nil {
		return identity.Session{}, missing(err)
	}
	_, err := x.EndSession(ctx, r.AccountID, r.ID)
	return r.session(), err
}

// EndSessions ends all of an account but one.
func (x *act) EndSessions(ctx context.Context, accountID, except string) (int, error) {
	t := x.change()
	for _, sql := range []string{"DELETE FROM ceremonies WHERE account_id = ? AND purpose <> 'login' AND subject <> ?",
		"DELETE FROM notes WHERE account_id = ? AND session_id <> ?"} {
		if _, err := t.db.NewRaw(sql, accountID, except).Exec(ctx); err != nil {
			return 0, err
		}
	}
	r, err := t.db.NewDelete().Table("sessions").Where("account_id = ? AND id <> ?", accountID, except).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
}

// LowerSessions brings all of an account back to level 1.
func (x *act) LowerSessions(ctx context.Context, accountID string) error {
	t := x.change()
	_, err := t.db.NewUpdate().Table("sessions").Set("level = 1").Set("factor = ''").Set("trusted = ?", false).Where("account_id = ?", accountID).Exec(ctx)
	return err
}

// WarnSessions leaves a word for whoever sits at a session of the account.
func (t *tx) WarnSessions(ctx context.Context, accountID, text string) error {
	_, err := t.db.NewUpdate().Table("sessions").Set("warning = ?", text).Where("account_id = ?", accountID).Exec(ctx)
	return err
}

// MoveBrowser gives all rows of one browser cookie another token.
func (x *act) MoveBrowser(ctx context.Context, oldHash, newHash string) error {
	t := x.change()
	_, err := t.db.NewUpdate().Table("browsers").Set("token_hash = ?", newHash).Where("token_hash = ?", oldHash).Exec(ctx)
	return err
}

// PutBrowser adds a browser of an account, or changes the one of its token.
func (x *act) PutBrowser(ctx context.Context, b identity.Browser) error {
	t := x.change()
	_, err := t.db.NewInsert().Model(&browserRow{ID: b.ID, TokenHash: b.TokenHash, AccountID: b.AccountID, Trusted: b.Trusted,
		Address: b.Address, Browser: b.Browser, CreatedAt: at(b.Created), LastUsedAt: at(b.LastUsed), UntilAt: at(b.Until)}).
		On("CONFLICT (token_hash, account_id, trusted) DO UPDATE").Set("address = excluded.address").
		Set("last_used_at = excluded.last_used_at").Set("until_at = excluded.until_at").Set("created_at = excluded.created_at").Exec(ctx)
	return err
}

// DropBrowser ends the trust in one.
func (x *act) DropBrowser(ctx context.Context, accountID, id string) (bool, error) {
	t := x.change()
	return changed(t.db.NewDelete().Table("browsers").Where("id = ? AND account_id = ? AND trusted = ?", id, accountID, true).Exec(ctx))
}

// DropTrusted ends the trust in all.
func (x *act) DropTrusted(ctx context.Context, accountID string) (int, error) {
	t := x.change()
	r, err := t.db.NewDelete().Table("browsers").Where("account_id = ? AND trusted = ?", accountID, true).Exec(ctx)
	if err != nil {
		return 0, err
	}
	n, err := r.RowsAffected()
	return int(n), err
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

// TakeLink spends a link; false when somebody else did.
func (x *act) TakeLink(ctx context.Context, hash string) (bool, error) {
	t := x.change()
	return changed(t.db.NewDelete().Table("links").Where("token_hash = ?", hash).Exec(ctx))
}

// DropLinks voids an account's links of some purposes.
func (x *act) DropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error {
	return x.change().dropLinks(ctx, accountID, purposes...)
}

func (t *tx) dropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error {
	for _, p := range purposes {
		if _, err := t.db.NewDelete().Table("links").Where("account_id = ? AND purpose = ?", accountID, p).Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}
