// Command faults brings back, one at a time, the faults that sign-in sites had,
// and sees how soon the simulation finds each: go run ./internal/sim/faults.
// What came of it goes into docs/SIMULATION.md, and the seeds are kept.
package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Where everything lies, from the root of the module.
const (
	patches = "internal/sim/testdata/faults"
	kept    = "internal/sim/testdata/faults/found.json"
	page    = "docs/SIMULATION.md"
)

// found is how a fault was found.
type found struct {
	Fault string
	Rule  string // empty when it was not found
	Seed  uint64 // of the run that broke the rule
	Steps int    // of that run
	Total int    // steps until then, of all seeds
}

func main() {
	only := flag.String("only", "", "only the faults whose names fit this pattern")
	within := flag.Int("within", 200_000, "steps to find a fault in")
	seed := flag.Uint64("seed", uint64(time.Now().Unix()), "the first seed")
	table := flag.Bool("table", false, "only write the table anew of what is kept")
	flag.Parse()
	if err := run(*only, *within, *seed, *table); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(only string, within int, seed uint64, table bool) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	all, err := readFaults(filepath.Join(root, patches))
	if err != nil {
		return err
	}
	fits, err := regexp.Compile(only)
	if err != nil {
		return err
	}
	list, err := readFound(root)
	if err != nil {
		return err
	}
	chosen := slices.DeleteFunc(slices.Clone(all), func(f fault) bool { return table || !fits.MatchString(f.name) })
	b, err := newBuilds(root, all, chosen)
	if err != nil {
		return err
	}
	defer b.remove()
	var failed error
	for _, f := range chosen {
		x, err := b.play(f, within, seed)
		if err != nil { // the others can be played all the same
			failed = errors.Join(failed, fmt.Errorf("%s: %w", f.name, err))
			continue
		}
		list[f.name] = x
		if err := writeFound(root, all, list); err != nil {
			return err
		}
	}
	return errors.Join(failed, writeTable(root, all, list))
}

// moduleRoot is where the module lies.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

// play plays fresh seeds with a fault until a rule is broken that fits. A run
// that breaks one without the fault as well shows nothing.
func (b builds) play(f fault, within int, seed uint64) (x found, err error) {
	binary, name := b.all, f.name
	if own := b.apart[f.name]; own != "" {
		binary, name = own, ""
	}
	steps := 0
	for {
		if x, err = b.run(binary, name, f.rules, within-steps, seed); err != nil || x.Rule == "" {
			break
		}
		without, err := b.run(b.all, "", nil, x.Steps, x.Seed)
		if err != nil {
			return x, err
		}
		if without.Rule == "" {
			break
		}
		fmt.Printf("%s: seed %d breaks %q without it\n", f.name, x.Seed, without.Rule)
		seed, steps = x.Seed+1, steps+x.Total
	}
	x.Fault, x.Total = f.name, x.Total+steps
	fmt.Printf("%-40s %-40s seed %d, %d steps, %d in all\n", f.name, x.Rule, x.Seed, x.Steps, x.Total)
	return x, err
}

// run plays seeds for so many steps, or until one of the rules is broken; any
// when there are none.
func (b builds) run(binary, name string, rules []string, within int, seed uint64) (x found, err error) {
	args := []string{"-test.run", "^TestUntilBroken$", "-test.timeout", "0", fmt.Sprintf("-sim.within=%d", within),
		fmt.Sprintf("-sim.seed=%d", seed), "-sim.rules=" + strings.Join(rules, "; ")}
	if rules == nil {
		args = append(args, fmt.Sprintf("-sim.steps=%d", within))
	}
	cmd := exec.Command(binary, args...)
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(b.root, "internal/sim"), &said, os.Stderr
	cmd.Env = append(os.Environ(), faultVariable+"="+name)
	if err := cmd.Run(); err != nil {
		return x, fmt.Errorf("%w\n%s", err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if text, ok := strings.CutPrefix(line, "FOUND "); ok {
			err = json.Unmarshal([]byte(text), &x)
		} else if strings.HasPrefix(line, "BESIDE ") {
			fmt.Printf("%s %s", name, line)
		}
	}
	return x, err
}
