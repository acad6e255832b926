package store

import (
	"context"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

type triesRow struct {
	bun.BaseModel    `bun:"table:tries"`
	AccountID        string             `bun:",pk"`
	Kind             identity.EventKind `bun:",pk"`
	BeganAt, SinceAt stamp
	LastAt           stamp
	Times            int
	Address, Browser string
}

func fromTries(x login.Tries) *triesRow {
	return &triesRow{AccountID: x.AccountID, Kind: x.Kind, BeganAt: at(x.Began), SinceAt: at(x.Since), LastAt: at(x.Last),
		Times: x.Times, Address: x.Address, Browser: x.Browser}
}

func (r *triesRow) tries() login.Tries {
	return login.Tries{AccountID: r.AccountID, Kind: r.Kind, Began: r.BeganAt.Time(), Since: r.SinceAt.Time(), Last: r.LastAt.Time(),
		Times: r.Times, Address: r.Address, Browser: r.Browser}
}

// Tried counts an event that strangers can cause. It returns the event to log,
// or none when it is only counted with others like it. The count is stored in
// the same transaction.
func (x *act) Tried(ctx context.Context, e identity.Event) (identity.Event, error) {
	t := x.quietly()
	x.told = true
	delete(t.untried, e.AccountID)
	r := triesRow{AccountID: e.AccountID, Kind: e.Kind}
	_, err := t.db.NewInsert().Model(&r).On("CONFLICT (account_id, kind) DO UPDATE").Set("kind = excluded.kind").Returning("*").Exec(ctx)
	if err != nil {
		return e, err
	}
	n := r.tries()
	if n.Times > 0 && n.Over(e.At) {
		if told, some := n.Event(); some {
			t.events = append(t.events, told)
		}
		n = login.Tries{AccountID: e.AccountID, Kind: e.Kind}
	}
	shown := identity.NothingHappened
	if n.Times == 0 {
		shown = e
	}
	_, err = t.db.NewUpdate().Model(fromTries(n.With(e))).WherePK().Exec(ctx)
	return shown, err
}

// tell writes counts to the log, and ends them.
func (t *tx) tell(ctx context.Context, which string, args ...any) error {
	var rows []triesRow
	if err := t.db.NewRaw("DELETE FROM tries WHERE "+which+" RETURNING *", args...).Scan(ctx, &rows); err != nil {
		return err
	}
	var told []identity.Event
	for _, r := range rows {
		if e, some := r.tries().Event(); some {
			told = append(told, e)
		}
	}
	t.events = append(told, t.events...)
	return nil
}

// tellBefore has the log tell of the tries on an account before anything else
// about it, so that its order is that of what happened.
func (t *tx) tellBefore(ctx context.Context) error {
	seen := map[string]bool{"": true}
	var ids []string
	for _, e := range t.events {
		if e.Actor != "stranger" && !seen[e.AccountID] && !t.untried[e.AccountID] {
			seen[e.AccountID] = true
			ids = append(ids, e.AccountID)
		}
	}
	if len(ids) == 0 {
		return nil
	}
	return t.tell(ctx, "account_id IN (?)", list(ids))
}

// triesTold is how many counts one transaction tells of at most.
const triesTold = 200

// tellTries has the log tell of all counts that are over.
func (s *Store) tellTries(ctx context.Context, now time.Time) error {
	const over = "(began_at <= ? OR began_at > ?)"
	ended, ahead := at(now.Add(-login.TriesWindow)), at(now.Add(login.ClockSlack))
	for {
		var rows []triesRow
		err := s.reader.NewSelect().Model(&rows).Column("account_id", "kind").Where(over, ended, ahead).
			Order("account_id", "kind").Limit(triesTold).Scan(ctx)
		if err != nil || len(rows) == 0 {
			return err
		}
		err = s.write(ctx, func(t *tx) error {
			for _, r := range rows { // in one order, and again only what is over: others count and tell too
				if err := t.tell(ctx, "account_id = ? AND kind = ? AND "+over, r.AccountID, r.Kind, ended, ahead); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
}

// counting adds to the events of first tries what was counted since. They are
// in the order newest first.
func (q query) counting(ctx context.Context, events []identity.Event) ([]identity.Event, error) {
	var ids []string
	for _, e := range events {
		if e.Actor == "stranger" && e.Times == 0 {
			ids = append(ids, e.AccountID)
		}
	}
	if len(ids) == 0 {
		return events, nil
	}
	var rows []triesRow
	err := q.db.NewSelect().Model(&rows).Where("times > 1 AND account_id IN (?)", list(ids)).Scan(ctx)
	for _, r := range rows {
		for i, e := range events {
			if e.Kind == r.Kind && e.AccountID == r.AccountID && e.Times == 0 && at(e.At) == r.BeganAt {
				events[i] = login.Counting(e, r.tries())
				break
			}
		}
	}
	return events, err
}
