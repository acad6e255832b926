package store

import (
	"context"
	"database/sql"
	"errors"
	"slices"
	"strings"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// counterRow is a counter and what it has counted.
type counterRow struct {
	bun.BaseModel `bun:"table:counters"`
	AccountID     string        `bun:",pk"`
	What          login.Counted `bun:",pk"`
	Kind          string        `bun:",pk"`
	BrowserID     string        `bun:",pk"`
	Subject       string        `bun:",pk"`
	Fails         int
	LastAt        stamp
	UntilAt       stamp
	OffAt         stamp
	Recent        string // its window
}

// counterKey are the columns that say which counter it is.
const counterKey = "account_id, what, kind, browser_id, subject"

func fromCounter(c login.Counter) counterRow {
	return counterRow{AccountID: c.Account, What: c.What, Kind: string(c.Kind), BrowserID: c.Browser, Subject: c.Subject}
}

func fromThrottle(x login.Throttle) *counterRow {
	r := fromCounter(x.Key)
	r.Fails, r.LastAt, r.UntilAt, r.OffAt, r.Recent = x.Fails, at(x.Last), at(x.Until), at(x.Off), writeWindow(x)
	return &r
}

func (r *counterRow) throttle() login.Throttle {
	t := login.Throttle{Fails: r.Fails, Last: r.LastAt.Time(), Until: r.UntilAt.Time(), Off: r.OffAt.Time(),
		Key: login.Counter{What: r.What, Account: r.AccountID, Kind: factors.Kind(r.Kind), Browser: r.BrowserID, Subject: r.Subject}}
	readWindow(&t, r.Recent)
	return t
}

// Throttle reads a counter; none has counted nothing.
func (q query) Throttle(ctx context.Context, key login.Counter) (login.Throttle, error) {
	list, err := q.Throttles(ctx, key)
	return list[0], err
}

// Throttles reads several counters, in the order of their keys.
func (q query) Throttles(ctx context.Context, keys ...login.Counter) ([]login.Throttle, error) {
	var rows []counterRow
	sel := q.db.NewSelect().Model(&rows)
	for _, k := range keys {
		sel = sel.WhereOr(isCounter, counterArgs(k)...)
	}
	err := sel.Scan(ctx)
	return inOrder(rows, keys), err
}

// isCounter finds one counter; counterArgs are its arguments.
const isCounter = "account_id = ? AND what = ? AND kind = ? AND browser_id = ? AND subject = ?"

func counterArgs(k login.Counter) []any {
	return []any{k.Account, k.What, k.Kind, k.Browser, k.Subject}
}

// inOrder has a counter for each key.
func inOrder(rows []counterRow, keys []login.Counter) []login.Throttle {
	list := make([]login.Throttle, len(keys))
	for i, k := range keys {
		list[i].Key = k
		for _, r := range rows {
			if x := r.throttle(); x.Key == k {
				list[i] = x
			}
		}
	}
	return list
}

// LockThrottle reads a counter that nobody else changes until the end.
func (t *tx) LockThrottle(ctx context.Context, key login.Counter) (login.Throttle, error) {
	list, err := t.LockThrottles(ctx, key)
	return list[0], err
}

// LockThrottles is LockThrottle that reads others with it, which are not locked.
// Making and reading the first is one statement: a row that is not there cannot
// be locked, and between two it could be cleared.
func (t *tx) LockThrottles(ctx context.Context, key login.Counter, others ...login.Counter) ([]login.Throttle, error) {
	keys := append([]login.Counter{key}, others...)
	if !t.pg { // a transaction has the whole file to itself
		return t.Throttles(ctx, keys...)
	}
	r := fromCounter(key)
	var rows []counterRow
	lock := t.db.NewInsert().Model(&r).On("CONFLICT (" + counterKey + ") DO UPDATE").Set("what = excluded.what").Returning("*")
	text, args := "WITH mine AS (?) SELECT * FROM mine", []any{lock}
	for _, k := range others {
		text, args = text+" UNION ALL SELECT * FROM counters WHERE "+isCounter, append(args, counterArgs(k)...)
	}
	err := t.db.NewRaw(text, args...).Scan(ctx, &rows)
	return inOrder(rows, keys), err
}

// SaveThrottle keeps what a counter has counted.
func (t *tx) SaveThrottle(ctx context.Context, x login.Throttle) error {
	_, err := t.db.NewInsert().Model(fromThrottle(x)).On("CONFLICT (" + counterKey + ") DO UPDATE").
		Set("fails = excluded.fails").Set("last_at = excluded.last_at").Set("until_at = excluded.until_at").
		Set("off_at = excluded.off_at").Set("recent = excluded.recent").Exec(ctx)
	if err != nil || x.Off.IsZero() {
		return err
	}
	return t.switched(ctx, x.Key, true)
}

// ClearThrottle forgets a counter.
func (t *tx) ClearThrottle(ctx context.Context, key login.Counter) error {
	r := fromCounter(key)
	if key.What != login.CountFactor { // nothing is ever off
		_, err := t.db.NewDelete().Model(&r).WherePK().Exec(ctx)
		return err
	}
	_, err := t.db.NewDelete().Model(&r).WherePK().Returning("off_at").Exec(ctx)
	if errors.Is(err, sql.ErrNoRows) || err == nil && r.OffAt == 0 {
		return nil
	}
	if err != nil {
		return err
	}
	// Other browsers, or strangers, may have a counter that keeps the kind off.
	off, err := t.db.NewSelect().Table("counters").Where("account_id = ? AND what = ? AND kind = ? AND off_at > 0", key.Account, key.What, key.Kind).Exists(ctx)
	if err != nil || off {
		return err
	}
	return t.switched(ctx, key, false)
}

// ClearKind forgets the failures of a kind: of strangers and of every browser
// that signed in before.
func (x *act) ClearKind(ctx context.Context, accountID string, k factors.Kind) error {
	t := x.change()
	_, err := t.db.NewRaw("DELETE FROM counters WHERE account_id = ? AND what = ? AND kind = ?", accountID, login.CountFactor, k).Exec(ctx)
	if err != nil {
		return err
	}
	return t.switched(ctx, login.Counter{What: login.CountFactor, Account: accountID, Kind: k}, false)
}

// ClearCounters forgets all that an account was counted for, of some matters.
func (x *act) ClearCounters(ctx context.Context, accountID string, what ...login.Counted) error {
	t := x.change()
	_, err := t.db.NewRaw("DELETE FROM counters WHERE account_id = ? AND what IN (?)", accountID, bun.List(what)).Exec(ctx)
	if err != nil || !slices.Contains(what, login.CountFactor) {
		return err
	}
	t.touch(accountID)
	_, err = t.db.NewRaw("UPDATE accounts SET off_kinds = '' WHERE id = ? AND off_kinds <> ''", accountID).Exec(ctx)
	return err
}

// switched keeps on an account which of its kinds are off.
func (t *tx) switched(ctx context.Context, c login.Counter, off bool) error {
	if c.What != login.CountFactor {
		return nil
	}
	r, err := t.accountRow(ctx, "id = ?", c.Account, true)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	kinds := slices.DeleteFunc(strings.Split(r.OffKinds, ","), func(k string) bool { return k == string(c.Kind) || k == "" })
	if off {
		kinds = append(kinds, string(c.Kind))
	}
	t.touch(c.Account)
	_, err = t.db.NewRaw("UPDATE accounts SET off_kinds = ? WHERE id = ?", strings.Join(kinds, ","), c.Account).Exec(ctx)
	return err
}
