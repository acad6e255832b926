package store

import (
	"context"
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

// PutOutcome keeps what a form did.
func (t *tx) PutOutcome(ctx context.Context, o login.Outcome) error {
	r := outcomeRow{ID: o.Key, Session: o.Session, Goes: o.To, Lasting: o.Lasting,
		StartedAt: at(o.Started), DoneAt: at(o.Done), ExpiresAt: at(o.Expires)}
	if len(o.Cookies) > 0 {
		kept, err := login.EncodeCookies(o.Cookies)
		if err != nil {
			return err
		}
		if r.Data, err = t.keys.Seal(kept, outcomeSeal(o.Key)); err != nil {
			return err
		}
	}
	_, err := t.db.NewInsert().Model(&r).On("CONFLICT (id) DO UPDATE").Set("session = excluded.session").
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
// the cookies.
func (t *tx) DropOutcomes(ctx context.Context, session string) error {
	_, err := t.db.NewDelete().Table("outcomes").Where("session = ? AND lasting = ?", session, false).Exec(ctx)
	if err == nil {
		_, err = t.db.NewUpdate().Table("outcomes").Set("data = NULL").Set("session = ''").Where("session = ?", session).Exec(ctx)
	}
	return err
}
