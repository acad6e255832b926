package wiring

import (
	"context"
	"errors"
	"time"
)

// sweepEvery is the time between two sweeps of what has expired.
const sweepEvery = 15 * time.Second

// Start shows this site to the other processes on its database, and starts the
// work beside requests: it sends mail, deletes what has expired, and watches
// database, keys and clock.
func (s *Site) Start(ctx context.Context) error {
	if err := s.rooms.Store.Announce(ctx, s.self); err != nil {
		return err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.mailing = stop, true
	for _, run := range []func(context.Context){s.rooms.Watch.Run, s.rooms.Mail.Run, s.chain, s.sweep, s.watchKeys, s.watchClock} {
		s.running.Go(func() { run(working) })
	}
	return nil
}

// Close ends what Start began, waits for mail that is being sent, and closes
// the database. No request may be under way.
func (s *Site) Close() error {
	if s.stop != nil {
		s.stop()
		s.running.Wait()
	}
	return s.rooms.Store.Close()
}

// lost logs that the database is gone, or that it is back.
func (s *Site) lost(err error) {
	if err != nil {
		s.log.Error("nothing is served: the database is lost", "error", err)
		return
	}
	s.log.Info("the database is back")
}

// chain chains events to the audit log.
func (s *Site) chain(ctx context.Context) {
	s.rooms.Store.Chain(ctx, func(err error) { s.log.Error("events wait to be chained to the audit log", "error", err) })
}

// sweep deletes what has expired, from time to time.
func (s *Site) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(s.rooms.Login.Sweep(ctx), s.rooms.Accounts.Sweep(ctx)); err != nil && ctx.Err() == nil {
			s.log.Error("sweep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
