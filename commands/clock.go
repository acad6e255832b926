package commands

import (
	"context"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

const (
	clockWatch = 5 * time.Second // between two looks at the clock of a running server
	clockTold  = 24 * time.Hour  // for so long after a jump back the doctor calls it a fault
	clockDate  = "2 January 2006, 15:04:05 MST"
)

// clockSlack is how far this clock may be from the database's before codes of
// authenticator apps begin to fail: half a step (RFC 6238 §5.2).
const clockSlack = 15 * time.Second

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
func (b *base) watchClock(ctx context.Context) {
	if a, err := b.store.Ahead(ctx); err == nil && a.Any() {
		b.log.Warn("the clock went back before this start, or was ahead then: the database holds what has a later date",
			"by", a.By.Round(time.Second).String(), "newest", a.Newest.UTC())
	}
	tick := time.NewTicker(clockWatch)
	defer tick.Stop()
	start := time.Now()
	b.followClock(ctx, tick.C, func() clockLook { return lookFrom(start) })
}

// followClock looks once at the beginning and at each tick. A machine that
// slept or was paused jumps forward too when it goes on.
func (b *base) followClock(ctx context.Context, tick <-chan time.Time, look func() clockLook) {
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
			b.log.Warn("the clock jumped "+direction+"; waits and lives are held to their own length",
				"by", by.Abs().String(), "direction", direction, "now", next.wall.UTC())
		}
		last = next
	}
}

// checkClock compares this machine's clock with the database's, and with the
// dates of what the database holds: none of it lies ahead unless a clock jumped.
// A day after it was put right that is a remark, and no fault any more.
func checkClock(ctx context.Context, db *store.Store) (remark string, err error) {
	off, err := db.Skew(ctx)
	if err != nil {
		return "", err
	}
	if off.Abs() > clockSlack {
		return "", fmt.Errorf("it differs from the database's by %s; codes of authenticator apps need the right time", off.Round(time.Second))
	}
	a, err := db.Ahead(ctx)
	if err != nil || !a.Any() {
		return "", err
	}
	what := "a server's last sign of life is"
	if a.Last > 0 {
		what = fmt.Sprintf("rows %d to %d of the audit log are", a.First, a.Last)
	}
	text := fmt.Sprintf("%s dated up to %s, which is %s ahead", what, a.Newest.UTC().Format(clockDate), a.By.Round(time.Second))
	if a.Since.IsZero() {
		return "", fmt.Errorf("it jumped back: %s. Either it is wrong now, or it was wrong when that was written", text)
	}
	text += ", and it went back at " + a.Since.UTC().Format(clockDate) + " or before"
	if time.Since(a.Since) > clockTold {
		return ", but it jumped once: " + text, nil
	}
	return "", fmt.Errorf("it jumped back: %s. See that it is right now", text)
}
