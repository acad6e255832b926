package sim

import (
	"math/rand/v2"
	"time"
)

// Chance is the one source of chance of a step. Each step has its own, drawn
// from the run's seed and the step's number, so that leaving one step out
// changes nothing that the others draw.
type Chance struct{ r *rand.Rand }

// chanceOf is the chance of one step of a run.
func chanceOf(seed uint64, step int) *Chance {
	return &Chance{rand.New(rand.NewPCG(seed, uint64(step)))}
}

// N draws a number from 0 to n-1.
func (c *Chance) N(n int) int { return c.r.IntN(n) }

// Seldom is true once in n times.
func (c *Chance) Seldom(n int) bool { return c.r.IntN(n) == 0 }

// Span draws a time between two, in whole seconds.
func (c *Chance) Span(from, to time.Duration) time.Duration {
	return (from + time.Duration(c.r.Int64N(int64(to-from)+1))).Truncate(time.Second)
}

// Pick draws one of a list, which must not be empty.
func Pick[T any](c *Chance, list []T) T { return list[c.r.IntN(len(list))] }

// Weighted draws an index, each as often as its weight says.
func (c *Chance) Weighted(n int, weight func(i int) int) int {
	sum := 0
	for i := range n {
		sum += weight(i)
	}
	at := c.r.IntN(sum)
	for i := range n {
		if at -= weight(i); at < 0 {
			return i
		}
	}
	return n - 1
}
