package mail

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"
	"unicode"
)

// Patience is how long a message is tried before it is given up.
const Patience = 3 * 24 * time.Hour

// waits are the pauses after the first, second … failure; the last one repeats.
var waits = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour}

// deliver sends a batch side by side, so that one slow answer holds up nobody.
func (w *Worker) deliver(ctx context.Context, batch []Message) (sent int, err error) {
	var (
		wg   sync.WaitGroup
		mu   sync.Mutex
		errs []error
	)
	for _, m := range batch {
		wg.Go(func() {
			ok, err := w.handle(ctx, m)
			mu.Lock()
			defer mu.Unlock()
			if ok {
				sent++
			}
			errs = append(errs, err)
		})
	}
	wg.Wait()
	return sent, errors.Join(errs...)
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
		text := reason(sendErr, m.Data)
		next, final := retry(m, now, sendErr)
		log.Warn("mail not sent", "error", text, "final", final, "next", next)
		err = w.Outbox.MailFailed(ctx, m.ID, now, next, text, final)
	}
	if err != nil {
		log.Error("mail state not saved", "error", err)
		return sendErr == nil && !expired, fmt.Errorf("save state of mail: %w", err)
	}
	return sendErr == nil && !expired, nil
}

// send renders and carries one message. When ctx ends, the transport gets
// Grace to finish what it began. A panic is this message's failure only.
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
	stop := context.AfterFunc(ctx, func() { time.AfterFunc(Grace, cancel) })
	defer stop()
	return w.Transport.Send(sending, msg)
}

// retry says when to try again, and whether not to. A message that expires
// before that is due when it expires, so that it is wiped then.
func retry(m Message, now time.Time, err error) (next time.Time, final bool) {
	next = now.Add(waits[max(0, min(m.Attempts, len(waits)-1))])
	if !m.Expires.IsZero() && next.After(m.Expires) {
		next = m.Expires
	}
	tooOld := !m.Created.IsZero() && next.After(m.Created.Add(Patience))
	return next, tooOld || errors.Is(err, ErrRefused)
}

// reason is the error as the admin may read it: the server's own words on one
// line, at most 500 characters, without the code or link that it may quote.
func reason(err error, data map[string]string) string {
	text := strings.TrimPrefix(err.Error(), ErrRefused.Error()+": ")
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

// clip cuts text to at most n characters.
func clip(text string, n int) string {
	for i := range text {
		if n == 0 {
			return text[:i]
		}
		n--
	}
	return text
}
