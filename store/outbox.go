package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"strconv"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
)

type mailRow struct {
	bun.BaseModel `bun:"table:outbox"`
	ID            string `bun:",pk"`
	AccountID     string
	Template      string
	Recipient     string
	Data          []byte // sealed; NULL once it is sent, expired or given up
	Status        string
	Attempts      int
	LastError     string
	CreatedAt     stamp
	NextAt        stamp
	ExpiresAt     stamp
	SentAt        stamp
}

// States of a mail in the outbox.
const (
	mailQueued  = "queued"
	mailSent    = "sent"
	mailFailed  = "failed"
	mailExpired = "expired"
)

func mailSeal(id string) string { return "outbox/" + id }

// Post puts mails into the outbox, sealed.
func (t *tx) Post(ctx context.Context, ms ...identity.Mail) error {
	t.posted = t.posted || len(ms) > 0
	for _, m := range ms {
		id := cmp.Or(m.ID, identity.NewID())
		text, err := json.Marshal(m.Data)
		if err != nil {
			return err
		}
		data, err := t.keys.Seal(text, mailSeal(id))
		if err != nil {
			return err
		}
		_, err = t.db.NewInsert().Model(&mailRow{ID: id, AccountID: m.AccountID, Template: string(m.Template), Recipient: m.To,
			Data: data, Status: mailQueued, CreatedAt: at(m.Created), NextAt: at(m.Created), ExpiresAt: at(m.Expires)}).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// MailState is how far a mail has come; "" when there is none of that id.
func (q query) MailState(ctx context.Context, id string) (identity.MailState, error) {
	var r mailRow
	err := q.db.NewSelect().Model(&r).Column("status", "attempts").Where("id = ?", id).Scan(ctx)
	if errors.Is(missing(err), identity.ErrNotFound) {
		return identity.MailState{}, nil
	}
	return identity.MailState{Sent: r.Status == mailSent, Refused: r.Status == mailFailed, Tried: r.Attempts > 0,
		Expired: r.Status == mailExpired}, err
}

// endMail wipes what a mail said.
func (s *Store) endMail(ctx context.Context, id, status, lastErr string, sent time.Time) error {
	_, err := s.writer.NewRaw("UPDATE outbox SET status = ?, data = NULL, last_error = ?, sent_at = ? WHERE id = ?",
		status, lastErr, at(sent), id).Exec(ctx)
	return err
}

// MailSent notes that a mail was handed over.
func (s *Store) MailSent(ctx context.Context, id string, now time.Time) error {
	if err := s.endMail(ctx, id, mailSent, "", now); err != nil {
		return err
	}
	_, err := s.writer.NewRaw("DELETE FROM settings WHERE key = ?", mailFault).Exec(ctx)
	return err
}

// MailExpired notes that a mail came too late to be sent.
func (s *Store) MailExpired(ctx context.Context, id string, _ time.Time) error {
	return s.endMail(ctx, id, mailExpired, "", time.Time{})
}

// MailFailed notes a try that failed, and when the next one is due.
func (s *Store) MailFailed(ctx context.Context, id string, f mail.Failure) error {
	if f.Site {
		_, err := s.writer.NewRaw("INSERT INTO settings (key, value) VALUES (?, ?) ON CONFLICT (key) DO NOTHING",
			mailFault, strconv.FormatInt(int64(at(f.Now)), 10)+" "+f.Reason).Exec(ctx)
		if err != nil {
			return err
		}
	}
	if !f.Final {
		_, err := s.writer.NewRaw("UPDATE outbox SET last_error = ?, attempts = attempts + 1, next_at = ? WHERE id = ?",
			f.Reason, at(f.Next), id).Exec(ctx)
		return err
	}
	data := ", data = NULL"
	if f.Keep {
		data = ", expires_at = CASE WHEN expires_at > 0 THEN expires_at ELSE " + strconv.FormatInt(int64(at(f.Now.Add(mail.Kept))), 10) + " END"
	}
	_, err := s.writer.NewRaw("UPDATE outbox SET status = ?, last_error = ?, attempts = attempts + 1"+data+" WHERE id = ?",
		mailFailed, f.Reason, id).Exec(ctx)
	return err
}

var _ mail.Outbox = (*Store)(nil)
var _ login.Store = (*Store)(nil)
