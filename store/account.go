package store

import (
	"context"
	"errors"
	"strings"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

type accountRow struct {
	bun.BaseModel     `bun:"table:accounts,alias:a"`
	ID                string `bun:",pk"`
	Login             string
	LoginKey          string
	Name              string
	Email             string
	EmailVerifiedAt   stamp
	Role              string
	Origin            string
	Password          string
	PasswordChangedAt stamp
	Preferred         string
	CreatedAt         stamp
	LastLoginAt       stamp
	DisabledAt        stamp
	Status            string // its standing
	Kinds             string
	RecoveryLeft      int
	OffKinds          string
	MustEnrollAt      stamp
	MemberOf          string // groups, joined by commas
	Reached           int    // steps it took: see Reach

	Tried bool `bun:",scanonly"` // strangers' tries are counted that the log has yet to tell of
}

// accountFollows are the columns that have statements of their own: saving an
// account leaves them as they are.
var accountFollows = []string{"member_of", "kinds", "recovery_left", "off_kinds", "must_enroll_at", "reached"}

// errNoStatus is the fault of whoever makes an account without a status.
var errNoStatus = errors.New("an account without a status")

func fromAccount(a identity.Account) *accountRow {
	return &accountRow{ID: a.ID, Login: a.Login, LoginKey: a.Key, Name: a.Name, Email: a.Email,
		EmailVerifiedAt: at(a.EmailVerified), Role: string(a.Role), Origin: a.Origin, Password: string(a.Password),
		PasswordChangedAt: at(a.PasswordChanged), Preferred: a.Preferred, CreatedAt: at(a.Created),
		LastLoginAt: at(a.LastLogin), DisabledAt: at(a.Disabled), Status: string(a.Standing)}
}

func (r *accountRow) account() identity.Account {
	a := identity.Account{ID: r.ID, Login: r.Login, Key: r.LoginKey, Name: identity.Shown(r.Name), Email: r.Email,
		EmailVerified: r.EmailVerifiedAt.Time(), Role: identity.Role(r.Role), Origin: r.Origin,
		Password: identity.Hidden(r.Password), PasswordChanged: r.PasswordChangedAt.Time(), Preferred: r.Preferred,
		Created: r.CreatedAt.Time(), LastLogin: r.LastLoginAt.Time(), Disabled: r.DisabledAt.Time(),
		Standing: identity.Status(r.Status), RecoveryLeft: r.RecoveryLeft, MustEnroll: r.MustEnrollAt.Time()}
	a.Kinds, a.Off, a.Groups = kinds(r.Kinds), kinds(r.OffKinds), groups(r.MemberOf)
	return a
}

// kinds reads a list of kinds as it is kept.
func kinds(kept string) (list []factors.Kind) {
	for k := range strings.SplitSeq(kept, ",") {
		if k != "" {
			list = append(list, factors.Kind(k))
		}
	}
	return list
}

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

// LockAccount reads an account that nobody else changes until the end.
func (t *tx) LockAccount(ctx context.Context, id string) (identity.Account, error) {
	var r accountRow
	sel := t.db.NewSelect().Model(&r).ColumnExpr("?TableAlias.*, EXISTS (SELECT 1 FROM tries WHERE account_id = ?TableAlias.id) AS tried").Where("id = ?", id)
	if t.pg {
		sel = sel.For("UPDATE")
	}
	err := missing(sel.Scan(ctx))
	if err == nil && !r.Tried {
		t.untried[id] = true
	}
	return r.account(), err
}

// InsertAccount adds an account; ErrTaken when its login exists.
func (x *act) InsertAccount(ctx context.Context, a identity.Account) error {
	t := x.change()
	if a.Standing == "" {
		return errNoStatus
	}
	_, err := changed(t.db.NewInsert().Model(fromAccount(a)).Exec(ctx))
	if taken(err) {
		return identity.ErrTaken
	}
	t.touch(a.ID)
	if err == nil && len(a.Groups) > 0 {
		err = x.SaveGroups(ctx, a.ID, a.Groups)
	}
	if err == nil {
		_, err = x.Prove(ctx, a)
	}
	return err
}

// SaveAccount saves all but what follows from the credentials; ErrTaken when
// another account has its login.
func (x *act) SaveAccount(ctx context.Context, a identity.Account) error {
	t := x.change()
	t.touch(a.ID)
	ok, err := changed(t.db.NewUpdate().Model(fromAccount(a)).ExcludeColumn(accountFollows...).WherePK().Exec(ctx))
	switch {
	case taken(err):
		return identity.ErrTaken
	case err != nil:
		return err
	case !ok:
		return identity.ErrNotFound
	}
	_, err = x.Prove(ctx, a)
	return err
}

// SignedIn notes that an account signed in. Nothing else of it changes, and
// nothing but this of what the directory shows, unless it was the first time.
func (x *act) SignedIn(ctx context.Context, a identity.Account, now time.Time) error {
	t := x.quietly()
	_, err := t.db.NewRaw("UPDATE accounts SET last_login_at = ? WHERE id = ?", at(now), a.ID).Exec(ctx)
	if a.LastLogin.IsZero() {
		t.touch(a.ID)
	} else if err == nil {
		_, err = t.db.NewRaw("UPDATE directory SET last_login_at = ? WHERE account_id = ?", at(now), a.ID).Exec(ctx)
	}
	return err
}

// DeleteAccount deletes an account. The foreign keys delete most of what
// belongs to it; mails, counters and the links that an admin is shown are found
// by its id. The totals go down by what the directory had for it.
func (x *act) DeleteAccount(ctx context.Context, id string) error {
	t := x.change()
	a, err := t.accountRow(ctx, "id = ?", id, true)
	if err != nil {
		return err
	}
	row, known, err := t.directory(ctx, id)
	if err != nil {
		return err
	}
	for _, sql := range []string{"DELETE FROM outbox WHERE account_id = ?", "DELETE FROM counters WHERE account_id = ?", "DELETE FROM notes WHERE about = ?"} {
		if _, err := t.db.NewRaw(sql, id).Exec(ctx); err != nil {
			return err
		}
	}
	ok, err := changed(t.db.NewDelete().Table("accounts").Where("id = ?", id).Exec(ctx))
	if err != nil {
		return err
	}
	if !ok {
		return identity.ErrNotFound
	}
	delete(t.touched, id)
	if known {
		t.counts[row.Bucket]--
		t.counts[reachedKey+a.Reached]--
	}
	return nil
}
