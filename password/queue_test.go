package password

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// until waits for what other goroutines bring about; a minute is far more than
// any machine takes.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("it never came to %s", what)
		}
	}
}

// crowded is a hasher whose one slot is held until release is called.
type crowded struct {
	*Hasher
	t       *testing.T
	release func()
	all     sync.WaitGroup
	mu      sync.Mutex
	order   []string // who ran, in turn
	busy    []string // who was sent away
}

func crowd(t *testing.T, places int) *crowded {
	c := &crowded{Hasher: NewHasher(cheap, 1, places), t: t}
	entered, leave := make(chan struct{}), make(chan struct{})
	c.all.Go(func() {
		if err := c.Do(t.Context(), "holder", func() error { close(entered); <-leave; return nil }); err != nil {
			t.Error(err)
		}
	})
	<-entered
	c.release = func() { close(leave); c.all.Wait() }
	return c
}

// wait lets one more of an address stand in the queue. Whoever makes room for
// it is gone when it returns.
func (c *crowded) wait(from string) {
	c.t.Helper()
	before, sent := c.Waiting(), c.sent()
	c.all.Go(func() {
		err := c.Do(c.t.Context(), from, func() error {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.order = append(c.order, from)
			return nil
		})
		if errors.Is(err, ErrBusy) {
			c.mu.Lock()
			c.busy = append(c.busy, from)
			c.mu.Unlock()
		} else if err != nil {
			c.t.Error(err)
		}
	})
	until(c.t, "one more waiter", func() bool { return c.Waiting() > before || c.sent() > sent })
}

func (c *crowded) sent() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.busy)
}

func TestDoBoundsAndQueues(t *testing.T) {
	c := crowd(t, 1)
	gone, cancel := context.WithCancel(t.Context())
	waited := make(chan error, 1)
	go func() { waited <- c.Do(gone, "a", func() error { t.Error("ran without a slot"); return nil }) }()
	until(t, "a waiter", func() bool { return c.Waiting() == 1 })
	if err := c.Do(t.Context(), "b", func() error { t.Error("ran past a full queue"); return nil }); !errors.Is(err, ErrBusy) {
		t.Errorf("full queue: %v", err)
	}
	cancel()
	if err := <-waited; !errors.Is(err, context.Canceled) {
		t.Errorf("gone while waiting: %v", err)
	}
	if c.Waiting() != 0 {
		t.Error("whoever went away still has a place")
	}
	c.release()
	if err := c.Do(gone, "a", func() error { t.Error("ran for nobody"); return nil }); !errors.Is(err, context.Canceled) {
		t.Errorf("gone before: %v", err)
	}
	own := errors.New("own")
	if err := c.Do(t.Context(), "a", func() error { return own }); err != own {
		t.Errorf("the job's error: %v", err)
	}
}

// Whoever is alone may use every place; then each newcomer gets one of those
// that the flood has too many of, until all have the same share.
func TestOneAddressHasNoMoreThanItsShareOfTheQueue(t *testing.T) {
	c := crowd(t, 8)
	for range 20 {
		c.wait("flood")
	}
	if c.sent() != 12 || c.Waiting() != 8 {
		t.Fatalf("alone: %d sent away, %d wait", c.sent(), c.Waiting())
	}
	for _, from := range strings.Fields("a b c d a b c d") {
		c.wait(from)
	}
	for range 20 {
		c.wait("flood")
	}
	c.release()
	// The flood came first and so begins each round. Of its eight it kept two:
	// with five addresses and eight places, two of them is all that any gets.
	if got := strings.Join(c.order, " "); got != "flood a b c d flood a b" {
		t.Errorf("order: %s", got)
	}
	others := slices.DeleteFunc(c.busy, func(s string) bool { return s == "flood" })
	if strings.Join(others, " ") != "c d" {
		t.Errorf("of the others were sent away: %v", others)
	}
}

// However long one address's line is, another waits for one of it.
func TestAddressesTakeTurns(t *testing.T) {
	c := crowd(t, 100)
	for range 90 {
		c.wait("flood")
	}
	c.wait("a")
	c.wait("b")
	c.wait("a")
	c.release()
	if got := strings.Join(c.order[:6], " "); got != "flood a b flood a flood" {
		t.Errorf("order: %s", got)
	}
	if len(c.order) != 93 || c.queue.free != 1 || len(c.queue.lines)+len(c.queue.turns) > 0 {
		t.Errorf("%d ran; afterwards %d free, %d lines", len(c.order), c.queue.free, len(c.queue.lines))
	}
}

// Waiters that come, go away and are pushed out at the same time neither lose
// a slot nor make one.
func TestTheQueueKeepsItsSlots(t *testing.T) {
	h := NewHasher(cheap, 2, 5)
	var now, most atomic.Int32
	var all sync.WaitGroup
	for i := range 400 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			if i%3 == 0 {
				go cancel()
			}
			defer cancel()
			err := h.Do(ctx, string(rune('a'+i%7)), func() error {
				n := now.Add(1)
				defer now.Add(-1)
				for seen := most.Load(); n > seen && !most.CompareAndSwap(seen, n); seen = most.Load() {
				}
				_, err := h.Hash("a fine long phrase")
				return err
			})
			if err != nil && !errors.Is(err, ErrBusy) && !errors.Is(err, context.Canceled) {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if q := h.queue; q.free != 2 || q.waiting != 0 || len(q.lines)+len(q.turns) > 0 {
		t.Errorf("%d free, %d wait, %d lines, %d turns", q.free, q.waiting, len(q.lines), len(q.turns))
	}
	if most.Load() > 2 {
		t.Errorf("%d at once", most.Load())
	}
}

func TestDoGivesTheSlotBackAfterAPanic(t *testing.T) {
	h := NewHasher(cheap, 1, 1)
	func() {
		defer func() { _ = recover() }()
		_ = h.Do(t.Context(), "", func() error { panic("boom") })
	}()
	if err := h.Do(t.Context(), "", func() error { return nil }); err != nil {
		t.Error(err)
	}
}
