package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/login"
)

// verified is how many rows VerifyEvents holds at once.
const verified = 1000

// overlap is how long servers of an older version may go on beside those of
// this one, which is when rows without a head are no surprise.
const overlap = stamp(24 * time.Hour / time.Microsecond)

// walk is how far VerifyEvents came.
type walk struct {
	accounts.AuditState
	last  eventRow
	kept  string
	found bool   // the kept head was met
	begun stamp  // when the head was first kept; 0 from the first row on
	odd   string // what the log says about itself since the kept head
}

// VerifyEvents walks the chain: each row must have the number after the one
// before, and the hash that follows from it and its own words. Then it holds the
// end of the log against the head. It may run while events are written.
func (s *Store) VerifyEvents(ctx context.Context, kept string) (accounts.AuditState, error) {
	w := walk{kept: kept, found: kept == ""}
	for {
		n, err := s.walkOn(ctx, &w)
		if err != nil || w.Broken > 0 {
			return w.AuditState, err
		}
		if n > 0 {
			continue
		}
		head, err := s.head(ctx)
		if err != nil && !errors.Is(err, login.ErrNotFound) {
			return w.AuditState, err
		}
		if err == nil && head.Seq > w.last.Seq { // written since the last page, or cut
			if n, err := s.walkOn(ctx, &w); err != nil || n > 0 {
				if err != nil || w.Broken > 0 {
					return w.AuditState, err
				}
				continue
			}
		}
		w.Head = w.last.Hash
		w.Fault, err = s.judgeHead(ctx, w, head, err != nil)
		return w.AuditState, err
	}
}

// walkOn takes the next page of rows and says how many there were.
func (s *Store) walkOn(ctx context.Context, w *walk) (int, error) {
	var page []eventRow
	err := s.reader.NewSelect().Model(&page).Where("seq > ?", w.last.Seq).Order("seq").Limit(verified).Scan(ctx)
	if err != nil {
		return 0, err
	}
	for _, r := range page {
		if r.Seq != w.last.Seq+1 || r.Hash != r.chained(w.last.Hash) {
			w.Broken = r.Seq
			return len(page), nil
		}
		w.Rows++
		w.note(r)
		w.last = r
	}
	return len(page), nil
}

// note keeps what the log says about itself.
func (w *walk) note(r eventRow) {
	switch {
	case r.Kind == auditBegun && w.begun == 0 && w.odd == "":
		w.begun = r.At
	case r.Kind == auditBegun:
		w.odd = fmt.Sprintf("row %d says that the head was begun anew: it was taken out of the database, or a migration was taken back", r.Seq)
	case r.Kind == auditUnsealed && (w.begun == 0 || r.At > w.begun+overlap):
		w.odd = fmt.Sprintf("row %d says it: %s", r.Seq, r.Detail)
	}
	if r.Hash == w.kept {
		w.found, w.odd = true, ""
	}
}

func (s *Store) head(ctx context.Context) (h headRow, err error) {
	err = s.reader.NewSelect().Model(&h).Where("id = 1").Scan(ctx)
	return h, missing(err)
}

// judgeHead says in a sentence what is wrong at the end of a log whose chain is
// whole; empty for nothing.
func (s *Store) judgeHead(ctx context.Context, w walk, head headRow, none bool) (string, error) {
	var named eventRow // the row that the head names
	if !none && head.Seq > 0 {
		err := s.reader.NewSelect().Model(&named).Column("seq", "hash").Where("seq = ?", head.Seq).Scan(ctx)
		if err := missing(err); err != nil && !errors.Is(err, login.ErrNotFound) {
			return "", err
		}
	}
	switch {
	case !w.found:
		return "the head that was kept is not in the log: rows were cut off, or the log was written anew", nil
	case none:
		return "the head of the log is gone from the database: somebody took it out", nil
	case s.keys.CheckMAC(head.MAC, marked(head.Seq, head.Hash)) != nil:
		return "the head of the log was not written with the keys of this site", nil
	case named.Hash != head.Hash:
		return fmt.Sprintf("the log does not end as it was written: it has %d rows, and its head names row %d, which was cut off or written anew", w.Rows, head.Seq), nil
	case head.Seq < w.last.Seq:
		return fmt.Sprintf("rows %d to %d were added without the keys of this site", head.Seq+1, w.last.Seq), nil
	}
	return w.odd, nil
}
