package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
)

const (
	lookEvery     = time.Second     // at the files of an embedded database
	probeKept     = 2 * time.Second // the answer of a probe: whoever asks more often gets the last one
	probePatience = 3 * time.Second // for one write; a form waits no longer
)

// Watch looks after the database of a running server: whether it takes writes,
// and whether it is still the one that the server began with.
type Watch struct {
	store *Store
	self  Process
	tell  func(error)           // told when the database is lost, and nil when it is back
	gone  atomic.Pointer[error] // why nothing may be served

	mu       sync.Mutex
	probed   time.Time
	last     error // how the last probe went
	seen     int64 // the length of the main file, in bytes
	damaged  error
	peopled  bool // there was an account once
	reported bool
}

// Watch begins to look after the database. What is found between two requests
// goes to tell. The other processes see that self runs.
func (s *Store) Watch(self Process, tell func(error)) *Watch {
	w := &Watch{store: s, self: self, tell: tell}
	if s.files != nil {
		w.seen = s.files.size()
	}
	return w
}

// Run looks until ctx ends, and then signs off.
func (w *Watch) Run(ctx context.Context) {
	look, beat := time.NewTicker(lookEvery), time.NewTicker(beatEvery)
	defer look.Stop()
	defer beat.Stop()
	if w.seen > quickCheckNow {
		go w.examine(ctx)
	}
	_ = w.Ready()
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), probePatience)
			defer cancel()
			if w.Lost() == nil {
				_ = w.store.depart(end, w.self.ID)
			}
			return
		case <-look.C:
			w.look(ctx)
		case <-beat.C:
			w.settle(ctx)
			_ = w.Ready()
		}
	}
}

// Lost says why nothing may be served: the open file is no longer the site's
// database. It only reads a value in memory.
func (w *Watch) Lost() error {
	if err := w.gone.Load(); err != nil {
		return *err
	}
	return nil
}

// Ready says whether the database accepts a write and keeps it. It makes at
// most one write in two seconds, however often it is called.
func (w *Watch) Ready() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if time.Since(w.probed) < probeKept {
		return errors.Join(w.Lost(), w.last)
	}
	ctx, cancel := context.WithTimeout(context.Background(), probePatience)
	defer cancel()
	w.last = w.probe(ctx)
	w.probed = time.Now()
	return w.last
}

func (w *Watch) probe(ctx context.Context) error {
	if err := w.check(ctx); err != nil {
		return err
	}
	if f := w.store.files; f != nil {
		if err := f.full(); err != nil {
			return err
		}
	}
	if err := w.store.Announce(ctx, w.self); err != nil {
		return fmt.Errorf("the database takes no writes: %w", err)
	}
	return nil
}

// Writable says whether the database would accept a write. It tries one and
// rolls it back, so nothing is changed.
func (s *Store) Writable(ctx context.Context) error {
	if s.files != nil {
		if err := errors.Join(s.files.check(), s.files.full()); err != nil {
			return err
		}
	}
	takenBack := errors.New("taken back")
	err := s.writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if _, err := tx.NewRaw("INSERT INTO servers (id, seen_at) VALUES (?, 0)", identity.NewID()).Exec(ctx); err != nil {
			return err
		}
		return takenBack
	})
	if !errors.Is(err, takenBack) {
		return fmt.Errorf("the database takes no writes: %w", err)
	}
	return nil
}

// settle settles what servers show of themselves. What fails is done the next time.
func (w *Watch) settle(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, probePatience)
	defer cancel()
	_ = w.store.settle(ctx)
}

func (w *Watch) look(ctx context.Context) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.store.files != nil || w.gone.Load() != nil {
		_ = w.check(ctx)
	}
}

// check says whether the database is still the site's, and remembers it for
// every request.
func (w *Watch) check(ctx context.Context) error {
	err := errors.Join(w.damaged, w.store.files.check())
	if err == nil {
		err = w.shrunk(ctx)
	}
	if err == nil {
		err = w.emptied(ctx)
	}
	switch {
	case errors.Is(err, ErrLost):
		w.gone.Store(&err)
	case err == nil:
		w.gone.Store(nil)
	}
	if lost := errors.Is(err, ErrLost); lost != w.reported && (lost || err == nil) {
		w.reported = lost
		w.tell(err)
	}
	return err
}

// shrunk looks closely at a file that became shorter: either somebody tidied it
// up with SQLite's own tools, or it was cut.
func (w *Watch) shrunk(ctx context.Context) error {
	if w.store.files == nil {
		return nil
	}
	before, now := w.seen, w.store.files.size()
	if now < before {
		if err := w.store.quick(ctx); err != nil {
			w.note(err)
			return err
		}
	}
	w.seen = now
	return nil
}

// emptied says whether a database that held accounts holds none.
func (w *Watch) emptied(ctx context.Context) error {
	some, err := w.store.populated(ctx)
	if err != nil {
		return fmt.Errorf("the database does not answer: %w", err)
	}
	if w.peopled && !some {
		return lost("every account is gone: the database was emptied or replaced while it was in use")
	}
	w.peopled = some
	return nil
}

// examine looks through a file that is too large to be looked through before
// the start.
func (w *Watch) examine(ctx context.Context) {
	if err := w.store.quick(ctx); err != nil && ctx.Err() == nil {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.note(err)
		_ = w.check(ctx)
	}
}

// note keeps in mind that the file is damaged. A look that was broken off says
// nothing.
func (w *Watch) note(err error) {
	if errors.Is(err, ErrLost) {
		w.damaged = err
	}
}
