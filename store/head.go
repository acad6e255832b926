package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

// headRow names the last row of the audit log under a key of the keyset.
// Somebody who can write to the database but lacks the keys can cut or rewrite
// the log, but cannot write a head that fits it.
type headRow struct {
	bun.BaseModel `bun:"table:audit_head"`
	ID            int64 `bun:",pk"`
	Seq           int64
	Hash          string
	MAC           []byte `bun:"mac"`
}

// Kinds of event about the log itself.
const (
	auditBegun    = identity.EventAuditBegun    // from here on the head is kept: the database is of an older version
	keysAccepted  = identity.EventKeysAccepted  // the keys from before are lost, see AcceptKeys
	auditUnsealed = identity.EventAuditUnsealed // rows before this one were added without the keys
	auditAccepted = identity.EventAuditAccepted // an operator accepted what audit verify found before this row
)

// marked is what the keyed hash of a head covers. The number of a row is also
// how many there are.
func marked(seq int64, hash string) []byte {
	return []byte("audit-head\x00" + strconv.FormatInt(seq, 10) + "\x00" + hash)
}

// tail is where the next event goes.
type tail struct {
	last  eventRow // the row before it
	head  headRow  // as it was kept
	sound bool     // the head is whole and fits the log, so it may move on
}

// lockTail reads the end of the log, which nobody else changes until the end of
// the transaction.
func (t *tx) lockTail(ctx context.Context) (x tail, err error) {
	if err := t.lockHead(ctx); err != nil {
		return x, err
	}
	e, err := t.ending(ctx)
	if err != nil {
		return x, err
	}
	x.last = eventRow{Seq: e.Top, Hash: e.Newest}
	if e.Seq < 0 {
		return x, nil
	}
	x.head = headRow{ID: 1, Seq: e.Seq, Hash: e.Hash, MAC: e.MAC}
	fits := e.Seq == 0 || e.Named != "" && e.Named == e.Hash
	x.sound = fits && t.keys != nil && t.keys.CheckMAC(e.MAC, marked(e.Seq, e.Hash)) == nil
	return x, nil
}

// lockHead makes writers of the log queue up on PostgreSQL. SQLite has one
// writer anyway.
func (t *tx) lockHead(ctx context.Context) error {
	if !t.pg {
		return nil
	}
	var id int64
	err := missing(t.db.NewRaw("SELECT id FROM audit_head WHERE id = 1 FOR UPDATE").Scan(ctx, &id))
	if errors.Is(err, identity.ErrNotFound) { // nothing to lock: not adopted yet, or taken out
		_, err = t.db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", chainLock)
	}
	return err
}

// beginHead keeps a head for a log that has none yet, and says so in the log.
func (t *tx) beginHead(ctx context.Context) error {
	if t.pg {
		if _, err := t.db.ExecContext(ctx, "SELECT pg_advisory_xact_lock(?)", chainLock); err != nil {
			return err
		}
	}
	var last eventRow
	err := missing(t.db.NewSelect().Model(&last).Column("seq", "hash").Order("seq DESC").Limit(1).Scan(ctx))
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	mac, err := t.keys.MAC(marked(last.Seq, last.Hash))
	if err != nil {
		return err
	}
	made, err := changed(t.db.NewInsert().Model(&headRow{ID: 1, Seq: last.Seq, Hash: last.Hash, MAC: mac}).On("CONFLICT (id) DO NOTHING").Exec(ctx))
	if err != nil || !made {
		return err
	}
	if last.Seq == 0 { // a new site, unless somebody emptied the log of one with accounts
		used, err := t.db.NewSelect().Table("accounts").Exists(ctx)
		if err != nil || !used {
			return err
		}
	}
	t.events = append(t.events, identity.Event{At: time.Now(), Kind: auditBegun, Actor: "system",
		Detail: fmt.Sprintf("the head of the log is kept under the keys from row %d on", last.Seq)})
	return nil
}

// append writes rows, each chained to the one before, and moves the head to the
// last of them, on PostgreSQL in one round trip. A head that does not fit stays
// where it is, for all to see.
func (t *tx) append(ctx context.Context, x tail, rows []eventRow) error {
	if x.sound && x.last.Seq > x.head.Seq { // by a server of an older version, or by a stranger
		rows = slices.Insert(rows, 0, eventRow{At: rows[0].At, Kind: auditUnsealed, Actor: "system",
			Detail: fmt.Sprintf("rows %d to %d were added without the keys of this site", x.head.Seq+1, x.last.Seq)})
	}
	last := x.last
	for i := range rows {
		rows[i].Seq = last.Seq + 1
		rows[i].Hash = rows[i].chained(last.Hash)
		last = rows[i]
	}
	insert := t.db.NewInsert().Model(&rows)
	if !x.sound {
		_, err := insert.Exec(ctx)
		return err
	}
	mac, err := t.keys.MAC(marked(last.Seq, last.Hash))
	if err != nil {
		return err
	}
	const move = "UPDATE audit_head SET seq = ?, hash = ?, mac = ? WHERE id = 1"
	if t.pg {
		_, err = t.db.NewRaw("WITH added AS (?) "+move, insert, number(last.Seq), last.Hash, mac).Exec(ctx)
		return err
	}
	if _, err = insert.Exec(ctx); err != nil {
		return err
	}
	_, err = t.db.NewRaw(move, number(last.Seq), last.Hash, mac).Exec(ctx)
	return err
}
