package store

import (
	"context"
	"database/sql"
	"reflect"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// visitRow is what every signed-in request looks up. A new column of accounts
// is added to accountRow, and every look-up has it.
type visitRow struct {
	Session sessionRow `bun:"embed:s_"`
	Account accountRow `bun:"embed:a_"`
	Policy  sql.NullString
	Kept    bool
}

// visitSQL is the look-up of every signed-in request.
func visitSQL(db *bun.DB) string {
	return "SELECT " + columnsOf[sessionRow](db, "s") + ", " + columnsOf[accountRow](db, "a") +
		", (SELECT value FROM settings WHERE key = 'policy') AS policy, EXISTS (SELECT 1 FROM outcomes WHERE session = s.token_hash) AS kept" +
		" FROM sessions AS s JOIN accounts AS a ON a.id = s.account_id WHERE s.token_hash = ?"
}

// columnsOf lists the columns of a row as a visitRow has them.
func columnsOf[R any](db *bun.DB, alias string) string {
	var list []string
	for _, f := range db.Table(reflect.TypeFor[R]()).Fields {
		list = append(list, alias+"."+f.Name+" AS "+alias+"_"+f.Name)
	}
	return strings.Join(list, ", ")
}

// Visit finds session, account and policy by the hash of a token, in one query.
func (s *Store) Visit(ctx context.Context, hash string) (identity.Session, identity.Account, string, error) {
	var r visitRow
	rows, err := s.visit(ctx, hash)
	if err == nil {
		err = s.reader.ScanRows(ctx, rows, &r) // closes them
	}
	if err == nil && r.Session.ID == "" {
		err = identity.ErrNotFound
	}
	sess := r.Session.session()
	sess.Kept = r.Kept
	return sess, r.Account.account(), r.Policy.String, err
}

// visit runs the statement. SQLite keeps it prepared; the PostgreSQL driver is
// faster with the text, and the hash is hexadecimal of our own making.
func (s *Store) visit(ctx context.Context, hash string) (*sql.Rows, error) {
	if s.pg {
		return s.reader.QueryContext(ctx, s.visitSQL, hash)
	}
	stmt, err := s.visits()
	if err != nil {
		return nil, err
	}
	return stmt.QueryContext(ctx, hash)
}

// Touch notes when a session was last used.
func (s *Store) Touch(ctx context.Context, sessionID string, now time.Time) error {
	_, err := s.writer.NewRaw("UPDATE sessions SET last_seen_at = ? WHERE id = ?", at(now), sessionID).Exec(ctx)
	return err
}

// Stale gives pending logins that are over.
func (s *Store) Stale(ctx context.Context, now time.Time, n int) ([]identity.Pending, error) {
	var rows []pendingRow
	err := s.reader.NewSelect().Model(&rows).Where("expires_at <= ?", at(now)).Order("expires_at").Limit(int64(n)).Scan(ctx)
	return mapRows(rows, (*pendingRow).pending), err
}

// throttleKept is how long a counter that no longer holds anything back is
// kept: "in a row" means within a day.
const throttleKept = 24 * time.Hour

// Sweep deletes what has ended by itself. A kind that is switched off stays so,
// and failures on their way to the cap are not forgotten, until the browser that
// they were counted for is not known any more.
func (s *Store) Sweep(ctx context.Context, now, sessionsBefore time.Time) error {
	for _, x := range sweeps(now, sessionsBefore) {
		if _, err := s.writer.NewRaw(x.sql, at(x.time)).Exec(ctx); err != nil {
			return err
		}
	}
	return s.tellTries(ctx, now)
}

// sweep is a statement about what is older than a time.
type sweep struct {
	sql  string
	time time.Time
}

func sweeps(now, sessionsBefore time.Time) []sweep {
	return []sweep{
		{"DELETE FROM ceremonies WHERE expires_at <= ?", now.Add(-time.Minute)},
		{"DELETE FROM notes WHERE expires_at <= ?", now.Add(-time.Minute)},
		{"DELETE FROM outcomes WHERE expires_at <= ?", now},
		{"UPDATE outcomes SET data = NULL WHERE data IS NOT NULL AND done_at <= ?", now.Add(-login.AgainTTL)},
		{"DELETE FROM links WHERE expires_at <= ?", now},
		{"DELETE FROM registrations WHERE expires_at <= ?", now},
		{"DELETE FROM browsers WHERE until_at <= ?", now},
		{"DELETE FROM sessions WHERE created_at <= ?", sessionsBefore},
		{"DELETE FROM counters WHERE what <> 'factor' AND last_at < ?", now.Add(-throttleKept)},
		{"DELETE FROM counters WHERE what = 'factor' AND fails = 0 AND off_at = 0 AND last_at < ?", now.Add(-login.FailureWindow)},
		{"DELETE FROM counters WHERE what = 'factor' AND browser_id <> '' AND last_at < ?", now.Add(-2 * login.KnownTTL)},
		{"UPDATE outbox SET data = NULL, status = CASE WHEN status = 'queued' THEN 'expired' ELSE status END WHERE data IS NOT NULL AND expires_at > 0 AND expires_at <= ?", now},
	}
}
