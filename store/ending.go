package store

import (
	"context"
	"errors"
	"fmt"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// ending is how the log ends and what its head says, at one moment.
type ending struct {
	Seq    int64 // of the row that the head names; -1 when there is no head
	Hash   string
	MAC    []byte `bun:"mac"`
	Named  string // hash of that row; empty when it is not there
	Top    int64  // the last row
	Newest string // its hash
}

func (q query) ending(ctx context.Context) (e ending, err error) {
	err = q.db.NewRaw("SELECT coalesce(h.seq, -1) AS seq, coalesce(h.hash, '') AS hash, h.mac, coalesce(n.hash, '') AS named,"+
		" coalesce(l.seq, 0) AS top, coalesce(l.hash, '') AS newest FROM (SELECT CAST(? AS BIGINT) AS id) AS one"+
		" LEFT JOIN audit_head AS h ON h.id = one.id LEFT JOIN events AS n ON n.seq = h.seq"+
		" LEFT JOIN events AS l ON l.seq = (SELECT max(seq) FROM events)", number(1)).Scan(ctx, &e)
	return e, err
}

// faultOf says in a sentence what is wrong at the end of the log; empty for
// nothing.
func (s *Store) faultOf(e ending) string {
	switch {
	case e.Seq < 0:
		return "the head of the log is gone from the database: somebody removed it"
	case s.keys.CheckMAC(e.MAC, marked(e.Seq, e.Hash)) != nil:
		return "the head of the log was not written with the keys of this site"
	case e.Named != e.Hash:
		return fmt.Sprintf("the log does not end as it was written: its last row is %d, and its head names row %d, which was cut off or written anew", e.Top, e.Seq)
	case e.Seq < e.Top:
		return fmt.Sprintf("rows %d to %d were added without the keys of this site", e.Seq+1, e.Top)
	}
	return ""
}

// CheckHead checks whether the log ends as its head says, without reading all
// of it. The error is the fault in a sentence.
func (s *Store) CheckHead(ctx context.Context) error {
	e, err := s.ending(ctx)
	if err == nil {
		if fault := s.faultOf(e); fault != "" {
			err = errors.New(fault)
		}
	}
	return err
}

// AcceptEvents begins a new head at the last row, whatever the head was before,
// and records that: e says who accepts what was found, and why. False when the
// log no longer has the row that was last when it was checked.
func (s *Store) AcceptEvents(ctx context.Context, seen accounts.AuditState, e identity.Event) (same bool, err error) {
	e.Kind = auditAccepted
	err = s.Act(ctx, func(x login.Act) (none identity.Event, err error) {
		t := x.(*act).t
		end, err := t.lockTail(ctx)
		if err != nil {
			return none, err
		}
		var hash string
		err = missing(t.db.NewRaw("SELECT hash FROM events WHERE seq = ?", seen.Rows).Scan(ctx, &hash))
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return none, err
		}
		if same = hash == seen.Head; !same {
			return identity.NothingHappened, nil
		}
		mac, err := t.keys.MAC(marked(end.last.Seq, end.last.Hash))
		if err != nil {
			return none, err
		}
		_, err = x.(*act).change().db.NewInsert().Model(&headRow{ID: 1, Seq: end.last.Seq, Hash: end.last.Hash, MAC: mac}).
			On("CONFLICT (id) DO UPDATE").Set("seq = excluded.seq").Set("hash = excluded.hash").Set("mac = excluded.mac").Exec(ctx)
		return e, err
	})
	return same && err == nil, err
}
