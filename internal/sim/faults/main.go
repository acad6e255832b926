// Command faults brings back, one at a time, the faults that sign-in sites had,
// and sees how soon the simulation finds each: go run ./internal/sim/faults.
// What came of it goes into docs/SIMULATION.md, and the seeds are kept.
package main

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
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
	for _, f := range all {
		if table || !fits.MatchString(f.name) {
			continue
		}
		x, err := f.play(root, within, seed)
		if err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
		list[f.name] = x
		if err := writeFound(root, all, list); err != nil {
			return err
		}
	}
	return writeTable(root, all, list)
}

// moduleRoot is where the module lies.
func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
}

// play builds the simulation with a fault, beside the files that are there, and
// plays until a rule is broken that fits.
func (f fault) play(root string, within int, seed uint64) (x found, err error) {
	dir, err := os.MkdirTemp("", "nightlatch-fault-")
	if err != nil {
		return x, err
	}
	defer os.RemoveAll(dir)
	overlay, err := f.overlay(root, dir)
	if err != nil {
		return x, err
	}
	binary := filepath.Join(dir, "sim.test")
	build := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./internal/sim")
	build.Dir = root
	if said, err := build.CombinedOutput(); err != nil {
		return x, fmt.Errorf("%w\n%s", err, said)
	}
	cmd := exec.Command(binary, "-test.run", "^TestUntilBroken$", "-test.timeout", "0", fmt.Sprintf("-sim.within=%d", within),
		fmt.Sprintf("-sim.seed=%d", seed), "-sim.rules="+strings.Join(f.rules, "; "))
	var said bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = filepath.Join(root, "internal/sim"), &said, os.Stderr
	if err := cmd.Run(); err != nil {
		return x, fmt.Errorf("%w\n%s", err, said.String())
	}
	for line := range strings.Lines(said.String()) {
		if text, ok := strings.CutPrefix(line, "FOUND "); ok {
			err = json.Unmarshal([]byte(text), &x)
		} else if strings.HasPrefix(line, "BESIDE ") {
			fmt.Printf("%s %s", f.name, line)
		}
	}
	x.Fault = f.name
	fmt.Printf("%-40s %-40s seed %d, %d steps, %d in all\n", f.name, x.Rule, x.Seed, x.Steps, x.Total)
	return x, err
}

// overlay writes the changed files into a folder, and what has the go command
// take them.
func (f fault) overlay(root, dir string) (path string, err error) {
	files, err := f.apply(root)
	if err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(root, filepath.FromSlash(name))] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	path = filepath.Join(dir, "overlay.json")
	return path, os.WriteFile(path, text, 0o600)
}
