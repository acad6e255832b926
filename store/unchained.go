package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

// On PostgreSQL a transaction writes its events beside the log. Were it to chain
// them itself, everybody who writes an event would wait for everybody else, each
// until the commit before is on the disk. Right after the commit somebody takes
// all that wait and chains them, in one transaction under the lock of the head
// (chainWaiting): the process that serves from a worker of its own, any other
// itself. What a killed process left behind is chained by the next one. On SQLite,
// which has one writer anyway, events are chained where they are written.
type unchainedRow struct {
	bun.BaseModel `bun:"table:unchained"`
	ID            string `bun:",pk"`
	Seq           int64
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
	MAC           []byte `bun:"mac"`
}

// marked is what the keyed hash of a waiting event covers. Without it, whoever can
// write to the database could have the site chain what never happened.
func (r *unchainedRow) marked() []byte {
	text, _ := json.Marshal([]any{"audit-unchained", r.ID, r.At, r.Kind, r.AccountID, r.ActorID, r.Actor, r.Address, r.Browser,
		r.Level, r.Reason, r.Detail}) // strings and numbers always marshal
	return text
}

func (r *unchainedRow) event() eventRow {
	return eventRow{At: r.At, Kind: r.Kind, AccountID: r.AccountID, ActorID: r.ActorID, Actor: r.Actor,
		Address: r.Address, Browser: r.Browser, Level: r.Level, Reason: r.Reason, Detail: r.Detail}
}

// putUnchained writes events beside the log. One that is written after another
// was committed comes after it: it sees its number, or finds it chained.
func (t *tx) putUnchained(ctx context.Context, rows []eventRow) error {
	t.waiting = true
	var text strings.Builder
	var args []any
	text.WriteString("INSERT INTO unchained (id, seq, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail, mac) VALUES ")
	for i, e := range rows {
		r := unchainedRow{ID: identity.NewID(), At: e.At, Kind: e.Kind, AccountID: e.AccountID, ActorID: e.ActorID, Actor: e.Actor,
			Address: e.Address, Browser: e.Browser, Level: e.Level, Reason: e.Reason, Detail: e.Detail}
		if t.keys != nil {
			var err error
			if r.MAC, err = t.keys.MAC(r.marked()); err != nil {
				return err
			}
		}
		if i > 0 {
			text.WriteString(", ")
		}
		fmt.Fprintf(&text, "(?, (SELECT coalesce(max(seq), %d) FROM unchained) + %d, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", int64(identity.Unchained), i+1)
		args = append(args, r.ID, r.At, r.Kind, r.AccountID, r.ActorID, r.Actor, r.Address, r.Browser, number(r.Level), r.Reason, r.Detail, r.MAC)
	}
	_, err := t.db.NewRaw(text.String(), args...).Exec(ctx)
	return err
}

// chainedAtOnce is how many events one transaction chains at most.
const chainedAtOnce = 500

// chainWaiting chains the events that wait, in their order, and says how many there
// were. Only one transaction does so at a time; what it began and did not commit
// waits on.
func (t *tx) chainWaiting(ctx context.Context) (int, error) {
	x, err := t.lockTail(ctx)
	if err != nil {
		return 0, err
	}
	var waiting []unchainedRow
	err = t.db.NewRaw("DELETE FROM unchained WHERE id IN (SELECT id FROM unchained ORDER BY seq, id LIMIT ?) RETURNING *", chainedAtOnce).Scan(ctx, &waiting)
	if err != nil || len(waiting) == 0 {
		return 0, err
	}
	slices.SortFunc(waiting, func(a, b unchainedRow) int {
		if a.Seq != b.Seq {
			return int(min(1, max(-1, a.Seq-b.Seq)))
		}
		return strings.Compare(a.ID, b.ID)
	})
	var rows []eventRow
	for _, r := range waiting {
		rows = append(rows, r.event())
		if t.keys != nil && t.keys.CheckMAC(r.MAC, r.marked()) != nil {
			rows = append(rows, eventRow{At: at(time.Now()), Kind: auditUnsealed, Actor: "system",
				Detail: "the row before this one was put among the events that wait, without the keys of this site"})
		}
	}
	return len(waiting), t.append(ctx, x, rows)
}

// chain chains all events that wait.
func (s *Store) chain(ctx context.Context) error {
	if !s.pg {
		return nil
	}
	for {
		n, err := s.Unchained(ctx)
		if err != nil || n == 0 {
			return err
		}
		if err = s.write(ctx, func(t *tx) (err error) { n, err = t.chainWaiting(ctx); return err }); err != nil || n < chainedAtOnce {
			return err
		}
	}
}

// Unchained is how many events wait to be chained.
func (s *Store) Unchained(ctx context.Context) (int, error) {
	if !s.pg {
		return 0, nil
	}
	return s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM unchained"))
}

// chainer is the worker that chains events.
type chainer struct {
	on   atomic.Bool
	wake chan struct{}
}

// How long the worker lets events gather, and how often it looks for those that
// another process left behind.
const (
	chainPause = 20 * time.Millisecond
	chainEvery = 2 * time.Second
)

// Chain chains events until the context ends, and then what is left. What goes
// wrong is told, and tried again.
func (s *Store) Chain(ctx context.Context, told func(error)) {
	if !s.pg {
		return
	}
	s.LeaveChaining()
	tick := time.NewTicker(chainEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-tick.C:
		case <-s.chainer.wake:
			time.Sleep(chainPause)
		}
		if err := s.chain(ctx); err != nil && ctx.Err() == nil {
			told(err)
			time.Sleep(chainPause)
		}
	}
	s.chainer.on.Store(false)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), chainEvery)
	defer cancel()
	if err := s.chain(last); err != nil {
		told(err)
	}
}

// LeaveChaining says that somebody else chains what this store writes: its own
// worker, or another process.
func (s *Store) LeaveChaining() { s.chainer.on.Store(true) }

// wrote has the events of a transaction chained. Who has no worker does it; should
// that fail, they wait for the next one.
func (s *Store) wrote(ctx context.Context) {
	if !s.chainer.on.Load() {
		_ = s.chain(context.WithoutCancel(ctx))
		return
	}
	select {
	case s.chainer.wake <- struct{}{}:
	default: // it is awake
	}
}

const eventColumns = "seq, at, kind, account_id, actor_id, actor, address, browser, level, reason, detail"

// logSQL is the log with the events that wait.
const logSQL = "(SELECT " + eventColumns + ", hash FROM events UNION ALL SELECT " + eventColumns + ", '' AS hash FROM unchained)"

// log has a query read the log with the events that wait, whose numbers lie behind
// all others.
func (q query) log(sel *bun.SelectQuery) *bun.SelectQuery {
	if !q.pg {
		return sel
	}
	return sel.ModelTableExpr(logSQL + " AS event_row")
}
