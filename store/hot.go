package store

import (
	"context"
	"database/sql"
	"time"

	"nightlatch.example/nightlatch/login"
)

// visitSQL is the look-up of every signed-in request.
const visitSQL = `SELECT s.id, s.account_id, s.level, s.factor, s.address, s.browser, s.warning, s.created_at, s.last_seen_at, s.confirmed_at,
 a.login, a.login_key, a.name, a.email, a.email_verified_at, a.role, a.origin, a.password, a.password_changed_at, a.preferred,
 a.created_at, a.last_login_at, a.disabled_at, a.kinds, a.recovery_left,
 coalesce((SELECT must_enroll_at FROM directory WHERE account_id = a.id), 0), (SELECT value FROM settings WHERE key = 'policy'),
 EXISTS (SELECT 1 FROM outcomes WHERE session = s.token_hash)
 FROM sessions AS s JOIN accounts AS a ON a.id = s.account_id WHERE s.token_hash = `

// Visit finds session, account and policy by the hash of a token, in one query.
func (s *Store) Visit(ctx context.Context, hash string) (login.Session, login.Account, string, error) {
	var r sessionRow
	var a accountRow
	var policy sql.NullString
	var kept bool
	row, err := s.visit(ctx, hash)
	if err != nil {
		return login.Session{}, login.Account{}, "", err
	}
	err = row.Scan(&r.ID, &r.AccountID, &r.Level, &r.Factor, &r.Address, &r.Browser, &r.Warning,
		&r.CreatedAt, &r.LastSeenAt, &r.ConfirmedAt, &a.Login, &a.LoginKey, &a.Name, &a.Email, &a.EmailVerifiedAt,
		&a.Role, &a.Origin, &a.Password, &a.PasswordChangedAt, &a.Preferred, &a.CreatedAt, &a.LastLoginAt,
		&a.DisabledAt, &a.Kinds, &a.RecoveryLeft, &a.MustEnrollAt, &policy, &kept)
	a.ID, r.TokenHash = r.AccountID, hash
	sess := r.session()
	sess.Kept = kept
	return sess, a.account(), policy.String, missing(err)
}

// visit runs the statement. SQLite keeps it prepared; the PostgreSQL driver is
// faster with the text, and the hash is hexadecimal of our own making.
func (s *Store) visit(ctx context.Context, hash string) (*sql.Row, error) {
	if s.pg {
		return s.reader.QueryRowContext(ctx, visitSQL+"?", hash), nil
	}
	stmt, err := s.visits()
	if err != nil {
		return nil, err
	}
	return stmt.QueryRowContext(ctx, hash), nil
}

// Touch notes when a session was last used.
func (s *Store) Touch(ctx context.Context, sessionID string, now time.Time) error {
	_, err := s.writer.NewRaw("UPDATE sessions SET last_seen_at = ? WHERE id = ?", at(now), sessionID).Exec(ctx)
	return err
}

// Stale gives pending logins that are over.
func (s *Store) Stale(ctx context.Context, now time.Time, n int) ([]login.Pending, error) {
	var rows []pendingRow
	err := s.reader.NewSelect().Model(&rows).Where("expires_at <= ?", at(now)).Order("expires_at").Limit(int64(n)).Scan(ctx)
	return mapRows(rows, (*pendingRow).pending), err
}

// throttleKept is how long a counter that no longer holds anything back is
// kept: "in a row" means within a day.
const throttleKept = 24 * time.Hour

// Sweep deletes what has ended by itself. A kind that is switched off stays so,
// and failures on their way to the cap are not forgotten.
func (s *Store) Sweep(ctx context.Context, now, sessionsBefore time.Time) error {
	for _, x := range []struct {
		sql  string
		time time.Time
	}{
		{"DELETE FROM ceremonies WHERE expires_at <= ?", now.Add(-time.Minute)},
		{"DELETE FROM outcomes WHERE expires_at <= ?", now},
		{"UPDATE outcomes SET data = NULL WHERE data IS NOT NULL AND done_at <= ?", now.Add(-login.AgainTTL)},
		{"DELETE FROM links WHERE expires_at <= ?", now},
		{"DELETE FROM registrations WHERE expires_at <= ?", now},
		{"DELETE FROM browsers WHERE until_at <= ?", now},
		{"DELETE FROM sessions WHERE created_at <= ?", sessionsBefore},
		{"DELETE FROM throttles WHERE off_at = 0 AND key NOT LIKE 'factor:%' AND last_at < ?", now.Add(-throttleKept)},
		{"UPDATE outbox SET data = NULL, status = CASE WHEN status = 'queued' THEN 'expired' ELSE status END WHERE data IS NOT NULL AND expires_at > 0 AND expires_at <= ?", now},
	} {
		if _, err := s.writer.NewRaw(x.sql, at(x.time)).Exec(ctx); err != nil {
			return err
		}
	}
	if err := s.tellTries(ctx, now); err != nil {
		return err
	}
	return s.sweepWindows(ctx, now)
}
