package store

import (
	"context"
	"database/sql"
	"errors"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// countedRow is what a counter has counted, read with something else.
type countedRow struct {
	Fails                  int
	LastAt, UntilAt, OffAt stamp
	Recent                 string
}

func (r countedRow) throttle(key login.Counter) login.Throttle {
	t := login.Throttle{Key: key, Fails: r.Fails, Last: r.LastAt.Time(), Until: r.UntilAt.Time(), Off: r.OffAt.Time()}
	readWindow(&t, r.Recent)
	return t
}

// entranceRow is what a login and its password are judged by.
type entranceRow struct {
	Account accountRow `bun:"embed:a_"`
	Known   browserRow `bun:"embed:b_"`
	Shared  countedRow `bun:"embed:cs_"`
	Own     countedRow `bun:"embed:co_"`
	Address countedRow `bun:"embed:ca_"`
}

// waitingRow is a pending login with what every step of it looks up.
type waitingRow struct {
	Pending pendingRow `bun:"embed:p_"`
	Policy  sql.NullString
	Sent    bool
	entranceRow
}

const countedColumns = "c.fails AS c_fails, c.last_at AS c_last_at, c.until_at AS c_until_at, c.off_at AS c_off_at, c.recent AS c_recent"

// seenColumns and seenJoins read the browser that asks and its counters together
// with an account a, which may be none. Their arguments are those of seenArgs.
func seenColumns(db *bun.DB) string {
	list := columnsOf[accountRow](db, "a") + ", " + columnsOf[browserRow](db, "b")
	for _, c := range []string{"cs", "co", "ca"} {
		list += ", " + strings.NewReplacer("c.", c+".", " c_", " "+c+"_").Replace(countedColumns)
	}
	return list
}

const seenJoins = " LEFT JOIN browsers AS b ON b.token_hash = ? AND b.account_id = a.id AND b.trusted = FALSE" +
	" LEFT JOIN counters AS cs ON cs.account_id = CASE WHEN ? = '' THEN a.id ELSE '' END AND cs.what = ? AND cs.kind = ? AND cs.browser_id = '' AND cs.subject = ?" +
	" LEFT JOIN counters AS co ON co.account_id = a.id AND co.what = ? AND co.kind = ? AND co.browser_id = b.id AND co.subject = ''" +
	" LEFT JOIN counters AS ca ON ca.account_id = '' AND ca.what = ? AND ca.kind = '' AND ca.browser_id = '' AND ca.subject = ?"

func seenArgs(of login.Asker) []any {
	s := of.Shared
	return []any{of.Known, s.Subject, s.What, s.Kind, s.Subject, s.What, s.Kind, of.Address.What, of.Address.Subject}
}

func (r *entranceRow) seen(of login.Asker) login.Seen {
	shared, own := of.Shared, login.Counter{What: of.Shared.What, Account: r.Account.ID, Kind: of.Shared.Kind, Browser: r.Known.ID}
	if shared.Subject == "" {
		shared.Account = r.Account.ID
	}
	return login.Seen{Known: r.Known.browser(), Shared: r.Shared.throttle(shared), Own: r.Own.throttle(own), Address: r.Address.throttle(of.Address)}
}

func waitingSQL(db *bun.DB) string {
	return "SELECT " + columnsOf[pendingRow](db, "p") + ", " + policySQL +
		", EXISTS (SELECT 1 FROM ceremonies WHERE subject = p.id AND purpose = 'login') AS sent, " + seenColumns(db) +
		" FROM pendings AS p JOIN accounts AS a ON a.id = p.account_id" + seenJoins + " WHERE p.token_hash = ?"
}

// Waiting finds a pending login with its account, the policy and who asks, in one
// query.
func (s *Store) Waiting(ctx context.Context, hash string, of login.Asker) (login.Waiting, error) {
	var r waitingRow
	err := s.find(ctx, s.waitingSQL, append(seenArgs(of), hash), &r)
	if err == nil && r.Pending.ID == "" {
		err = identity.ErrNotFound
	}
	return login.Waiting{Pending: r.Pending.pending(), Account: r.Account.account(), Policy: r.Policy.String, Sent: r.Sent, Seen: r.seen(of)}, err
}

// entranceSQL finds an account as AccountByName does. It gives a row also where
// there is none: the counters are there all the same.
func entranceSQL(db *bun.DB) string {
	return "SELECT " + seenColumns(db) + " FROM (SELECT CAST(? AS TEXT) AS name) AS one LEFT JOIN accounts AS a ON a.id = coalesce(" +
		"(SELECT id FROM accounts WHERE login_key = one.name), (SELECT account_id FROM proven WHERE key = one.name))" + seenJoins
}

// Entrance finds the account of a login or a proven address, and who asks, in one
// query. The account has no id where there is none.
func (s *Store) Entrance(ctx context.Context, name string, of login.Asker) (identity.Account, login.Seen, error) {
	var r entranceRow
	err := s.find(ctx, s.entranceSQL, append([]any{name}, seenArgs(of)...), &r)
	return r.Account.account(), r.seen(of), err
}

// find reads one row, or none.
func (s *Store) find(ctx context.Context, text string, args []any, row any) error {
	rows, err := s.reader.QueryContext(ctx, text, args...)
	if err == nil {
		err = s.reader.ScanRows(ctx, rows, row) // closes them
	}
	return err
}

// SwapThrottle counts if nothing of what was read has changed: the counter is as
// it was, and of the others nothing was counted. It is a transaction of its own
// that does not wait for the disk. False where something has changed.
func (s *Store) SwapThrottle(ctx context.Context, was, to login.Throttle, beside ...login.Throttle) (swapped bool, err error) {
	err = s.oneSoon(ctx, func(db bun.IDB, from string) error {
		swapped, err = swapThrottle(ctx, db, exchange{was, to, beside, from})
		return err
	})
	return swapped && err == nil, err
}

// SwapThrottle is that of Store within a transaction.
func (t *tx) SwapThrottle(ctx context.Context, was, to login.Throttle) (bool, error) {
	return swapThrottle(ctx, t.db, exchange{was: was, to: to})
}

// exchange is what a counter becomes, and what must not have changed.
type exchange struct {
	was, to login.Throttle
	beside  []login.Throttle
	from    string // see oneSoon
}

// sameCounter are the conditions that nothing was counted since.
const sameCounter = "fails = ? AND last_at = ? AND until_at = ? AND off_at = ? AND recent = ?"

func swapThrottle(ctx context.Context, db bun.IDB, x exchange) (bool, error) {
	was, to := fromThrottle(x.was), fromThrottle(x.to)
	same := []any{number(was.Fails), was.LastAt, was.UntilAt, was.OffAt, was.Recent}
	var text string
	var args []any
	where := ""
	switch empty := x.was.Empty(); {
	case empty: // there is no row, or one that counts nothing
		text = "INSERT INTO counters AS c (" + counterKey + ", fails, last_at, until_at, off_at, recent) SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, ?"
		args = append(counterArgs(x.to.Key), number(to.Fails), to.LastAt, to.UntilAt, to.OffAt, to.Recent)
		if x.from != "" {
			text += " FROM " + x.from
		}
		where = " WHERE 1 = 1"
	case x.to.Empty():
		text, where = "DELETE FROM counters AS c", " WHERE "+isCounter+" AND "+sameCounter
		args = append(counterArgs(x.was.Key), same...)
	default:
		text = "UPDATE counters AS c SET fails = ?, last_at = ?, until_at = ?, off_at = ?, recent = ?"
		if x.from != "" {
			text += " FROM " + x.from
		}
		where = " WHERE " + isCounter + " AND " + sameCounter
		args = append([]any{number(to.Fails), to.LastAt, to.UntilAt, to.OffAt, to.Recent}, append(counterArgs(x.was.Key), same...)...)
	}
	for _, b := range x.beside {
		r := fromThrottle(b)
		where += " AND coalesce((SELECT n.fails FROM counters AS n WHERE n.account_id = ? AND n.what = ? AND n.kind = ? AND n.browser_id = ? AND n.subject = ?), 0) = ?"
		args = append(append(args, counterArgs(b.Key)...), number(r.Fails))
	}
	if x.was.Empty() {
		where += " ON CONFLICT (" + counterKey + ") DO UPDATE SET fails = excluded.fails, last_at = excluded.last_at, until_at = excluded.until_at," +
			" off_at = excluded.off_at, recent = excluded.recent WHERE c.fails = 0 AND c.last_at = 0 AND c.until_at = 0 AND c.off_at = 0"
	}
	return one(ctx, db.NewRaw(text+where+" RETURNING fails", args...))
}

// one says whether a statement that gives what it changed changed a row.
func one(ctx context.Context, q *bun.RawQuery) (bool, error) {
	var n int
	err := q.Scan(ctx, &n)
	if errors.Is(err, sql.ErrNoRows) {
		return false, nil
	}
	return err == nil, err
}
