package wiring

import (
	"fmt"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"nightlatch.example/nightlatch/store"
)

// How often a long migration reports its progress. A shorter one reports nothing.
const (
	sayEvery = 3 * time.Second  // somebody watches
	logEvery = 30 * time.Second // a log is read later
)

// progress keeps how far a migration is.
type progress struct {
	mu  sync.Mutex
	now store.Progress
}

func (p *progress) tell(now store.Progress) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = now
}

// line is how far it is, in words.
func (p *progress) line() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.now.Table != "":
		return fmt.Sprintf("copying %s: %s of %s rows", p.now.Table, humanize.Comma(int64(p.now.Done)), humanize.Comma(int64(p.now.Total)))
	case p.now.Total > 0:
		return fmt.Sprintf("migrating: %s of %s accounts", humanize.Comma(int64(p.now.Done)), humanize.Comma(int64(p.now.Total)))
	case p.now.Step != "":
		return "migrating: step " + p.now.Step
	}
	return "migrating: waiting for another program to end its migration"
}

// run reports the progress at each tick until the migration is done.
func (p *progress) run(tick <-chan time.Time, done <-chan struct{}, say func(string)) {
	for {
		select {
		case <-done:
			return
		case <-tick:
			say(p.line())
		}
	}
}

// ShowProgress reports the progress of a migration, to Progress or else in the
// log, until stop is called.
func (s Settings) ShowProgress(db *store.Store) (stop func()) {
	p, every, say := &progress{}, sayEvery, s.Progress
	if say == nil {
		every, say = logEvery, func(line string) { s.Log.Info(line) }
	}
	db.OnProgress(p.tell)
	tick, done := time.NewTicker(every), make(chan struct{})
	var running sync.WaitGroup
	running.Go(func() { p.run(tick.C, done, say) })
	return func() { tick.Stop(); close(done); running.Wait() }
}
