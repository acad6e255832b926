package sim

import (
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/internal/pgtest"
)

func TestMain(m *testing.M) {
	debug.SetGCPercent(400) // a run needs little memory, and makes much that is soon of no use
	pgtest.Main(m)
}

var (
	seedFlag      = flag.Uint64("sim.seed", 0, "play this seed; 0: those of the test")
	stepsFlag     = flag.Int("sim.steps", 600, "steps of a run")
	timeFlag      = flag.Duration("sim.time", 0, "play fresh seeds for so long")
	freshFlag     = flag.Int("sim.fresh", 0, "play fresh seeds for so many steps")
	coresFlag     = flag.Int("sim.cores", runtime.NumCPU(), "how many of them at once, each in a process of its own")
	processesFlag = flag.Int("sim.processes", 0, "servers of the site; 0: one, or three for every third seed")
	postgresFlag  = flag.Bool("sim.postgres", false, "on PostgreSQL instead of SQLite")
	coresWere     = flag.Int("sim.of", 1, "processes that share the steps")
	calmFlag      = flag.Bool("sim.calm", false, "nothing breaks")
	shrinkFlag    = flag.Duration("sim.shrink", time.Minute, "how long a run that breaks a rule is cut down")
	traceFlag     = flag.Bool("sim.trace", false, "tell the whole run")
)

// plan is the run of a seed, as the flags have it.
func plan(t *testing.T, seed uint64) Plan {
	c := Config{Processes: *processesFlag, Calm: *calmFlag}
	if c.Processes == 0 {
		c.Processes = 1
		if seed%3 == 0 {
			c.Processes = 3
		}
	}
	if *postgresFlag {
		c.Database = pgtest.Reused(t, Migrate)
	}
	return NewPlan(c, seed, *stepsFlag)
}

// try plays a seed. A run that breaks a rule fails the test with its shortest
// form.
func try(t *testing.T, seed uint64) Result {
	t.Helper()
	p := plan(t, seed)
	r := Play(t, p)
	if *traceFlag {
		t.Log("\n" + r.Trace)
	}
	if len(r.Breaches) == 0 {
		return r
	}
	if *postgresFlag {
		t.Errorf("%s breaks a rule:\n%s", p, r.Trace)
		return r
	}
	short := Shrink(t, p, r.Breaches[0].Rule, *shrinkFlag)
	t.Errorf("%s breaks a rule; so do these %d steps of it:\n%s", p, len(short.Steps), Play(t, short).Trace)
	return r
}

// Some hundred steps of some seeds, with everything that lives and breaks.
func TestNoRuleIsBroken(t *testing.T) {
	if *timeFlag > 0 || *freshFlag > 0 {
		return // fresh seeds are played instead
	}
	seeds := []uint64{1, 2, 3, 4}
	if *seedFlag != 0 {
		seeds = []uint64{*seedFlag}
	}
	for _, seed := range seeds {
		try(t, seed)
	}
}

// The same seed gives the same run to the byte, and leaves the same database.
func TestTheSameSeedGivesTheSameRun(t *testing.T) {
	for _, processes := range []int{1, 3} {
		p := NewPlan(Config{Processes: processes}, 11, 400)
		a, b := Play(t, p), Play(t, p)
		if a.Trace != b.Trace {
			t.Errorf("%d processes: two traces:\n%s", processes, difference(a.Trace, b.Trace))
		}
		if a.Sum != b.Sum {
			t.Errorf("%d processes: two databases", processes)
		}
	}
}

// difference is where two texts begin to differ.
func difference(a, b string) string {
	x, y := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range min(len(x), len(y)) {
		if x[i] != y[i] {
			return fmt.Sprintf("line %d\n%s\n%s", i, x[i], y[i])
		}
	}
	return "one is longer"
}

// Fresh seeds for as long as one wants, or for so many steps, on all cores.
func TestFreshSeeds(t *testing.T) {
	if *timeFlag == 0 && *freshFlag == 0 {
		return
	}
	if *coresFlag > 1 {
		onAllCores(t)
		return
	}
	begin, first := time.Now(), *seedFlag
	if first == 0 {
		first = freshSeed()
	}
	fmt.Printf("seeds from %d\n", first)
	steps, requests := 0, 0
	more := func() bool { return time.Since(begin) < *timeFlag || steps**coresWere < *freshFlag }
	for seed := first; more() && !t.Failed(); seed++ {
		r := try(t, seed)
		steps, requests = steps+r.Steps, requests+r.Requests
	}
	took := time.Since(begin).Seconds()
	fmt.Printf("seeds from %d: %d steps, %d requests and chores in %.0f s: %.0f steps, %.0f requests a second\n",
		first, steps, requests, took, float64(steps)/took, float64(requests)/took)
}

// onAllCores plays in several processes, since there is one source of random
// bytes in each.
func onAllCores(t *testing.T) {
	var all sync.WaitGroup
	for n := range *coresFlag {
		args := append(os.Args[1:], "-sim.cores=1", fmt.Sprintf("-sim.of=%d", *coresFlag), fmt.Sprintf("-sim.seed=%d", time.Now().UnixNano()+int64(n)<<40))
		cmd := exec.CommandContext(t.Context(), os.Args[0], args...)
		var said strings.Builder
		cmd.Stdout, cmd.Stderr = io.MultiWriter(&said, os.Stdout), &said
		all.Go(func() {
			if err := cmd.Run(); err != nil {
				t.Errorf("%v\n%s", err, said.String())
			}
		})
	}
	all.Wait()
}

// freshSeed is one that nobody tried before.
func freshSeed() uint64 { return uint64(time.Now().UnixNano()) }
