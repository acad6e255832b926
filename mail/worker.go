package mail

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	netmail "net/mail"
	"sync"
	"time"
)

const (
	// Lease is how long a claim hides a message: longer than a send can take,
	// short enough that a code outlives a crash in the middle.
	Lease = time.Minute
	// stopGrace is what a send gets to finish after the worker was told to stop.
	stopGrace = 5 * time.Second
	// skew is how far the clocks of two processes may differ. A message that
	// waits longer than it should by less than this is left alone: another
	// process may have claimed it by its own clock.
	skew = 15 * time.Second
	// recordTime is what the outbox gets to write down how a send went.
	recordTime = 5 * time.Second
)

// Options are what a Worker is made of. Log, Now and Poll may be left out.
type Options struct {
	Outbox    Outbox
	Transport Transport
	Renderer  *Renderer
	From      string           // "Name <address>"
	Log       *slog.Logger     // default: none
	Now       func() time.Time // default: time.Now
	Poll      time.Duration    // longest time between two reads of the outbox; default 2 s
	AtOnce    int              // messages of a lane that are sent at the same time; default as many as the lane has senders
}

// Worker sends what is due in the outbox.
type Worker struct {
	Options
	from   netmail.Address
	lanes  []*lane
	mu     sync.Mutex
	looked time.Time // last time the outbox answered
	fault  error     // why it did not, since then
	latest time.Time // the clock at the last look, to notice that it went back
}

// New makes a worker. It fails when something is missing or From is no address.
func New(o Options) (*Worker, error) {
	if o.Outbox == nil || o.Transport == nil || o.Renderer == nil {
		return nil, errors.New("the mail worker needs an outbox, a transport and a renderer")
	}
	from, err := netmail.ParseAddress(o.From)
	if err != nil {
		return nil, errors.New("the sender must look like NAME <user@host>")
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Poll <= 0 {
		o.Poll = 2 * time.Second
	}
	w := &Worker{Options: o, from: *from}
	for _, kind := range Lanes() {
		w.lanes = append(w.lanes, newLane(kind, cmp.Or(o.AtOnce, senders[kind])))
	}
	return w, nil
}

// Wake makes the worker look at the outbox now. It never blocks.
func (w *Worker) Wake() {
	for _, l := range w.lanes {
		l.nudge()
	}
}

// Run sends until ctx ends, and returns at most Grace and the time of one
// write later.
func (w *Worker) Run(ctx context.Context) {
	var all sync.WaitGroup
	for _, l := range w.lanes {
		all.Go(func() { w.drive(ctx, l) })
	}
	all.Wait()
}

// drive keeps one lane busy.
func (w *Worker) drive(ctx context.Context, l *lane) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		n, err := w.fill(ctx, l) // errors are logged, and the messages come back
		l.results()
		if err == nil && n > 0 {
			continue
		}
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-tick.C:
		}
	}
	l.busy.Wait()
}

// Once sends everything that is due now and returns how many messages went
// out. A message that could not be sent is not an error; an outbox that does
// not answer is.
func (w *Worker) Once(ctx context.Context) (sent int, err error) {
	for _, l := range w.lanes {
		for ctx.Err() == nil {
			n, err := w.fill(ctx, l)
			l.busy.Wait()
			more, failed := l.results()
			sent += more
			if err := errors.Join(err, failed); err != nil {
				return sent, err
			}
			if n == 0 {
				break
			}
		}
	}
	return sent, nil
}

// rescue looks, at the start and when the clock went back, for messages that
// would wait until a time that the clock had shown by mistake.
func (w *Worker) rescue(ctx context.Context, now time.Time) error {
	w.mu.Lock()
	back := w.latest.IsZero() || now.Before(w.latest.Add(-time.Second))
	w.latest = now
	w.mu.Unlock()
	if !back {
		return nil
	}
	longest := make([]time.Duration, len(waits))
	for i, wait := range waits {
		longest[i] = max(wait, Lease) + skew
	}
	return w.Outbox.RescueMail(ctx, now, longest)
}

// note remembers how the last look went; only a change is worth a log line.
func (w *Worker) note(ctx context.Context, err error) {
	if err != nil && ctx.Err() != nil {
		return // stopping
	}
	w.mu.Lock()
	before := w.fault
	w.fault = err
	if err == nil {
		w.looked = w.Now()
	} else {
		w.latest = time.Time{}
	}
	w.mu.Unlock()
	switch {
	case err != nil && before == nil:
		w.Log.Error("mail worker cannot read the outbox", "error", err)
	case err == nil && before != nil:
		w.Log.Info("mail worker reads the outbox again")
	}
}

// Ready says whether the worker has seen the outbox lately. A stalled mail
// server does not make it unready: mail waits, pages work.
func (w *Worker) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	const patience = 2 * smtpTimeout
	switch limit := patience + 3*w.Poll; {
	case w.looked.IsZero() && w.fault == nil:
		return errors.New("the mail worker has not started")
	case w.fault != nil:
		return errors.New("the mail worker cannot read the outbox")
	case w.Now().Sub(w.looked) > limit:
		return errors.New("the mail worker has not looked at the outbox for more than " + limit.String())
	}
	return nil
}
