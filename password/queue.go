package password

import (
	"context"
	"slices"
	"sync"
)

// queue lets some jobs run at a time and more wait, each in the line of the
// address that it comes from. The lines take turns, so an address with one
// waiter waits for one job of every other address, and not for a flood of one.
// When every place is taken, an address with fewer waiters pushes out the last
// one of the longest line: an address that is alone may use all places, and
// otherwise each has a share.
type queue struct {
	mu      sync.Mutex
	free    int // slots that nobody holds
	places  int // how many may wait
	waiting int
	lines   map[string][]chan error // who waits, by address, first come first
	turns   []string                // the addresses that have a line, next one first
}

func newQueue(slots, places int) *queue {
	return &queue{free: slots, places: places, lines: map[string][]chan error{}}
}

// enter waits for a slot, which the caller gives back with leave. It answers
// ErrBusy when there is no place to wait in, or when another address pushed
// this one out, and the context's error when the caller has gone.
func (q *queue) enter(ctx context.Context, from string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.free > 0 {
		q.free--
		q.mu.Unlock()
		return nil
	}
	if q.waiting >= q.places && !q.pushOut(from) {
		q.mu.Unlock()
		return ErrBusy
	}
	turn := make(chan error, 1)
	q.join(from, turn)
	q.mu.Unlock()
	select {
	case err := <-turn:
		return err
	case <-ctx.Done():
	}
	if !q.quit(from, turn) && <-turn == nil { // the slot came at the same moment
		q.leave()
	}
	return ctx.Err()
}

// leave gives the slot to the next in turn.
func (q *queue) leave() {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.waiting == 0 {
		q.free++
		return
	}
	from := q.turns[0]
	q.turns = q.turns[1:]
	turn := q.take(from, 0)
	if len(q.lines[from]) > 0 {
		q.turns = append(q.turns, from)
	}
	turn <- nil
}

// length is how many wait.
func (q *queue) length() int {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.waiting
}

func (q *queue) join(from string, turn chan error) {
	if len(q.lines[from]) == 0 {
		q.turns = append(q.turns, from)
	}
	q.lines[from] = append(q.lines[from], turn)
	q.waiting++
}

// pushOut makes room for one more of an address by refusing the last waiter of
// the longest line, if that has at least two more than the address.
func (q *queue) pushOut(from string) bool {
	longest := from
	for _, other := range q.turns {
		if len(q.lines[other]) > len(q.lines[longest]) {
			longest = other
		}
	}
	n := len(q.lines[longest])
	if n < len(q.lines[from])+2 {
		return false
	}
	q.take(longest, n-1) <- ErrBusy
	return true
}

// quit takes a waiter out; false when its turn came already.
func (q *queue) quit(from string, turn chan error) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	for i, t := range q.lines[from] {
		if t != turn {
			continue
		}
		if q.take(from, i); len(q.lines[from]) == 0 {
			q.turns = slices.DeleteFunc(q.turns, func(s string) bool { return s == from })
		}
		return true
	}
	return false
}

// take removes a waiter from its line.
func (q *queue) take(from string, i int) chan error {
	line := q.lines[from]
	turn := line[i]
	q.waiting--
	if len(line) == 1 {
		delete(q.lines, from)
	} else {
		q.lines[from] = slices.Delete(line, i, i+1)
	}
	return turn
}
