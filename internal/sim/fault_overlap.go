package sim

func init() {
	AddFault(Fault{Name: "two at once", Weight: 12, Arm: standStill})
}

// standStill has one request of this step stand still between two of its calls
// while somebody else acts.
func standStill(w *World, c *Chance) {
	if w.waits != nil {
		return
	}
	at, begins := 1+c.N(30), 0
	if c.Seldom(2) {
		at, begins = 0, 1+c.N(5)
	}
	w.standStillAt(at, begins, nil)
}

// standStillIn has the next request stand still before one of its first transactions, while
// something that goes with it is done.
func (w *World) standStillIn(c *Chance, then func(*Exchange) bool) { w.standStillAt(0, 1+c.N(4), then) }

// standStillAt has the next request stand still before one of its calls or, where that is none, before
// one of its transactions: between two of them is where others can change what it has read.
func (w *World) standStillAt(at, begins int, then func(*Exchange) bool) {
	o := newOverlap()
	o.then, w.waits = then, o
	w.gateRequests(func(x Call) Verdict {
		if x.Begins() {
			begins--
		}
		if x.N == at || at == 0 && x.Begins() && begins == 0 {
			return Parks
		}
		return Goes
	}, o)
}

// gateRequests has the calls of all processes judged in this step; the first
// request that a judge parks is the one that stands still.
func (w *World) gateRequests(fate func(Call) Verdict, o *overlap) {
	n := 0
	for _, p := range w.Processes {
		j := p.Gate.Arm(func(x Call) Verdict {
			n++
			x.N = n
			return fate(x)
		})
		j.overlap = o
		w.Break(1, "", func() bool { return false }, func() {
			j.Leave()
			w.waits = nil
		})
	}
}
