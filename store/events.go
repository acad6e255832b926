package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

type eventRow struct {
	bun.BaseModel `bun:"table:events"`
	Seq           int64 `bun:",pk"`
	At            stamp
	Kind          identity.EventKind
	AccountID     string
	ActorID       string
	Actor         string
	Address       string
	Browser       string
	Level         int
	Reason        string
	Detail        string
	Hash          string
}

func (r *eventRow) event() identity.Event {
	e := identity.Event{Seq: r.Seq, At: r.At.Time(), Kind: r.Kind, AccountID: r.AccountID, ActorID: r.ActorID, Actor: r.Actor,
		Address: r.Address, Browser: r.Browser, Level: r.Level, Reason: r.Reason, Detail: r.Detail}
	return login.Unfold(e)
}

// chained is the hash of a row: it covers the row and the hash of the one
// before, so that a changed or missing row shows in every later one.
func (r *eventRow) chained(before string) string {
	text, _ := json.Marshal([]any{before, r.Seq, r.At, r.Kind, r.AccountID, r.ActorID, r.Actor, r.Address, r.Browser,
		r.Level, r.Reason, r.Detail}) // strings and numbers always marshal
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}

// chainLock makes writers of the chain queue up on PostgreSQL while there is no
// head to lock. SQLite has one writer anyway.
const chainLock = 7_112_002

// flush writes the events that were recorded: on SQLite each chained to the one
// before, on PostgreSQL beside the log.
func (t *tx) flush(ctx context.Context) error {
	if err := t.tellBefore(ctx); err != nil {
		return err
	}
	if len(t.events) == 0 {
		return nil
	}
	rows := make([]eventRow, len(t.events))
	for i, e := range t.events {
		rows[i] = eventRow{At: at(e.At), Kind: e.Kind, AccountID: e.AccountID, ActorID: e.ActorID,
			Actor: e.Actor, Address: e.Address, Browser: e.Browser, Level: e.Level, Reason: e.Reason, Detail: e.Detail}
	}
	if t.pg {
		return t.putUnchained(ctx, rows)
	}
	x, err := t.lockTail(ctx)
	if err != nil {
		return err
	}
	return t.append(ctx, x, rows)
}

// Events lists an account's events, newest first, before one of them.
func (q query) Events(ctx context.Context, accountID string, before int64, n int) ([]identity.Event, error) {
	var rows []eventRow
	sel := q.log(q.db.NewSelect().Model(&rows)).Where("account_id = ?", accountID).Order("seq DESC").Limit(int64(n))
	if before > 0 {
		sel = sel.Where("seq < ?", before)
	}
	if err := sel.Scan(ctx); err != nil {
		return nil, err
	}
	return q.counting(ctx, mapRows(rows, (*eventRow).event))
}
