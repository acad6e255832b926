package store

import (
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/directory"
	"nightlatch.example/nightlatch/identity"
)

// directoryRow is what the admin's list stores about an account.
type directoryRow struct {
	bun.BaseModel `bun:"table:directory,alias:d"`
	AccountID     string `bun:",pk"`
	Bucket        int
	LoginKey      string
	CreatedAt     stamp
	LastLoginAt   stamp
	Searched      string
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
	var drawn [1]byte
	rand.Read(drawn[:]) // never fails
	shard := int(drawn[0]) % shards
	for _, key := range slices.Sorted(maps.Keys(t.counts)) {
		if n := t.counts[key]; n != 0 {
			_, err := t.db.NewRaw("INSERT INTO totals (bucket, shard, n) VALUES (?, ?, ?) ON CONFLICT (bucket, shard) DO UPDATE SET n = totals.n + excluded.n",
				number(key), number(shard), number(n)).Exec(ctx)
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// enter writes one account's row of the directory.
func (t *tx) enter(ctx context.Context, id string) error {
	a, err := t.accountRow(ctx, "id = ?", id, false)
	if err != nil {
		return err
	}
	old, known, err := t.directory(ctx, id)
	row := t.directoryRow(a)
	if err != nil || known && row == old {
		return err
	}
	if err := t.putDirectory(ctx, row); err != nil {
		return err
	}
	if !known {
		t.counts.move(0, reachedKey+a.Reached, false)
	}
	if !known || row.Bucket != old.Bucket {
		t.counts.move(old.Bucket, row.Bucket, known)
	}
	if row.Searched == old.Searched {
		return nil
	}
	return t.putWords(ctx, id, row.Searched)
}

// directoryRow is what an account's row must be. It follows from the account
// alone.
func (t *tx) directoryRow(a accountRow) directoryRow {
	return directoryRow{AccountID: a.ID, Bucket: int(directory.BucketOf(a.account(), t.kinds)), LoginKey: a.LoginKey,
		CreatedAt: a.CreatedAt, LastLoginAt: a.LastLoginAt, Searched: searchText(a.LoginKey, a.Name)}
}

func (t *tx) putDirectory(ctx context.Context, row directoryRow) error {
	_, err := t.db.NewInsert().Model(&row).On("CONFLICT (account_id) DO UPDATE").Set("bucket = excluded.bucket").Set("login_key = excluded.login_key").
		Set("created_at = excluded.created_at").Set("last_login_at = excluded.last_login_at").Set("searched = excluded.searched").Exec(ctx)
	return err
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
	if errors.Is(err, identity.ErrNotFound) {
		return directoryRow{}, false, nil
	}
	return r, err == nil, err
}

func (t *tx) touch(id string) { t.touched[id] = true }

// SetMustEnroll notes that an account's factors were taken.
func (x *act) SetMustEnroll(ctx context.Context, id string, when time.Time) error {
	t := x.change()
	_, err := t.db.NewRaw("UPDATE accounts SET must_enroll_at = ? WHERE id = ? AND must_enroll_at <> ?", at(when), id, at(when)).Exec(ctx)
	return err
}

// Reach notes steps that an account took.
func (t *tx) Reach(ctx context.Context, id string, steps identity.Step) error {
	return t.reached(ctx, id, func(before int) int { return before | int(steps) })
}

// Unreach forgets them.
func (x *act) Unreach(ctx context.Context, id string) error {
	t := x.change()
	return t.reached(ctx, id, func(int) int { return 0 })
}

// reached changes the steps of an account and the totals that count them.
func (t *tx) reached(ctx context.Context, id string, change func(before int) int) error {
	r, err := t.accountRow(ctx, "id = ?", id, true)
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	to := change(r.Reached)
	if err != nil || to == r.Reached {
		return err
	}
	if _, known, err := t.directory(ctx, id); err != nil {
		return err
	} else if known { // else it is counted when it is entered
		t.counts.move(reachedKey+r.Reached, reachedKey+to, true)
	}
	_, err = t.db.NewRaw("UPDATE accounts SET reached = ? WHERE id = ?", to, id).Exec(ctx)
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
	return t.db.NewSelect().Table("accounts").Where("role = ? AND disabled_at = 0 AND status <> 'invited' AND id <> ?", identity.Admin, id).Exists(ctx)
}
