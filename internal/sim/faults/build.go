package main

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// builds are the programs that play: one that has all faults, of which the
// environment wakes one, and one for each fault that is not in it.
type builds struct {
	root, dir string
	all       string            // path of the first
	apart     map[string]string // of the others, by the names of their faults
}

// newBuilds builds what the chosen of all faults need; nothing when none is
// chosen.
func newBuilds(root string, all, chosen []fault) (b builds, err error) {
	b = builds{root: root, apart: map[string]string{}}
	if len(chosen) == 0 {
		return b, nil
	}
	if b.dir, err = os.MkdirTemp("", "nightlatch-faults-"); err != nil {
		return b, err
	}
	s, err := switchAll(root, all)
	if err == nil {
		b.all, err = b.build("all", s.files)
	}
	for _, f := range chosen {
		if !s.apart[f.name] || err != nil {
			continue
		}
		var files map[string]string
		if files, err = f.apply(root); err == nil {
			b.apart[f.name], err = b.build(f.name, files)
		}
	}
	return b, err
}

func (b builds) remove() { _ = os.RemoveAll(b.dir) }

// build builds the simulation with other files than are there, and gives the
// path of the program.
func (b builds) build(as string, files map[string]string) (string, error) {
	dir := filepath.Join(b.dir, as)
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	replace := map[string]string{}
	for name, text := range files {
		to := filepath.Join(dir, strings.ReplaceAll(name, "/", "_"))
		if err := os.WriteFile(to, []byte(text), 0o600); err != nil {
			return "", err
		}
		replace[filepath.Join(b.root, filepath.FromSlash(name))] = to
	}
	text, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay, binary := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "sim.test")
	if err := os.WriteFile(overlay, text, 0o600); err != nil {
		return "", err
	}
	cmd := exec.Command("go", "test", "-c", "-vet=off", "-overlay", overlay, "-o", binary, "./internal/sim")
	cmd.Dir = b.root
	if said, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, said)
	}
	return binary, nil
}
