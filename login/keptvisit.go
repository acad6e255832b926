package login

import (
	"context"
	"sync"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// A proxy asks for every picture of an application who is signed in. So visits
// are kept in the process, for a short time, and the database is asked only
// whether anything was changed that a visit depends on: a session, its level, an
// account, the policy. Every such change is counted in its own transaction.
//
// The question is asked after the request came, so what anybody was told before is
// seen, in every process; a notice that the database sends (LISTEN) may come after
// that. One question answers all requests that came before it was asked: while one
// is under way those that come wait for the next. Where it fails, nothing kept is
// believed: the visit is read.
type keptVisits struct {
	mu       sync.Mutex
	new, old map[string]keptVisit // by the hash of their token; old ones go at the next turn
	turned   time.Time
}

// keptVisit is a visit as it was read.
type keptVisit struct {
	visit Visit
	at    time.Time
}

// How long a visit is kept, and how many are.
const (
	keptFor   = 2 * time.Second
	keptAtAll = 10_000
)

func (k *keptVisits) get(hash string, now time.Time) (v keptVisit, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if v, ok = k.new[hash]; !ok {
		v, ok = k.old[hash]
	}
	return v, ok && !now.Before(v.at) && now.Sub(v.at) < keptFor
}

func (k *keptVisits) put(hash string, v Visit, now time.Time) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.new == nil || len(k.new) >= keptAtAll/2 || now.Sub(k.turned).Abs() >= keptFor {
		k.new, k.old, k.turned = map[string]keptVisit{}, k.new, now
	}
	k.new[hash] = keptVisit{v, now}
}

// PeekKept is Peek for somebody who asks very often.
func (s *Service) PeekKept(ctx context.Context, token string) (*Visit, error) {
	if token == "" {
		return nil, nil
	}
	return s.peekKept(ctx, identity.HashToken(token))
}

// peekKept is PeekKept by the stored form of a token. A session that is to be noted
// as in use, or whose forms can still be repeated, is read anew.
func (s *Service) peekKept(ctx context.Context, hash string) (*Visit, error) {
	now := s.Now()
	if kept, ok := s.visits.get(hash, now); ok {
		changes, err := s.asking.ask(ctx, s.store.Changes)
		v := kept.visit
		if err == nil && v.changes == changes && !s.ended(v.Session, now) && !s.unused(v.Session, now) {
			v.Now, v.Fresh = now, s.fresh(v.Session, now)
			return &v, nil
		}
	}
	v, err := s.peek(ctx, hash)
	if v != nil && err == nil && !v.Session.Kept {
		s.visits.put(hash, *v, now)
	}
	return v, err
}

// asking asks the database the same for many at once.
type asking struct {
	mu   sync.Mutex
	next *question // not asked yet; nil where nobody waits for one
	busy bool      // one is being asked
}

type question struct {
	done   chan struct{}
	answer int64
	err    error
}

// askFor is how long an answer is waited for.
const askFor = 5 * time.Second

// ask gives the answer to a question that is asked after ask was called.
func (a *asking) ask(ctx context.Context, of func(context.Context) (int64, error)) (int64, error) {
	a.mu.Lock()
	q := a.next
	if q == nil {
		q = &question{done: make(chan struct{})}
		a.next = q
	}
	if !a.busy {
		a.busy = true
		a.mu.Unlock()
		a.run(of)
	} else {
		a.mu.Unlock()
	}
	select {
	case <-q.done:
		return q.answer, q.err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

// run asks what waits to be asked; whoever comes meanwhile has the next question,
// which somebody else asks.
func (a *asking) run(of func(context.Context) (int64, error)) {
	a.mu.Lock()
	q := a.next
	a.next = nil
	a.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), askFor)
	q.answer, q.err = of(ctx)
	cancel()
	close(q.done)
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.busy = a.next != nil; a.busy {
		go a.run(of)
	}
}
