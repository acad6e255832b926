package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
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
	last   eventRow
	kept   string
	found  bool               // the kept head was met
	first  stamp              // time of row 1
	since  eventRow           // where the head begins; none from the first row on
	oldest stamp              // the earliest time of any row
	older  stamp              // until when rows without a head are no surprise
	odd    string             // what the log says about itself since the kept head
	before identity.EventKind // kind of the row before
}

// VerifyEvents checks the chain: each row must have the next number, and the
// hash that follows from its own content and the row before. Then it checks the
// end of the log against the head. Events may be written meanwhile.
func (s *Store) VerifyEvents(ctx context.Context, kept string) (accounts.AuditState, error) {
	_ = s.chain(ctx) // what waits; where that cannot be, it is said
	w := walk{kept: kept, found: kept == ""}
	var err error
	if w.Waiting, err = s.Unchained(ctx); err != nil {
		return w.AuditState, err
	}
	for {
		n, err := s.walkOn(ctx, &w)
		if err == nil && n > 0 && w.Broken == 0 {
			continue
		}
		e, err2 := s.ending(ctx)
		if err := errors.Join(err, err2); err != nil {
			return w.AuditState, err
		}
		if w.Broken == 0 && e.Seq > w.last.Seq { // written since the last page, or cut
			if n, err := s.walkOn(ctx, &w); err != nil || n > 0 && w.Broken == 0 {
				if err != nil {
					return w.AuditState, err
				}
				continue
			}
		}
		if w.Broken > 0 {
			w.Head = e.Newest
			return w.AuditState, nil
		}
		return s.judge(ctx, w, e)
	}
}

// judge says what a log is worth whose chain is whole.
func (s *Store) judge(ctx context.Context, w walk, e ending) (accounts.AuditState, error) {
	e.Top = w.last.Seq // what came since is for the next time
	w.Head, w.Since, w.Fault = w.last.Hash, w.says(), s.faultOf(e)
	if !w.found {
		w.Fault = "the head that was kept is not in the log: rows were cut off, or the log was written anew"
	}
	if w.Fault != "" || w.kept != "" || w.since.Kind == auditAccepted {
		w.Fault = either(w.Fault, w.odd)
		return w.AuditState, nil
	}
	first, err := s.before(ctx, w)
	switch {
	case first > 0 && w.Rows == 0:
		w.Fault = "the log is empty, but there are accounts, the first of " + on(first)
	case first > 0:
		w.Fault = fmt.Sprintf("the log begins at %s, but accounts are older, the first of %s: what came before was taken out", on(w.oldest), on(first))
	default:
		w.Fault = w.odd
	}
	return w.AuditState, err
}

// before is when the first account was made that is older than everything in the
// log, although the making of an account is always in it; 0 when there is none.
func (s *Store) before(ctx context.Context, w walk) (first stamp, err error) {
	limit := w.oldest - stamp(login.ClockSlack/time.Microsecond)
	if w.Rows == 0 {
		limit = math.MaxInt64
	}
	err = s.reader.NewRaw("SELECT coalesce(min(created_at), 0) FROM accounts WHERE created_at > 0 AND created_at < ?", limit).Scan(ctx, &first)
	return first, err
}

func either(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

func on(t stamp) string { return t.Time().Format("2 January 2006, 15:04 UTC") }

// says tells since when the head vouches for the log.
func (w *walk) says() string {
	x := w.since
	switch {
	case w.Rows == 0:
		return "the log is empty"
	case x.Kind == auditAccepted:
		return fmt.Sprintf("the head is kept under the keys since row %d, %s, where what was found before was accepted (%s): %s", x.Seq, on(x.At), x.Reason, x.Detail)
	case x.Seq > 1:
		return fmt.Sprintf("the head is kept under the keys since row %d, %s; rows 1 to %d are from before, and have only the chain: it was a database of an older version", x.Seq, on(x.At), x.Seq-1)
	}
	return "the head is kept under the keys since row 1, " + on(w.first)
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
	if w.Rows == 1 {
		w.first, w.oldest = r.At, r.At
	}
	w.oldest = min(w.oldest, r.At)
	switch {
	case r.Kind == keysAccepted:
		w.odd = fmt.Sprintf("row %d says that new keys were accepted in the place of lost ones: nothing but the chain holds what comes before it", r.Seq)
	case r.Kind == auditBegun && w.before == keysAccepted:
		w.since, w.older = r, 0
	case r.Kind == auditAccepted:
		w.since, w.odd, w.older = r, "", 0
	case r.Kind == auditBegun && r.Seq == 1:
		w.since, w.odd = r, "row 1 says that the log was empty when its head was begun, "+on(r.At)+", though there were accounts: it was emptied"
	case r.Kind == auditBegun && w.since.Seq == 0 && w.odd == "":
		w.since, w.older = r, r.At+overlap
	case r.Kind == auditBegun:
		w.odd = fmt.Sprintf("row %d says that the head was begun anew, %s: it was taken out of the database", r.Seq, on(r.At))
	case r.Kind == auditUnsealed && r.At > w.older:
		w.odd = fmt.Sprintf("row %d says it: %s", r.Seq, r.Detail)
	}
	w.before = r.Kind
	if r.Hash == w.kept {
		w.found, w.odd = true, ""
	}
}
