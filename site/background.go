package site

import (
	"context"
	"errors"
	"time"
)

// sweepEvery is between two looks for what has ended by itself.
const sweepEvery = 15 * time.Second

// Start shows the site to the other processes on its database, and begins what
// goes on beside requests: mail is sent, what has ended is swept, and database,
// keys and clock are watched.
func (s *Site) Start(ctx context.Context) error {
	if err := s.rooms.Store.Announce(ctx, s.self); err != nil {
		return err
	}
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	s.stop, s.mailing = stop, true
	for _, run := range []func(context.Context){s.rooms.Watch.Run, s.rooms.Mail.Run, s.sweep, s.watchKeys, s.watchClock} {
		s.running.Go(func() { run(working) })
	}
	return nil
}

// Close ends what Start began, mail that is being sent included, and closes the
// database. No request may be under way.
func (s *Site) Close() error {
	if s.stop != nil {
		s.stop()
		s.running.Wait()
	}
	return s.rooms.Store.Close()
}

// lost logs that the database is not there any more, or is back.
func (s *Site) lost(err error) {
	if err != nil {
		s.log.Error("nothing is served: the database is lost", "error", err)
		return
	}
	s.log.Info("the database is back")
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
