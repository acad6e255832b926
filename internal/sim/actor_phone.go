package sim

func init() {
	AddActor(Actor{Name: "phone", Weight: 2, Acts: []Act{
		{"drifts", 4, phones(func(w *World, c *Chance, p *Person, phone *Phone) {
			phone.Drift = max(-2, min(2, phone.Drift+int64(c.N(3)-1)))
			w.Trace.Say("      the clock of %s's phone is %d s off", p.Name, phone.Drift*30)
		})},
		{"is set right", 3, phones(func(w *World, _ *Chance, p *Person, phone *Phone) {
			phone.Drift = 0
			w.Trace.Say("      the clock of %s's phone is set right", p.Name)
		})},
		{"is lost", 1, phones(func(w *World, _ *Chance, p *Person, phone *Phone) {
			phone.Lost = true
			w.Trace.Say("      %s loses a phone", p.Name)
		})},
		{"is found", 1, phones(func(w *World, _ *Chance, p *Person, phone *Phone) {
			phone.Lost = false
			w.Trace.Say("      %s finds a phone", p.Name)
		})},
	}})
}

// phones has something happen to one of somebody's phones.
func phones(do func(w *World, c *Chance, p *Person, phone *Phone)) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		p := Pick(c, w.People)
		if p.Gone || len(p.Phones) == 0 {
			return false
		}
		do(w, c, p, Pick(c, p.Phones))
		return true
	}
}
