package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

type sessionRow struct {
	bun.BaseModel `bun:"table:sessions,alias:s"`
	ID            string `bun:",pk"`
	TokenHash     string
	AccountID     string
	Level         int
	Factor        string
	Trusted       bool
	Address       string
	Browser       string
	Warning       string
	CreatedAt     stamp
	LastSeenAt    stamp
	ConfirmedAt   stamp
}

func fromSession(s identity.Session) *sessionRow {
	return &sessionRow{ID: s.ID, TokenHash: s.TokenHash, AccountID: s.AccountID, Level: s.Level, Factor: string(s.Factor), Trusted: s.Trusted,
		Address: s.Address, Browser: s.Browser, Warning: s.Warning, CreatedAt: at(s.Created), LastSeenAt: at(s.LastSeen),
		ConfirmedAt: at(s.Confirm)}
}

func (r *sessionRow) session() identity.Session {
	return identity.Session{ID: r.ID, TokenHash: r.TokenHash, AccountID: r.AccountID, Level: r.Level,
		Factor: factors.Kind(r.Factor), Trusted: r.Trusted, Address: r.Address, Browser: r.Browser, Warning: r.Warning,
		Created: r.CreatedAt.Time(), LastSeen: r.LastSeenAt.Time(), Confirm: r.ConfirmedAt.Time()}
}

// Sessions lists an account's sessions, last used first.
func (q query) Sessions(ctx context.Context, accountID string) ([]identity.Session, error) {
	var rows []sessionRow
	err := q.db.NewSelect().Model(&rows).Where("account_id = ?", accountID).Order("last_seen_at DESC", "id").Scan(ctx)
	return mapRows(rows, (*sessionRow).session), err
}

// InsertSession begins a session.
func (x *act) InsertSession(ctx context.Context, s identity.Session) error {
	t := x.quietly()
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

// Touch notes when a session was last used.
func (s *Store) Touch(ctx context.Context, sessionID string, now time.Time) error {
	return s.oneSoon(ctx, func(db bun.IDB, from string) error {
		text := "UPDATE sessions SET last_seen_at = ?"
		if from != "" {
			text += " FROM " + from
		}
		_, err := db.NewRaw(text+" WHERE id = ?", at(now), sessionID).Exec(ctx)
		return err
	})
}
