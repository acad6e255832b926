package store

import (
	"context"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/mail"
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
	if page.FaultSince, page.Fault, err = s.MailFault(ctx); err != nil {
		return page, err
	}
	for status, n := range map[string]*int{mailQueued: &page.Queued, mailFailed: &page.Failed} {
		if *n, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM outbox WHERE status = ? LIMIT ?) AS x", status, mailCap)); err != nil {
			return page, err
		}
	}
	return page, nil
}

// mailFault is the setting that holds when and why the mail server began to
// refuse this site; a mail that it takes ends it.
const mailFault = "mail.fault"

// MailFault tells since when the mail server refuses this site, and its words;
// the zero time when it does not.
func (s *Store) MailFault(ctx context.Context) (since time.Time, words string, err error) {
	value, err := s.Setting(ctx, mailFault)
	if err != nil || value == "" {
		return since, "", err
	}
	when, words, _ := strings.Cut(value, " ")
	n, err := strconv.ParseInt(when, 10, 64)
	return stamp(n).Time(), words, err
}

// RetryMail queues a mail anew. One that is due within a lease may be on its
// way already, and is left as it is.
func (x *act) RetryMail(ctx context.Context, id string, now time.Time) (bool, error) {
	t := x.quietly()
	_, err := t.db.NewRaw("UPDATE outbox SET status = ?, attempts = 0, created_at = ?, next_at = ?"+
		" WHERE id = ? AND data IS NOT NULL AND (expires_at = 0 OR expires_at > ?) AND (status = ? OR status = ? AND next_at > ?)",
		mailQueued, at(now), at(now), id, at(now), mailFailed, mailQueued, at(now.Add(mail.Lease))).Exec(ctx)
	if err != nil {
		return false, err
	}
	var r mailRow
	err = missing(t.db.NewSelect().Model(&r).Column("status").Where("id = ?", id).Scan(ctx))
	t.posted = r.Status == mailQueued
	return t.posted, err
}
