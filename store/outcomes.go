package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/login"
)

type outcomeRow struct {
	bun.BaseModel `bun:"table:outcomes"`
	ID            string `bun:",pk"`
	Session       string
	Goes          string
	Data          []byte
	Lasting       bool
	StartedAt     stamp
	DoneAt        stamp
	ExpiresAt     stamp
}

// outcomeSeal binds the cookies of an answer to the form that they answer.
func outcomeSeal(id string) string { return "outcomes/" + id }

// Outcome finds what a form did and opens its cookies.
func (q query) Outcome(ctx context.Context, key string) (login.Outcome, error) {
	var r outcomeRow
	err := q.db.NewSelect().Model(&r).Where("id = ?", key).Scan(ctx)
	o := login.Outcome{Key: r.ID, To: r.Goes, Session: r.Session, Lasting: r.Lasting,
		Started: r.StartedAt.Time(), Done: r.DoneAt.Time(), Expires: r.ExpiresAt.Time()}
	if err != nil || r.Data == nil {
		return o, missing(err)
	}
	kept, err := q.keys.Open(r.Data, outcomeSeal(r.ID))
	if err == nil {
		o.Cookies, err = login.DecodeCookies(kept)
	}
	return o, err
}

// TryClaim claims a form that nobody sent before, in a transaction of its own;
// false when somebody did, or where the cookie's hash is none that the site gave
// out.
func (s *Store) TryClaim(ctx context.Context, o login.Outcome, of login.Sender) (mine bool, err error) {
	args := []any{o.Key, false, at(o.Started), at(o.Expires)}
	where := " WHERE 1 = 1" // or SQLite takes ON for that of a join
	if table := heldIn[of.Holder]; table != "" {
		where, args = " WHERE EXISTS (SELECT 1 FROM "+table+" WHERE token_hash = ?)", append(args, of.Hash)
	}
	err = s.oneSoon(ctx, func(db bun.IDB, from string) error {
		if from != "" {
			from = " FROM " + from
		}
		var id string // RETURNING: outside of a transaction, RowsAffected waits for whoever has the connection next
		err := db.NewRaw("INSERT INTO outcomes (id, session, goes, lasting, started_at, done_at, expires_at) SELECT ?, '', '', ?, ?, 0, ?"+
			from+where+" ON CONFLICT (id) DO NOTHING RETURNING id", args...).Scan(ctx, &id)
		mine = err == nil
		if errors.Is(err, sql.ErrNoRows) {
			return nil
		}
		return err
	})
	return mine && err == nil, err
}

// heldIn are the tables of what cookies stand for.
var heldIn = map[login.Holder]string{login.OfSession: "sessions", login.OfPending: "pendings"}

// Given says whether the site gave out the cookie of a sender.
func (s *Store) Given(ctx context.Context, of login.Sender) (bool, error) {
	table := heldIn[of.Holder]
	if table == "" {
		return true, nil
	}
	return s.reader.NewSelect().Table(table).Where("token_hash = ?", of.Hash).Exists(ctx)
}

// ClaimForm records that a form is being carried out; false when another
// request did so first. was is when the claim that is replaced began, zero when
// there is none.
func (t *tx) ClaimForm(ctx context.Context, o login.Outcome, was time.Time) (bool, error) {
	if !was.IsZero() {
		_, err := t.db.NewDelete().Table("outcomes").Where("id = ? AND started_at = ?", o.Key, at(was)).Exec(ctx)
		if err != nil {
			return false, err
		}
	}
	return changed(t.db.NewInsert().Model(&outcomeRow{ID: o.Key, StartedAt: at(o.Started), ExpiresAt: at(o.Expires)}).
		On("CONFLICT (id) DO NOTHING").Exec(ctx))
}

// PutOutcomes keeps what a form did.
func (t *tx) PutOutcomes(ctx context.Context, all ...login.Outcome) error {
	rows := make([]outcomeRow, len(all))
	for i, o := range all {
		rows[i] = outcomeRow{ID: o.Key, Session: o.Session, Goes: o.To, Lasting: o.Lasting,
			StartedAt: at(o.Started), DoneAt: at(o.Done), ExpiresAt: at(o.Expires)}
		if len(o.Cookies) == 0 {
			continue
		}
		kept, err := login.EncodeCookies(o.Cookies)
		if err != nil {
			return err
		}
		if rows[i].Data, err = t.keys.Seal(kept, outcomeSeal(o.Key)); err != nil {
			return err
		}
	}
	_, err := t.db.NewInsert().Model(&rows).On("CONFLICT (id) DO UPDATE").Set("session = excluded.session").
		Set("goes = excluded.goes").Set("data = excluded.data").Set("lasting = excluded.lasting").
		Set("started_at = excluded.started_at").Set("done_at = excluded.done_at").Set("expires_at = excluded.expires_at").Exec(ctx)
	return err
}

// DropClaim forgets a form that did nothing.
func (t *tx) DropClaim(ctx context.Context, key string) error {
	_, err := t.db.NewDelete().Table("outcomes").Where("id = ? AND done_at = 0", key).Exec(ctx)
	return err
}

// DropOutcomes forgets the answers that led to a session; of lasting ones only
// the cookies. The rows of the others go with the next sweep.
func (t *tx) DropOutcomes(ctx context.Context, session string) error {
	_, err := t.db.NewRaw("UPDATE outcomes SET data = NULL, session = '', goes = CASE WHEN lasting THEN goes ELSE '' END,"+
		" expires_at = CASE WHEN lasting THEN expires_at ELSE 0 END WHERE session = ?", session).Exec(ctx)
	return err
}
