package sim

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

var (
	withinFlag = flag.Int("sim.within", 0, "play seeds until a rule is broken, for so many steps")
	rulesFlag  = flag.String("sim.rules", "", "only these rules count then, parted by semicolons")
	keptFlag   = flag.Bool("sim.kept", false, "play the seeds of all faults that were found, and not of the shortest few")
)

// What a binary into which a fault was brought back plays; see
// internal/sim/faults. It tells which rule was broken, and by which seed.
func TestUntilBroken(t *testing.T) {
	type found struct {
		Rule         string
		Seed         uint64
		Steps, Total int
	}
	x := found{Seed: *seedFlag}
	rules := strings.Split(*rulesFlag, "; ")
	for x.Total < *withinFlag {
		r := Play(t, plan(t, x.Seed))
		x.Steps = r.Steps
		x.Total += r.Steps
		for _, b := range r.Breaches {
			if *rulesFlag == "" || slices.Contains(rules, b.Rule) {
				x.Rule = b.Rule
				text, _ := json.Marshal(x)
				fmt.Printf("FOUND %s\n", text)
				if *traceFlag {
					fmt.Println(r.Trace)
				}
				return
			}
			fmt.Printf("BESIDE seed %d: %s\n", x.Seed, b)
		}
		x.Seed++
	}
	x.Seed, x.Steps = 0, 0
	text, _ := json.Marshal(x)
	fmt.Printf("FOUND %s\n", text)
}

// fewSteps is how long a run of a fault is that is played in every test run.
const fewSteps = 60

// The runs that found a fault hold now that it is mended.
func TestSeedsOfFaultsHold(t *testing.T) {
	text, err := os.ReadFile("testdata/faults/found.json")
	if err != nil {
		t.Fatal(err)
	}
	var list []struct {
		Fault string
		Seed  uint64
		Steps int
	}
	if err := json.Unmarshal(text, &list); err != nil {
		t.Fatal(err)
	}
	for _, f := range list {
		if f.Steps == 0 || f.Steps > fewSteps && !*keptFlag {
			continue
		}
		p := plan(t, f.Seed)
		p.Steps = p.Steps[:min(f.Steps, len(p.Steps))]
		if r := Play(t, p); len(r.Breaches) > 0 {
			t.Errorf("%s: %s breaks a rule:\n%s", f.Fault, p, r.Trace)
		}
	}
}
