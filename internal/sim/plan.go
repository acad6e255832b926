package sim

import (
	"fmt"
	"slices"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

// Plan is a run before it is played: the same plan gives the same run to the
// byte.
type Plan struct {
	Config
	Seed  uint64
	Steps []int // the numbers of its steps; the whole run has 1, 2, 3 …
}

// NewPlan is a whole run.
func NewPlan(c Config, seed uint64, steps int) Plan {
	p := Plan{Config: c, Seed: seed}
	for n := range steps {
		p.Steps = append(p.Steps, n+1)
	}
	return p
}

// Result is what came of a run.
type Result struct {
	Trace    string
	Sum      string // over the whole database at the end
	Breaches []Breach
	Steps    int // that were played
	Requests int
}

// Play plays a run, until its end or the first breach of a rule.
func Play(t *testing.T, p Plan) (r Result) {
	t.Helper()
	if _, err := theStage(); err != nil {
		t.Fatal(err)
	}
	synctest.Test(t, func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, p.Seed)
		w, err := open(t, p.Config)
		if err != nil {
			t.Fatal(err)
		}
		defer w.close()
		w.chance = chanceOf(p.Seed, 0)
		w.punctual = w.chance.Seldom(3)
		w.found()
		w.Rebase()
		w.snapshots()
		w.restored = time.Time{}
		w.Trace.lines = []string{sprintf("%d people move in", len(w.People))}
		for _, n := range p.Steps {
			if len(w.broken) > 0 {
				break
			}
			cryptotest.SetGlobalRandom(t, p.Seed*1_000_003+uint64(n))
			w.play(n, chanceOf(p.Seed, n))
			r.Steps++
		}
		r.Breaches, r.Requests = w.broken, w.requests
		for _, b := range w.broken {
			w.Trace.Say("BROKEN after step %d: %s", b.Step, b)
		}
		if r.Sum, err = w.Beside.Sum(); err != nil {
			t.Error(err)
		}
		r.Trace = w.Trace.String()
	})
	return r
}

// play plays one step: time goes by, something may break, somebody acts, and
// the rules are looked at.
func (w *World) play(n int, c *Chance) {
	w.Step, w.Seen, w.Hit, w.running, w.chance = n, nil, false, nil, c
	w.Clock.Pass(w.pause(c))
	w.arm(c)
	if w.Clock.Off() != 0 {
		w.jump = w.Clock.Real()
	}
	w.began, w.shots().off = w.Clock.Now(), w.Clock.Off()
	w.Trace.Say("%4d  %s", n, w.Clock.Now().Format("2 Jan 15:04:05"))
	w.act(c)
	w.disarm()
	w.Changed = w.Beside.pg || !w.same("data version", "PRAGMA data_version")
	w.keepUp()
	w.look()
}

// pause is how long nobody does anything.
func (w *World) pause(c *Chance) time.Duration {
	switch c.N(100) {
	case 0:
		return c.Span(time.Hour, 72*time.Hour)
	case 1, 2:
		return c.Span(5*time.Minute, 2*time.Hour)
	case 3, 4, 5:
		return c.Span(0, 15*time.Minute)
	}
	return c.Span(0, 40*time.Second)
}

// act has somebody do something.
func (w *World) act(c *Chance) {
	list := w.cast()
	for range 8 {
		a := list[c.Weighted(len(list), func(i int) int { return list[i].Weight })]
		act := a.Acts[c.Weighted(len(a.Acts), func(i int) int { return a.Acts[i].Weight })]
		before, sent := len(w.Trace.lines), w.requests
		if act.Do(w, c) || w.requests > sent {
			return
		}
		w.Trace.lines = w.Trace.lines[:before]
	}
}

// cast are the actors of this run.
func (w *World) cast() (list []Actor) {
	for _, a := range actors {
		if len(w.Only) == 0 || slices.Contains(w.Only, a.Name) {
			list = append(list, a)
		}
	}
	return list
}

// look looks at the rules.
func (w *World) look() {
	for _, r := range rules {
		if r.Every > 1 && w.Step%r.Every != 0 {
			continue
		}
		if err := r.Check(w); err != nil {
			w.broken = append(w.broken, Breach{r.Name, err.Error(), w.Step})
		}
	}
}

// String names a plan, so that it can be played again.
func (p Plan) String() string { return fmt.Sprintf("seed %d, %d steps", p.Seed, len(p.Steps)) }
