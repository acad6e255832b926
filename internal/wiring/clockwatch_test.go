package wiring

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"
)

// A running server says in one line how far its clock jumped and which way. An
// hour that passes, the steps of a clock that is kept right, and ticks that come
// late are no jump.
func TestAClockThatJumpsIsLogged(t *testing.T) {
	t.Parallel()
	const hour, year = time.Hour, 365 * 24 * time.Hour
	for _, x := range []struct {
		name         string
		wall, passed time.Duration
		want         string
	}{
		{"a tick", 5 * time.Second, 5 * time.Second, ""},
		{"a late tick", hour, hour, ""},
		{"a small step forward", 64 * time.Second, 5 * time.Second, ""},
		{"a small step back", -54 * time.Second, 5 * time.Second, ""},
		{"a minute forward", 65 * time.Second, 5 * time.Second, "by=1m0s direction=forward"},
		{"a minute back", -55 * time.Second, 5 * time.Second, "by=1m0s direction=back"},
		{"an hour forward", hour + 5*time.Second, 5 * time.Second, "by=1h0m0s direction=forward"},
		{"an hour back", 5*time.Second - hour, 5 * time.Second, "by=1h0m0s direction=back"},
		{"a year forward", year, 5 * time.Second, "by=8759h59m55s direction=forward"},
		{"a year back", -year, 5 * time.Second, "by=8760h0m5s direction=back"},
	} {
		var text bytes.Buffer
		b := &Site{log: slog.New(slog.NewTextHandler(&text, nil))}
		at := time.Date(2026, 11, 25, 12, 0, 0, 0, time.UTC)
		looks := []clockLook{{at, 0}, {at.Add(5 * time.Second), 5 * time.Second}, {at.Add(5*time.Second + x.wall), 5*time.Second + x.passed},
			{at.Add(10*time.Second + x.wall), 10*time.Second + x.passed}}
		ctx, stop := context.WithCancel(t.Context())
		ticks := make(chan time.Time)
		n := 0
		look := func() clockLook {
			n++
			return looks[n-1]
		}
		done := make(chan struct{})
		go func() { b.followClock(ctx, ticks, look); close(done) }()
		for range len(looks) - 1 {
			ticks <- time.Time{}
		}
		stop()
		<-done
		lines := strings.Count(text.String(), "the clock jumped")
		if (lines == 1) != (x.want != "") || lines > 1 || !strings.Contains(text.String(), x.want) {
			t.Errorf("%s: %q", x.name, text.String())
		}
	}
}

// The two clocks that are compared are the wall clock and one that nobody sets.
func TestALookAtTheClock(t *testing.T) {
	start := time.Now()
	a, b := lookFrom(start), lookFrom(start.Add(-time.Hour))
	if by := a.jump(b); by > -time.Hour+time.Minute || by < -time.Hour-time.Minute {
		t.Errorf("an hour more that passed looks like a jump by %s", by)
	}
	if strings.Contains(a.wall.String(), "m=") {
		t.Error("the wall clock is compared by the monotonic one")
	}
}
