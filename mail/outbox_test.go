package mail

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	gomail "github.com/wneessen/go-mail"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// row is one message of the fake outbox.
type row struct {
	Message
	state  string // queued, sent, failed, expired
	due    time.Time
	reason string
	site   bool
}

// outbox is an Outbox in memory.
type outbox struct {
	mu    sync.Mutex
	rows  []*row
	fault error // what ClaimMail answers
	looks chan struct{}
	still bool // nothing is rescued: a message of a test may be due later
}

func (o *outbox) add(ms ...Message) *outbox {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, m := range ms {
		if m.ID == "" {
			m.ID = fmt.Sprintf("m%d", len(o.rows)+1)
		}
		o.rows = append(o.rows, &row{Message: m, state: "queued", due: m.Created})
	}
	return o
}

func (o *outbox) get(id string) row {
	o.mu.Lock()
	defer o.mu.Unlock()
	return *o.find(id)
}

func (o *outbox) find(id string) *row {
	return o.rows[slices.IndexFunc(o.rows, func(r *row) bool { return r.ID == id })]
}

func (o *outbox) ClaimMail(_ context.Context, c Claim) (batch []Message, err error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.looks != nil {
		o.looks <- struct{}{}
	}
	for _, r := range o.rows {
		if r.state == "queued" && laneOf(r.Template) == c.Lane && !r.due.After(c.Now) && len(batch) < c.N && o.fault == nil {
			r.due = c.Now.Add(c.Lease)
			batch = append(batch, r.Message)
		}
	}
	return batch, o.fault
}

func laneOf(template string) Lane {
	switch template {
	case CodeTemplate:
		return Codes
	case reminderTemplate, restoredTemplate:
		return Bulk
	}
	return Letters
}

func (o *outbox) MailLater(_ context.Context, until time.Time, ids ...string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, id := range ids {
		o.find(id).due = until
	}
	return nil
}

func (o *outbox) RescueMail(_ context.Context, now time.Time, waits []time.Duration) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, r := range o.rows {
		if longest := waits[max(0, min(r.Attempts, len(waits))-1)]; r.due.After(now.Add(longest)) && !o.still {
			r.due = now
		}
	}
	return o.fault
}

func (o *outbox) end(ctx context.Context, id, state string) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.find(id)
	r.state, r.Data = state, nil
	return ctx.Err()
}

func (o *outbox) MailSent(ctx context.Context, id string, _ time.Time) error {
	return o.end(ctx, id, "sent")
}

func (o *outbox) MailExpired(ctx context.Context, id string, _ time.Time) error {
	return o.end(ctx, id, "expired")
}

func (o *outbox) MailFailed(ctx context.Context, id string, f Failure) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	r := o.find(id)
	if f.Final {
		r.state = "failed"
	}
	if f.Final && !f.Keep {
		r.Data = nil
	}
	r.Attempts++
	r.due, r.reason, r.site = f.Next, f.Reason, f.Site
	return ctx.Err()
}

// carrier is a Transport that keeps what it is given, or does what send says.
type carrier struct {
	mu   sync.Mutex
	got  []string // Message-IDs
	send func(ctx context.Context, m *gomail.Msg) error
}

func (c *carrier) Send(ctx context.Context, m *gomail.Msg) error {
	if c.send != nil {
		if err := c.send(ctx, m); err != nil {
			return err
		}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.got = append(c.got, m.GetMessageID())
	return nil
}

func (c *carrier) Check(context.Context, string) (string, error) { return "", nil }

// clock is a time that moves only when told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) add(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

func newRenderer(t testing.TB) *Renderer {
	t.Helper()
	r, err := NewRenderer(RenderOptions{Brand: "Nightlatch", URL: "https://id.example.com:8443/"})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// code is a queued code message.
func code() Message {
	return Message{Template: "code", To: "ada@example.com", Created: noon, Expires: noon.Add(5 * time.Minute),
		Data: map[string]string{"code": "042137", "purpose": "sign in"}}
}

// notice is a queued message that does not expire.
func notice() Message {
	return Message{Template: "password-changed", To: "ada@example.com", Created: noon}
}
