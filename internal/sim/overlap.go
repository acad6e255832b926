package sim

import (
	"context"
	"maps"
	"sync"
	"testing/synctest"
	"time"
)

// overlap is a request that stands still between two calls to the database,
// while somebody else acts. At each moment one of the two has the turn; the other
// gets no further than its next call. The turn goes over when whoever has it is
// done, or waits for something that the other has. So the same seed gives the same order.
type overlap struct {
	parked  chan struct{} // closed when the first stands still
	release chan struct{} // closed to let it go on
	on      bool          // it stands still

	then func(*Exchange) bool // what is done meanwhile, where that is known

	mu   sync.Mutex
	turn int           // 1 or 2
	over chan struct{} // closed when the turn goes over
}

func newOverlap() *overlap {
	return &overlap{parked: make(chan struct{}), release: make(chan struct{}), turn: 1, over: make(chan struct{})}
}

// part is the first or the second of two requests.
type part struct {
	o *overlap
	n int
}

type partKey struct{}

// as marks what is done with a context as the first or the second of the two.
func (o *overlap) as(ctx context.Context, n int) context.Context {
	return context.WithValue(ctx, partKey{}, part{o, n})
}

// await has a call wait until its request has the turn.
func await(ctx context.Context) {
	p, ok := ctx.Value(partKey{}).(part)
	for ok {
		p.o.mu.Lock()
		mine, over := p.o.turn == p.n, p.o.over
		p.o.mu.Unlock()
		if mine {
			return
		}
		<-over
	}
}

func (o *overlap) give(n int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.turn = n
	close(o.over)
	o.over = make(chan struct{})
}

// park stops the request that makes this call until it is let go, or until its time is
// over, as any call to a database ends then.
func (o *overlap) park(ctx context.Context) error {
	close(o.parked)
	select {
	case <-o.release:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// let has the first go on, whenever it has the turn.
func (o *overlap) let() {
	if o.on {
		o.on = false
		close(o.release)
	}
}

// second waits for a request that began while another stands still.
func (o *overlap) second(done chan struct{}) {
	o.give(2)
	for n := 2; ; n++ {
		synctest.Wait()
		select {
		case <-done:
			return
		default:
		}
		o.let()
		o.give(1 + n%2)
		if n%2 == 0 {
			time.Sleep(5 * time.Millisecond)
		}
	}
}

// first waits for a request that may stand still. When it does, somebody else
// acts, and then it goes on.
func (w *World) first(o *overlap, done chan struct{}) {
	select {
	case <-done:
		return
	case <-o.parked:
	}
	o.on, w.waits = true, nil
	w.Trace.Say("      while this request is on its way:")
	w.meanwhile = o
	switch x := w.running; {
	case x != nil && o.then != nil && o.then(x):
	case x != nil && w.chance.Seldom(2) && w.elsewhere(x):
	case x != nil && w.chance.Seldom(2) && w.twice(x):
	default:
		w.act(w.chance)
	}
	w.meanwhile = nil
	if w.running != nil {
		w.running.met = true
	}
	o.let()
	o.give(1)
	<-done
	w.Trace.Say("      and now the first:")
}

// twice sends the form that is on its way once more, from the same browser.
func (w *World) twice(x *Exchange) bool {
	if x.Method != "POST" {
		return false
	}
	form := maps.Clone(x.Form)
	if o := w.meanwhile; o != nil && o.then != nil || w.chance.Seldom(2) {
		delete(form, "once") // in another tab
	}
	w.request(x.Browser, x.Method, x.Path, form)
	return true
}

// part marks a request as the first of two, or the second, where there may be
// two in this step.
func (w *World) part(ctx context.Context) context.Context {
	switch {
	case w.meanwhile != nil:
		return w.meanwhile.as(ctx, 2)
	case w.waits != nil:
		return w.waits.as(ctx, 1)
	}
	return ctx
}
