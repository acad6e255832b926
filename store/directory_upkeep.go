package store

import (
	"context"
	"errors"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/login"
)

// directoryRow is what the admin's list knows of an account.
type directoryRow struct {
	bun.BaseModel `bun:"table:directory,alias:d"`
	AccountID     string `bun:",pk"`
	Bucket        int
	LoginKey      string
	CreatedAt     stamp
	LastLoginAt   stamp
	Searched      string
	OffKinds      string
	MustEnrollAt  stamp
	Reached       int
}

// reachedKey is where in the totals the steps are counted, behind the buckets.
const reachedKey = 1 << 20

// shards is over how many rows one total is spread.
const shards = 8

// counts are the changes of totals that a transaction brings.
type counts map[int]int

func (c counts) move(from, to int, known bool) {
	if known {
		c[from]--
	}
	c[to]++
}

// settle brings the directory up to date with the accounts that the
// transaction changed, and the totals with the directory.
func (t *tx) settle(ctx context.Context) error {
	for _, id := range slices.Sorted(maps.Keys(t.touched)) {
		if err := t.enter(ctx, id); err != nil {
			return err
		}
	}
	shard := rand.IntN(shards)
	for _, key := range slices.Sorted(maps.Keys(t.counts)) {
		if n := t.counts[key]; n != 0 {
			_, err := t.db.NewRaw("INSERT INTO totals (bucket, shard, n) VALUES (?, ?, ?) ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n",
				key, shard, n).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// enter writes one account's row of the directory.
func (t *tx) enter(ctx context.Context, id string) error {
	var a accountRow
	if err := t.db.NewSelect().Model(&a).ColumnExpr(accountColumns).Where("a.id = ?", id).Scan(ctx); err != nil {
		return missing(err)
	}
	old, known, err := t.directory(ctx, id)
	if err != nil {
		return err
	}
	row := old
	row.AccountID, row.Bucket, row.LoginKey = id, int(accounts.BucketOf(a.account(), t.kinds)), a.LoginKey
	row.CreatedAt, row.LastLoginAt, row.Searched = a.CreatedAt, a.LastLoginAt, searchText(a.LoginKey, a.Name)
	if known && row == old {
		return nil
	}
	_, err = t.db.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").Set("bucket = excluded.bucket").Set("login_key = excluded.login_key").Set("created_at = excluded.created_at").
		Set("last_login_at = excluded.last_login_at").Set("searched = excluded.searched").Exec(ctx)
	if err != nil {
		return err
	}
	if !known {
		t.counts.move(0, reachedKey, false)
	}
	if !known || row.Bucket != old.Bucket {
		t.counts.move(old.Bucket, row.Bucket, known)
	}
	if row.Searched == old.Searched {
		return nil
	}
	return t.putWords(ctx, id, row.Searched)
}

func (t *tx) putWords(ctx context.Context, id, text string) error {
	if _, err := t.db.NewRaw("DELETE FROM words WHERE account_id = ?", id).Exec(ctx); err != nil {
		return err
	}
	rows := []wordRow{}
	for _, w := range words(text) {
		rows = append(rows, wordRow{AccountID: id, Word: w})
	}
	_, err := t.db.NewInsert().Model(&rows).Exec(ctx)
	return err
}

type wordRow struct {
	bun.BaseModel `bun:"table:words"`
	AccountID     string
	Word          []byte
}

func (t *tx) directory(ctx context.Context, id string) (r directoryRow, known bool, err error) {
	err = missing(t.db.NewSelect().Model(&r).Where("account_id = ?", id).Scan(ctx))
	if errors.Is(err, login.ErrNotFound) {
		return directoryRow{}, false, nil
	}
	return r, err == nil, err
}

// switched keeps in the directory which kinds of an account are off. The key
// is a counter's: "factor:ACCOUNT:KIND", of a browser with its id behind, are those that matter.
func (t *tx) switched(ctx context.Context, key string, off bool) error {
	rest, ok := strings.CutPrefix(key, "factor:")
	id, kind, _ := strings.Cut(rest, ":")
	kind, _, _ = strings.Cut(kind, ":")
	if !ok {
		return nil
	}
	r, known, err := t.directory(ctx, id)
	if err != nil || !known {
		return err
	}
	kinds := slices.DeleteFunc(strings.Split(r.OffKinds, ","), func(k string) bool { return k == kind || k == "" })
	if off {
		kinds = append(kinds, kind)
	}
	t.touch(id)
	_, err = t.db.NewRaw("UPDATE directory SET off_kinds = ? WHERE account_id = ?", strings.Join(kinds, ","), id).Exec(ctx)
	return err
}

func (t *tx) touch(id string) { t.touched[id] = true }

// SetMustEnroll notes that an account's factors were taken.
func (t *tx) SetMustEnroll(ctx context.Context, id string, when time.Time) error {
	_, err := t.db.NewRaw("UPDATE directory SET must_enroll_at = ? WHERE account_id = ? AND must_enroll_at <> ?", at(when), id, at(when)).Exec(ctx)
	return err
}

// Reach notes steps that an account took.
func (t *tx) Reach(ctx context.Context, id string, steps login.Step) error {
	r, known, err := t.directory(ctx, id)
	if err != nil || !known || r.Reached|int(steps) == r.Reached {
		return err
	}
	return t.reached(ctx, id, r.Reached, r.Reached|int(steps))
}

// Unreach forgets them.
func (t *tx) Unreach(ctx context.Context, id string) error {
	r, known, err := t.directory(ctx, id)
	if err != nil || !known || r.Reached == 0 {
		return err
	}
	return t.reached(ctx, id, r.Reached, 0)
}

func (t *tx) reached(ctx context.Context, id string, from, to int) error {
	t.counts.move(reachedKey+from, reachedKey+to, true)
	_, err := t.db.NewRaw("UPDATE directory SET reached = ? WHERE account_id = ?", to, id).Exec(ctx)
	return err
}

// adminLock makes changes of admins queue up on PostgreSQL.
const adminLock = 7_112_003

// OtherAdmin says whether an admin who can sign in remains beside one.
func (t *tx) OtherAdmin(ctx context.Context, id string) (bool, error) {
	if t.pg {
		if _, err := t.db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", adminLock); err != nil {
			return false, err
		}
	}
	return t.db.NewSelect().Table("accounts").Where("role = ? AND disabled_at = 0 AND password <> '' AND id <> ?", login.Admin, id).Exists(ctx)
}

// ForgiveBrowsers ends the waits of an account's known browsers.
func (t *tx) ForgiveBrowsers(ctx context.Context, id string) error {
	_, err := t.db.NewRaw("DELETE FROM throttles WHERE key IN (SELECT 'known:' || id FROM browsers WHERE account_id = ?)", id).Exec(ctx)
	return err
}
