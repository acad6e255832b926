package sim

import (
	"os"
	"path/filepath"
	"time"

	"nightlatch.example/nightlatch/store"
)

func init() {
	AddFault(Fault{Name: "the clock jumps", Weight: 5, Arm: jump})
	AddFault(Fault{Name: "the key file is swapped", Weight: 3, Arm: swapKeys})
}

// jump sets the clock wrong for some steps, and right again.
func jump(w *World, c *Chance) {
	if w.Clock.Off() != 0 || w.punctual {
		return
	}
	d := Pick(c, []time.Duration{time.Second, 40 * time.Second, 5 * time.Minute, time.Hour, 26 * time.Hour, 365 * 24 * time.Hour})
	if c.Seldom(2) {
		d = -d
	}
	w.Clock.Jump(d)
	w.Trace.Say("      the clock is set by %s", d)
	w.Break(1+c.N(40), "", func() bool { return false }, func() {
		w.Clock.Jump(-w.Clock.Off())
		w.jump = w.Clock.Real()
		w.Trace.Say("      the clock is set right again")
	})
}

// swapKeys has another keyset lie in the place of the site's for some steps.
func swapKeys(w *World, c *Chance) {
	path := filepath.Join(w.dir, "keys.json")
	aside := path + ".aside"
	if _, err := os.Stat(aside); err == nil {
		return
	}
	if err := os.Rename(path, aside); err != nil {
		return
	}
	if err := otherKeys(path); err != nil {
		_ = os.Rename(aside, path)
		return
	}
	w.Trace.Say("      another key file takes the place of the site's")
	if p := Pick(c, w.Processes); c.Seldom(2) {
		w.Chore(p, "looks at its keys", lookAtKeys)
	}
	w.Break(1+c.N(20), "", func() bool { return false }, func() {
		_ = os.Rename(aside, path)
		w.Trace.Say("      the key file is back")
	})
}

// otherKeys makes a keyset that opens nothing of the site.
func otherKeys(path string) error {
	_, err := store.OpenKeys(path, true)
	return err
}
