package sim

import "time"

// Clock is the wall clock of the site. Time passes only when the simulation
// lets it; that it can also be set is what clocks are like.
type Clock struct {
	set time.Duration // how far it is from the time that really passed
}

// Now is what the clock shows.
func (c *Clock) Now() time.Time { return c.Real().Add(c.set) }

// Real is what a right clock shows. A run lives in a bubble of testing/synctest,
// in which time stands still until somebody waits.
func (c *Clock) Real() time.Time { return time.Now().Round(0).UTC() }

// Pass lets time go by.
func (c *Clock) Pass(d time.Duration) { time.Sleep(d) }

// Jump sets the clock forward, or back.
func (c *Clock) Jump(d time.Duration) { c.set += d }

// Off is how far the clock is from the right time.
func (c *Clock) Off() time.Duration { return c.set }
