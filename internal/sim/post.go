package sim

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"time"

	gomail "github.com/wneessen/go-mail"

	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/mail"
)

// Post is the mail server and all mailboxes behind it.
type Post struct {
	w *World
	// Mode is how it takes what comes; empty is as it should.
	Mode    PostMode
	boxes   map[string][]sitetest.Letter
	late    []sitetest.Letter // taken, and not delivered yet
	Taken   int               // messages that it took
	Seen    int               // messages that were brought to it
	ids     map[string]taken  // those, by the ids of their rows
	refused map[string]bool   // mails that it refused for good, by the same
	fresh   []sitetest.Letter // those that no rule has looked at
}

// taken is a mail that was taken, and when.
type taken struct {
	sitetest.Letter
	at time.Time
	of string // id of the account that it is about
}

// PostMode is how a mail server is out of order.
type PostMode string

// How a mail server may behave.
const (
	PostWorks   PostMode = ""
	PostDefers  PostMode = "refuses for now"
	PostRefuses PostMode = "refuses for good"
	PostDrops   PostMode = "takes it and drops the line"
	PostTwice   PostMode = "delivers twice"
	PostLate    PostMode = "takes it and delivers later"
)

// carrier takes mail from one process, for as long as it lives.
type carrier struct {
	post *Post
	gate *Gate
}

// Send hands a message over.
func (c carrier) Send(_ context.Context, m *gomail.Msg) error {
	if c.gate.Dead() {
		return errEnded
	}
	return c.post.take(m)
}

// Check says that all is well.
func (c carrier) Check(context.Context, string) (string, error) { return "", nil }

// take takes a message, or not.
func (p *Post) take(m *gomail.Msg) error {
	p.Seen++
	switch p.Mode {
	case PostDefers:
		return fmt.Errorf("451 4.3.0 try again later")
	case PostRefuses:
		id, _, _ := strings.Cut(strings.Trim(m.GetMessageID(), "<>"), "@")
		p.refused[rowID(id)] = true
		return fmt.Errorf("%w: 550 5.1.1 no such mailbox", mail.ErrRefused)
	}
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		return err
	}
	l := (&sitetest.Site{T: p.w.t}).ReadLetter(raw.Bytes())
	p.Taken++
	p.ids[messageID(l)] = taken{l, p.w.Clock.Real(), p.w.accountOf(l)}
	p.w.mailTaken(messageID(l), l.Text)
	p.fresh = append(p.fresh, l)
	switch p.Mode {
	case PostLate:
		p.late = append(p.late, l)
		return nil
	case PostTwice:
		p.deliver(l)
	}
	p.deliver(l)
	if p.Mode == PostDrops {
		return fmt.Errorf("the line was dropped")
	}
	return nil
}

func (p *Post) deliver(l sitetest.Letter) {
	to := strings.ToLower(l.To)
	p.boxes[to] = append(p.boxes[to], l)
	p.w.Trace.Say("      mail to %s: %s", l.To, l.Subject)
	p.w.Ledger.mailed(l)
}

// Deliver brings what was taken and kept back, the last first.
func (p *Post) Deliver() {
	for i := len(p.late) - 1; i >= 0; i-- {
		p.deliver(p.late[i])
	}
	p.late = nil
}

// Letters are the mails of an address, oldest first.
func (p *Post) Letters(address string) []sitetest.Letter { return p.boxes[strings.ToLower(address)] }

// Newest is the newest mail of an address that has what is asked for.
func (p *Post) Newest(address string, has func(sitetest.Letter) bool) (sitetest.Letter, bool) {
	list := p.Letters(address)
	for i := len(list) - 1; i >= 0; i-- {
		if has(list[i]) {
			return list[i], true
		}
	}
	return sitetest.Letter{}, false
}
