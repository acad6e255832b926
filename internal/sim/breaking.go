package sim

// mending is what ends a fault.
type mending struct {
	at   int // the last step with it
	undo func()
	said string
	hit  func() bool // whether anything came of it
}

// Break has something be broken for some steps, of which this one is the first. It is told in the
// trace when hit says that something came of it.
func (w *World) Break(steps int, said string, hit func() bool, undo func()) {
	w.mendings = append(w.mendings, mending{w.Step + steps - 1, undo, said, hit})
}

// arm lets something break in this step, once in a while.
func (w *World) arm(c *Chance) {
	if w.Calm || len(faults) == 0 || !c.Seldom(8) {
		return
	}
	f := faults[c.Weighted(len(faults), func(i int) int { return faults[i].Weight })]
	f.Arm(w, c)
}

// disarm mends what was broken until now.
func (w *World) disarm() {
	var on []mending
	for _, m := range w.mendings {
		if m.hit() {
			w.Hit = true
			w.Trace.Say("      meanwhile %s", m.said)
		}
		if m.at > w.Step {
			on = append(on, m)
			continue
		}
		m.undo()
	}
	w.mendings = on
}

// Mend ends everything that is broken, at once.
func (w *World) Mend() {
	all := w.mendings
	w.mendings = nil
	for _, m := range all {
		w.Hit = m.hit() || w.Hit
		m.undo()
	}
}
