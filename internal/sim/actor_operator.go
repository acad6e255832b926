package sim

func init() {
	AddActor(Actor{Name: "operator", Weight: 2, Acts: []Act{
		{"restarts a process", 3, func(w *World, c *Chance) bool {
			p := Pick(c, w.Processes)
			w.Trace.Say("      the operator restarts process %d", p.N)
			w.Restart(p)
			return true
		}},
	}})
}
