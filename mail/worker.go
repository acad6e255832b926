package mail

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	netmail "net/mail"
	"sync"
	"time"
)

const (
	// Lease is how long a claim hides a message: longer than a send can take,
	// short enough that a code outlives a crash in the middle.
	Lease = time.Minute
	// Batch is how many messages are claimed, and sent, at the same time.
	Batch = 4
	// Grace is what a send gets to finish after the worker was told to stop.
	Grace = 5 * time.Second
	// recordTime is what the outbox gets to write down how a send went.
	recordTime = 5 * time.Second
)

// Options are what a Worker is made of. Log, Now and Poll may be left out.
type Options struct {
	Outbox    Outbox
	Transport Transport
	Renderer  *Renderer
	From      string           // "Name <address>"
	Log       *slog.Logger     // default: says nothing
	Now       func() time.Time // default: time.Now
	Poll      time.Duration    // longest time between two looks at the outbox; default 2 s
}

// Worker sends what is due in the outbox.
type Worker struct {
	Options
	from   netmail.Address
	wake   chan struct{}
	mu     sync.Mutex
	looked time.Time // last time the outbox answered
	fault  error     // why it did not, since then
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
	return &Worker{Options: o, from: *from, wake: make(chan struct{}, 1)}, nil
}

// Wake makes the worker look at the outbox now. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default: // one is waiting already
	}
}

// Run sends until ctx ends, and returns at most Grace and the time of one
// write later.
func (w *Worker) Run(ctx context.Context) {
	tick := time.NewTicker(w.Poll)
	defer tick.Stop()
	for ctx.Err() == nil {
		_, _ = w.Once(ctx) // its errors are logged, and the messages come back
		select {
		case <-ctx.Done():
		case <-w.wake:
		case <-tick.C:
		}
	}
}

// Once sends everything that is due now and returns how many messages went
// out. A message that could not be sent is not an error; an outbox that does
// not answer is.
func (w *Worker) Once(ctx context.Context) (sent int, err error) {
	for ctx.Err() == nil {
		batch, err := w.Outbox.ClaimMail(ctx, w.Now(), Lease, Batch)
		w.note(ctx, err)
		if err != nil {
			return sent, fmt.Errorf("claim mail: %w", err)
		}
		if len(batch) == 0 {
			return sent, nil
		}
		n, err := w.deliver(ctx, batch)
		sent += n
		if err != nil {
			return sent, err
		}
	}
	return sent, nil
}

// Ready says whether the worker has seen the outbox lately. A stalled mail
// server does not make it unready: mail waits, pages work.
func (w *Worker) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch limit := 2*Timeout + 3*w.Poll; {
	case w.looked.IsZero() && w.fault == nil:
		return errors.New("the mail worker has not started")
	case w.fault != nil:
		return errors.New("the mail worker cannot read the outbox")
	case w.Now().Sub(w.looked) > limit:
		return fmt.Errorf("the mail worker has not looked at the outbox for more than %s", limit)
	}
	return nil
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
	}
	w.mu.Unlock()
	switch {
	case err != nil && before == nil:
		w.Log.Error("mail worker cannot read the outbox", "error", err)
	case err == nil && before != nil:
		w.Log.Info("mail worker reads the outbox again")
	}
}
