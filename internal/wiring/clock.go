package wiring

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/login"
)

// clockWatch is the time between two looks at the clock of a running server.
const clockWatch = 5 * time.Second

// clockLook is the time on the wall clock together with the time that really
// passed, which nobody can set.
type clockLook struct {
	wall   time.Time
	passed time.Duration // since any fixed moment
}

// lookFrom looks at the clock now. Go's monotonic clock counts what passed
// since start.
func lookFrom(start time.Time) clockLook {
	now := time.Now()
	return clockLook{now.Round(0), now.Sub(start)}
}

// jump is how far the wall clock was set between two looks: forward, or back
// when it is negative. It is 0 when the difference is within what clocks may
// differ by.
func (c clockLook) jump(next clockLook) time.Duration {
	by := next.wall.Sub(c.wall) - (next.passed - c.passed)
	if by.Abs() < login.ClockSlack {
		return 0
	}
	return by.Round(time.Second)
}

// watchClock logs when the clock jumps while the server runs. At the start it
// logs when the clock jumped before, if the database shows it.
func (s *Site) watchClock(ctx context.Context) {
	if a, err := s.rooms.Store.Ahead(ctx); err == nil && a.Any() {
		s.log.Warn("the clock went back before this start, or was ahead before: the database holds rows with a later date",
			"by", a.By.Round(time.Second).String(), "newest", a.Newest.UTC())
	}
	tick := time.NewTicker(clockWatch)
	defer tick.Stop()
	start := time.Now()
	s.followClock(ctx, tick.C, func() clockLook { return lookFrom(start) })
}

// followClock looks once at the beginning and at each tick. After a machine was
// asleep or paused, this too looks like a jump forward.
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
			s.log.Warn("the clock jumped "+direction+"; no wait and no lifetime becomes longer by it",
				"by", by.Abs().String(), "direction", direction, "now", next.wall.UTC())
		}
		last = next
	}
}
