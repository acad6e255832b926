package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"github.com/rivo/uniseg"
)

const (
	// patience is how long a message is tried while the recipient's server does
	// not take it.
	patience = 3 * 24 * time.Hour
	// Kept is how long a message that does not expire is kept: while the mail
	// server refuses this site, and after a refusal, for an admin to send it again.
	Kept = 30 * 24 * time.Hour
)

// waits are the pauses after the first, second … failure; the last one repeats.
var waits = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// codeWait is the longest pause of a code, which lives for minutes only: it
// arrives this soon after the mail server is back.
const codeWait = 10 * time.Second

// pause is how long a message waits after another failure.
func pause(m Message) time.Duration {
	wait := waits[max(0, min(m.Attempts, len(waits)-1))]
	if m.Template == CodeTemplate {
		wait = min(wait, codeWait)
	}
	return wait
}

// handle takes one message to its next state. The state is written down also
// when the worker is being stopped.
func (w *Worker) handle(ctx context.Context, m Message) (sent bool, err error) {
	log := w.Log.With("id", m.ID, "template", m.Template, "attempt", m.Attempts+1)
	expired := m.expired(w.Now())
	var sendErr error
	if !expired {
		sendErr = w.send(ctx, m)
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	now := w.Now()
	switch {
	case expired:
		log.Info("mail expired before it could be sent")
		err = w.Outbox.MailExpired(ctx, m.ID, now)
	case sendErr == nil:
		log.Info("mail sent")
		err = w.Outbox.MailSent(ctx, m.ID, now)
	default:
		f := judge(m, now, sendErr)
		log.Warn("mail not sent", "error", f.Reason, "final", f.Final, "site", f.Site, "next", f.Next)
		err = w.Outbox.MailFailed(ctx, m.ID, f)
	}
	if err != nil {
		log.Error("mail state not saved", "error", err)
		return sendErr == nil && !expired, fmt.Errorf("save state of mail: %w", err)
	}
	return sendErr == nil && !expired, nil
}

// send renders and carries one message. When ctx ends, the transport gets
// stopGrace to finish what it began. A panic is this message's failure only.
func (w *Worker) send(ctx context.Context, m Message) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the message could not be made: %v", p)
		}
	}()
	msg, err := w.Renderer.Render(m)
	if err != nil {
		return err
	}
	msg.FromMailAddress(&w.from)
	sending, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(stopGrace, cancel) })
	defer stop()
	return w.Transport.Send(sending, msg)
}

// judge decides what happens to a message that was not accepted. A message
// whose next attempt would come after it expires is due when it expires, and is
// wiped then. A code that was refused is wiped at once.
func judge(m Message, now time.Time, err error) Failure {
	f := Failure{Now: now, Next: now.Add(pause(m)), Reason: reason(err, m.Data), Keep: m.Template != CodeTemplate, Site: errors.Is(err, errSite)}
	if !m.Expires.IsZero() && f.Next.After(m.Expires) {
		f.Next = m.Expires
	}
	patience := patience
	if f.Site {
		patience = Kept
	}
	tooOld := !m.Created.IsZero() && f.Next.After(m.Created.Add(patience))
	f.Final = tooOld || errors.Is(err, ErrRefused)
	return f
}

// reason is the error as the admin may read it: the server's own words on one
// line, at most 500 characters, without the code or link that it may quote.
func reason(err error, data map[string]string) string {
	text := err.Error()
	for _, mark := range []error{ErrRefused, errSite} {
		text = strings.TrimPrefix(text, mark.Error()+": ")
	}
	for _, key := range []string{"code", "link"} {
		if secret := data[key]; secret != "" {
			text = strings.ReplaceAll(text, secret, "(hidden)")
		}
	}
	text = strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, "?"), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
	return clip(text, 500)
}

// clip cuts text to at most n characters, as people count them, of four bytes on
// average. None is cut in two.
func clip(text string, n int) string {
	rest, state, room := text, -1, 4*n
	for ; n > 0 && rest != ""; n-- {
		one, after, _, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if room -= len(one); room < 0 {
			break
		}
		rest, state = after, next
	}
	return text[:len(text)-len(rest)]
}
