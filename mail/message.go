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
	Created  time.Time         // becomes the Date, and the start of Patience
	Expires  time.Time         // not sent from then on; zero means never
	Attempts int               // tries before this one
}

// expired says whether the message is no longer of use.
func (m Message) expired(now time.Time) bool {
	return !m.Expires.IsZero() && !now.Before(m.Expires)
}

// Lane is a queue with senders of its own, so that a mail to everybody does not
// delay a code that somebody waits for.
type Lane int

// The lanes. A message is in the lane of its template.
const (
	Codes   Lane = iota // codes, which live for minutes
	Letters             // links and notices to one person
	Bulk                // mail to everybody at once: reminders, and notices about a restored backup
)

// Lanes are all lanes, the quickest first.
func Lanes() []Lane { return []Lane{Codes, Letters, Bulk} }

// The templates that are not in Letters.
const (
	CodeTemplate     = "code"
	reminderTemplate = "policy-reminder"
	restoredTemplate = "restored"
)

// Claim asks for up to N messages of a lane that are due at Now, and hides
// them for Lease, so that two processes do not send one message twice.
type Claim struct {
	Lane  Lane
	Now   time.Time
	Lease time.Duration
	N     int
}

// Failure is an attempt that did not deliver the message.
type Failure struct {
	Now    time.Time
	Next   time.Time // when it is tried again; not used when Final
	Reason string    // the server's own words
	Final  bool      // it is not tried again by itself
	Keep   bool      // when Final: its data is kept, so that an admin can send it again
	Site   bool      // the server refuses this site, not this recipient
}

// Outbox is what the worker needs of the store. Each method is one transaction.
type Outbox interface {
	// ClaimMail gives messages that are due. A code that was replaced or cancelled,
	// or whose sign-in has ended, is never given out.
	ClaimMail(ctx context.Context, c Claim) ([]Message, error)
	// MailSent marks the message as sent and wipes its data.
	MailSent(ctx context.Context, id string, now time.Time) error
	// MailFailed counts the try.
	MailFailed(ctx context.Context, id string, f Failure) error
	// MailExpired marks the message as too late and wipes its data.
	MailExpired(ctx context.Context, id string, now time.Time) error
	// MailLater gives claimed messages back untried; they are due at until.
	MailLater(ctx context.Context, until time.Time, ids ...string) error
	// RescueMail makes messages due that wait longer than any pause lasts,
	// which happens when the clock was ahead and went back. waits are the
	// longest pauses after the first try, the second and so on.
	RescueMail(ctx context.Context, now time.Time, waits []time.Duration) error
}

// Transport carries one message. It is safe for concurrent use.
type Transport interface {
	// Send returns nil only when the other side has taken the message. Its
	// errors wrap ErrRefused when the recipient is refused for good, and
	// errSite when the trouble is with this site or its mail server.
	Send(ctx context.Context, m *gomail.Msg) error
	// Check says whether a message from this sender could be sent now, without
	// sending one. remark is something that an admin should know although
	// mail can be sent; empty for nothing.
	Check(ctx context.Context, from string) (remark string, err error)
}
