package mail

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// senders are how many messages a lane sends at the same time. Together they
// stay below what mail servers allow one client (Postfix 50, Exim 20).
var senders = map[Lane]int{Codes: 10, Letters: 5, Bulk: 3}

// quickTime is how long a send may take before the recipient's domain counts as
// slow.
const quickTime = time.Second

// parcel is a claimed message on its way.
type parcel struct {
	Message
	domain  string
	claimed time.Time // by the real clock: see stale
}

// stale says that so much of the lease is gone that another process might take
// the message while it is being sent.
func (p parcel) stale() bool { return time.Since(p.claimed) > Lease-smtpTimeout-2*recordTime }

// lane is one queue with its senders. A domain that is slow, or not known yet,
// gets only some of them. Further messages to it are parked for a moment, and
// given back to the outbox when there is no room to park more.
type lane struct {
	kind Lane
	size int
	wake chan struct{}
	busy sync.WaitGroup // sending and parked

	mu      sync.Mutex
	running int
	parked  []parcel
	domains map[string]*domain
	sent    int
	errs    []error
}

func newLane(kind Lane, size int) *lane {
	return &lane{kind: kind, size: size, wake: make(chan struct{}, 1), domains: map[string]*domain{}}
}

func (l *lane) nudge() {
	select {
	case l.wake <- struct{}{}:
	default: // one is waiting already
	}
}

// results returns how many messages were sent since the last call, and the
// first error of the outbox.
func (l *lane) results() (sent int, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	sent, err = l.sent, errors.Join(l.errs...)
	l.sent, l.errs = 0, nil
	return sent, err
}

// fill claims as many messages as the lane has room for, and returns how many
// it got.
func (w *Worker) fill(ctx context.Context, l *lane) (claimed int, err error) {
	l.mu.Lock()
	room := l.room()
	l.mu.Unlock()
	if room <= 0 {
		return 0, nil
	}
	now := w.Now()
	batch, err := []Message(nil), w.rescue(ctx, now)
	if err == nil {
		batch, err = w.Outbox.ClaimMail(ctx, Claim{Lane: l.kind, Now: now, Lease: Lease, N: room})
	}
	w.note(ctx, err)
	if err != nil {
		return 0, fmt.Errorf("claim mail: %w", err)
	}
	for _, m := range batch {
		l.busy.Add(1)
		w.start(ctx, l, parcel{Message: m, domain: domainOf(m.To), claimed: time.Now()})
	}
	return len(batch), nil
}

// start sends a message if there is a sender left for its domain, else parks
// it, else gives it back.
func (w *Worker) start(ctx context.Context, l *lane, p parcel) {
	l.mu.Lock()
	s := l.domain(p.domain)
	begun := l.begin(s)
	wait := time.Duration(0)
	switch {
	case begun:
	case len(l.parked) < 2*l.size:
		l.parked = append(l.parked, p)
	default:
		wait = s.putOff(l)
	}
	l.mu.Unlock()
	switch {
	case begun:
		go w.carry(ctx, l, p)
	case wait > 0:
		w.giveBack(ctx, l, p, wait)
	}
}

// carry handles one message and then what was parked behind it.
func (w *Worker) carry(ctx context.Context, l *lane, p parcel) {
	begin := time.Now()
	ok, err := w.handle(ctx, p.Message)
	l.mu.Lock()
	if l.errs = append(l.errs, err); ok {
		l.sent++
	}
	l.end(p.domain, time.Since(begin) < quickTime)
	next := l.unpark()
	l.mu.Unlock()
	for _, p := range next {
		go w.carry(ctx, l, p)
	}
	w.dropStale(ctx, l)
	l.busy.Done()
	l.nudge()
}

// dropStale gives back what was parked for too long.
func (w *Worker) dropStale(ctx context.Context, l *lane) {
	l.mu.Lock()
	var kept, old []parcel
	for _, p := range l.parked {
		if p.stale() || ctx.Err() != nil {
			old = append(old, p)
		} else {
			kept = append(kept, p)
		}
	}
	l.parked = kept
	l.mu.Unlock()
	for _, p := range old {
		w.giveBack(ctx, l, p, time.Millisecond)
	}
}

// giveBack returns a message to the outbox untried.
func (w *Worker) giveBack(ctx context.Context, l *lane, p parcel, wait time.Duration) {
	defer l.busy.Done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), recordTime)
	defer cancel()
	if err := w.Outbox.MailLater(ctx, w.Now().Add(wait), p.ID); err != nil {
		w.Log.Error("mail not given back", "id", p.ID, "error", err) // its lease runs out
	}
}
