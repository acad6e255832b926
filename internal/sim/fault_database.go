package sim

import "fmt"

func init() {
	AddFault(Fault{Name: "a call fails", Weight: 6, Arm: once(Fails, "the database fails at call %d of process %d")})
	AddFault(Fault{Name: "the line is lost", Weight: 3, Arm: once(LosesLine, "the connection is lost at call %d of process %d")})
	AddFault(Fault{Name: "an answer is not heard", Weight: 4, Arm: once(Unheard, "the database answers call %d of process %d, and the answer does not arrive")})
	AddFault(Fault{Name: "a call hangs", Weight: 2, Arm: once(Hangs, "the database hangs at call %d of process %d")})
	AddFault(Fault{Name: "a process dies", Weight: 6, Arm: once(Dies, "the process is killed before call %d of process %d")})
	AddFault(Fault{Name: "a process dies after a call", Weight: 3, Arm: once(DiesAfter, "the process is killed after call %d of process %d")})
	AddFault(Fault{Name: "a commit fails", Weight: 4, Arm: atCommit(Fails, "the database fails at a commit of process %d")})
	AddFault(Fault{Name: "a commit is not heard", Weight: 4, Arm: atCommit(Unheard, "a commit of process %d succeeds, and the answer does not arrive")})
	AddFault(Fault{Name: "a process dies after a commit", Weight: 4, Arm: atCommit(DiesAfter, "process %d is killed right after a commit")})
	AddFault(Fault{Name: "the disk is full", Weight: 2, Arm: diskFull})
}

// once breaks one call of one process.
func once(v Verdict, words string) func(*World, *Chance) {
	return func(w *World, c *Chance) {
		p, at := Pick(c, w.Processes), 1+c.N(60)
		w.gate(p, 1, fmt.Sprintf(words, at, p.N), func(x Call) Verdict {
			if x.N == at {
				return v
			}
			return Goes
		})
	}
}

// atCommit breaks one of the next commits of one process.
func atCommit(v Verdict, words string) func(*World, *Chance) {
	return func(w *World, c *Chance) {
		p, left := Pick(c, w.Processes), 1+c.N(5)
		w.gate(p, 1, fmt.Sprintf(words, p.N), func(x Call) Verdict {
			if x.Op != OpCommit {
				return Goes
			}
			if left--; left == 0 {
				return v
			}
			return Goes
		})
	}
}

// diskFull has nothing be written for some steps, in all processes.
func diskFull(w *World, c *Chance) {
	steps := 1 + c.N(20)
	for _, p := range w.Processes {
		w.gate(p, steps, "the disk is full", func(x Call) Verdict {
			if x.Op == OpWrite || x.Op == OpCommit {
				return Fails
			}
			return Goes
		})
	}
}

// gate has the calls of a process judged for some steps.
func (w *World) gate(p *Process, steps int, said string, fate func(Call) Verdict) {
	j := p.Gate.Arm(fate)
	w.Break(steps, said, func() bool { return j.Hit() > 0 }, j.Leave)
}
