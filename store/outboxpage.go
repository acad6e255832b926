package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/login"
)

// mailCap is how far mails of a state are counted for the page.
const mailCap = 10_000

// Outbox reads a page of the outbox, newest first. What the mails say stays
// sealed.
func (s *Store) Outbox(ctx context.Context, f accounts.MailFilter) (page accounts.MailPage, err error) {
	var rows []mailRow
	q := s.reader.NewSelect().Model(&rows).
		Column("id", "account_id", "template", "recipient", "status", "attempts", "last_error", "created_at", "next_at", "sent_at").
		ColumnExpr("CASE WHEN data IS NULL THEN NULL ELSE ? END AS data", []byte{1}).
		Order("created_at DESC", "id DESC").Limit(int64(f.Limit) + 1)
	if f.Status != "" {
		q = q.Where("status = ?", f.Status)
	}
	if when, id, ok := strings.Cut(f.After, ","); ok {
		n, _ := strconv.ParseInt(when, 10, 64)
		q = q.Where("(created_at, id) < (?, ?)", n, id)
	}
	if err := q.Scan(ctx); err != nil {
		return page, err
	}
	if len(rows) > f.Limit {
		rows = rows[:f.Limit]
		last := rows[f.Limit-1]
		page.Next = strconv.FormatInt(int64(last.CreatedAt), 10) + "," + last.ID
	}
	for _, r := range rows {
		page.Mails = append(page.Mails, accounts.MailState{ID: r.ID, AccountID: r.AccountID, Template: r.Template, To: r.Recipient,
			Status: r.Status, LastError: r.LastError, Attempts: r.Attempts, Created: r.CreatedAt.Time(), Next: r.NextAt.Time(),
			Sent: r.SentAt.Time(), Wiped: r.Data == nil})
	}
	for status, n := range map[string]*int{mailQueued: &page.Queued, mailFailed: &page.Failed} {
		if *n, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE status = ? LIMIT ?) AS x", status, mailCap)); err != nil {
			return page, err
		}
	}
	return page, nil
}

// RetryMail queues a mail anew.
func (s *Store) RetryMail(ctx context.Context, id string, now time.Time) (bool, error) {
	ok, err := changed(s.writer.NewRaw("UPDATE outbox SET status = ?, attempts = 0, created_at = ?, next_at = ?"+
		" WHERE id = ? AND data IS NOT NULL AND status <> ?", mailQueued, at(now), at(now), id, mailSent).Exec(ctx))
	if err != nil || ok {
		return ok, err
	}
	found, err := s.reader.NewSelect().Table("outbox").Where("id = ?", id).Exists(ctx)
	if err == nil && !found {
		err = login.ErrNotFound
	}
	return false, err
}
