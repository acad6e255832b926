package store

import (
	"context"
	"encoding/json"
	"time"

	"github.com/uptrace/bun"

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
func (t *tx) Post(ctx context.Context, ms ...login.Mail) error {
	for _, m := range ms {
		id := login.NewID()
		text, err := json.Marshal(m.Data)
		if err != nil {
			return err
		}
		data, err := t.keys.Seal(text, mailSeal(id))
		if err != nil {
			return err
		}
		_, err = t.db.NewInsert().Model(&mailRow{ID: id, AccountID: m.AccountID, Template: m.Template, Recipient: m.To,
			Data: data, Status: mailQueued, CreatedAt: at(m.Created), NextAt: at(m.Created), ExpiresAt: at(m.Expires)}).Exec(ctx)
		if err != nil {
			return err
		}
	}
	return nil
}

// unreadableWait is when a mail that does not open is looked at again.
const unreadableWait = 5 * time.Minute

// ClaimMail gives mails that are due and hides them for the lease. One that does
// not open waits: the right keys may come back. With keys that are not the
// site's it claims nothing, so that a server that has the right ones sends them.
func (s *Store) ClaimMail(ctx context.Context, now time.Time, lease time.Duration, n int) (list []mail.Message, err error) {
	for {
		due := s.reader.NewSelect().Table("outbox").Where("status = ? AND next_at <= ?", mailQueued, at(now))
		if found, err := due.Exists(ctx); err != nil || !found { // most of the time: no write
			return nil, err
		}
		if err := s.keys.fit(); err != nil {
			return nil, err
		}
		list, claimed, err := s.claim(ctx, now, lease, n)
		if err != nil || len(list) > 0 || claimed == 0 {
			return list, err
		}
	}
}

// claim gives those of the mails it claimed that open.
func (s *Store) claim(ctx context.Context, now time.Time, lease time.Duration, n int) (list []mail.Message, claimed int, err error) {
	skip := ""
	if s.pg {
		skip = " FOR UPDATE SKIP LOCKED"
	}
	var rows []mailRow
	err = s.writer.NewRaw("UPDATE outbox SET next_at = ? WHERE id IN (SELECT id FROM outbox WHERE status = ? AND next_at <= ?"+
		" ORDER BY next_at, created_at LIMIT ?"+skip+") RETURNING *", at(now.Add(lease)), mailQueued, at(now), n).Scan(ctx, &rows)
	if err != nil {
		return nil, 0, err
	}
	for _, r := range rows {
		m := mail.Message{ID: r.ID, Template: r.Template, To: r.Recipient, Created: r.CreatedAt.Time(),
			Expires: r.ExpiresAt.Time(), Attempts: r.Attempts}
		text, err := s.keys.Open(r.Data, mailSeal(r.ID))
		if err == nil {
			err = json.Unmarshal(text, &m.Data)
		}
		if err != nil {
			if err := s.shutMail(ctx, r, now); err != nil {
				return nil, 0, err
			}
			continue
		}
		list = append(list, m)
	}
	return list, len(rows), nil
}

// shutMail keeps a mail that does not open, and says so where admins look.
func (s *Store) shutMail(ctx context.Context, r mailRow, now time.Time) error {
	if r.ExpiresAt != 0 && r.ExpiresAt <= at(now) {
		return s.endMail(ctx, r.ID, mailExpired, "", time.Time{})
	}
	_, err := s.writer.NewRaw("UPDATE outbox SET next_at = ?, last_error = ? WHERE id = ?", at(now.Add(unreadableWait)),
		"the message does not open with this server's keys; it waits for the right key file, see nightlatch doctor", r.ID).Exec(ctx)
	return err
}

// QueuedMail counts what waits to be sent.
func (s *Store) QueuedMail(ctx context.Context) (int, error) {
	return s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM outbox WHERE status = ?", mailQueued))
}

// endMail wipes what a mail said.
func (s *Store) endMail(ctx context.Context, id, status, lastErr string, sent time.Time) error {
	_, err := s.writer.NewRaw("UPDATE outbox SET status = ?, data = NULL, last_error = ?, sent_at = ? WHERE id = ?",
		status, lastErr, at(sent), id).Exec(ctx)
	return err
}

// MailSent notes that a mail was handed over.
func (s *Store) MailSent(ctx context.Context, id string, now time.Time) error {
	return s.endMail(ctx, id, mailSent, "", now)
}

// MailExpired notes that a mail came too late to be sent.
func (s *Store) MailExpired(ctx context.Context, id string, _ time.Time) error {
	return s.endMail(ctx, id, mailExpired, "", time.Time{})
}

// MailFailed notes a try that failed, and when the next one is due.
func (s *Store) MailFailed(ctx context.Context, id string, _, next time.Time, lastErr string, final bool) error {
	if final {
		_, err := s.writer.NewRaw("UPDATE outbox SET status = ?, data = NULL, last_error = ?, attempts = attempts + 1 WHERE id = ?",
			mailFailed, lastErr, id).Exec(ctx)
		return err
	}
	_, err := s.writer.NewRaw("UPDATE outbox SET last_error = ?, attempts = attempts + 1, next_at = ? WHERE id = ?",
		lastErr, at(next), id).Exec(ctx)
	return err
}

var _ mail.Outbox = (*Store)(nil)
var _ login.Store = (*Store)(nil)
