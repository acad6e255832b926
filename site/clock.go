package site

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/login"
)

// clockWatch is between two looks at the clock of a running server.
const clockWatch = 5 * time.Second

// clockLook is a wall clock beside the time that really passed, which no one sets.
type clockLook struct {
	wall   time.Time
	passed time.Duration // since any fixed moment
}

// lookFrom is a look now; Go's monotonic clock counts what passed since start.
func lookFrom(start time.Time) clockLook {
	now := time.Now()
	return clockLook{now.Round(0), now.Sub(start)}
}

// jump is how far the wall clock was set forward between two looks, or back when
// it is negative; 0 for less than clocks may differ anyway.
func (c clockLook) jump(next clockLook) time.Duration {
	by := next.wall.Sub(c.wall) - (next.passed - c.passed)
	if by.Abs() < login.ClockSlack {
		return 0
	}
	return by.Round(time.Second)
}

// watchClock logs that the clock jumped: while the server runs, and while none
// did, as far as that can be seen.
func (s *Site) watchClock(ctx context.Context) {
	if a, err := s.rooms.Store.Ahead(ctx); err == nil && a.Any() {
		s.log.Warn("the clock went back before this start, or was ahead then: the database holds what has a later date",
			"by", a.By.Round(time.Second).String(), "newest", a.Newest.UTC())
	}
	tick := time.NewTicker(clockWatch)
	defer tick.Stop()
	start := time.Now()
	s.followClock(ctx, tick.C, func() clockLook { return lookFrom(start) })
}

// followClock looks once at the beginning and at each tick. A machine that
// slept or was paused jumps forward too when it goes on.
func (s *Site) followClock(ctx context.Context, tick <-chan time.Time, look func() clockLook) {
	for last := look(); ; {
		select {
		case <-ctx.Done():
			return
		case <-tick:
		}
		next := look()
		if by := last.jump(next); by != 0 {
			direction := "forward"
			if by < 0 {
				direction = "back"
			}
			s.log.Warn("the clock jumped "+direction+"; waits and lives are held to their own length",
				"by", by.Abs().String(), "direction", direction, "now", next.wall.UTC())
		}
		last = next
	}
}
