package mail

import (
	"context"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// Message is one row of the outbox, unsealed.
type Message struct {
	ID       string            // opaque; also the first half of the Message-ID
	Template string            // one of Names
	To       string            // a bare address, one recipient
	Data     map[string]string // what the template shows; may hold a code or a link
	Created  time.Time         // becomes the Date, and the start of the three days of trying
	Expires  time.Time         // not sent from then on; zero means never
	Attempts int               // tries before this one
}

// expired says whether the message is no longer of use.
func (m Message) expired(now time.Time) bool {
	return !m.Expires.IsZero() && !now.Before(m.Expires)
}

// Outbox is what the worker needs of the store. Each method is one transaction.
type Outbox interface {
	// ClaimMail gives up to n messages that are due and hides them for the
	// lease, so that two processes do not send one message twice.
	ClaimMail(ctx context.Context, now time.Time, lease time.Duration, n int) ([]Message, error)
	// MailSent marks the message as sent and wipes its data.
	MailSent(ctx context.Context, id string, now time.Time) error
	// MailFailed counts the try and keeps lastErr, the server's own words. The
	// message is due again at next, or given up and wiped when final.
	MailFailed(ctx context.Context, id string, now, next time.Time, lastErr string, final bool) error
	// MailExpired marks the message as too late and wipes its data.
	MailExpired(ctx context.Context, id string, now time.Time) error
}

// Transport carries one message. It is safe for concurrent use.
type Transport interface {
	// Send returns nil only when the other side has taken the message, and an
	// error that wraps ErrRefused when trying again is of no use.
	Send(ctx context.Context, m *gomail.Msg) error
	// Check says whether a message could be sent now, without sending one.
	Check(ctx context.Context) error
}
