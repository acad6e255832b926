package sim

import (
	"context"
	"errors"
)

func init() {
	AddActor(Actor{Name: "site", Weight: 16, Acts: []Act{
		{"sends mail", 12, everyProcess("sends mail", sendMail)},
		{"sweeps", 3, everyProcess("sweeps", func(ctx context.Context, p *Process) error {
			r := p.Site.Rooms()
			return errors.Join(r.Login.Sweep(ctx), r.Accounts.Sweep(ctx))
		})},
		{"looks at its database", 2, everyProcess("looks at its database", func(_ context.Context, p *Process) error {
			return p.Site.Rooms().Watch.Ready()
		})},
		{"looks at its keys", 1, everyProcess("looks at its keys", lookAtKeys)},
	}})
}

func lookAtKeys(ctx context.Context, p *Process) error {
	r := p.Site.Rooms()
	return errors.Join(r.Store.FollowKeys(ctx), r.Keys.Reload())
}

func sendMail(ctx context.Context, p *Process) error {
	_, err := p.Site.Rooms().Mail.Once(ctx)
	return err
}

// everyProcess has one of the processes do what goes on beside requests.
func everyProcess(what string, do func(context.Context, *Process) error) func(*World, *Chance) bool {
	return func(w *World, c *Chance) bool {
		w.Chore(Pick(c, w.Processes), what, do)
		return true
	}
}

// Chore has a process do something beside requests. It does one at a time.
func (w *World) Chore(p *Process, what string, do func(context.Context, *Process) error) {
	if w.chores[p] {
		return
	}
	w.chores[p] = true
	defer delete(w.chores, p)
	ctx, cancel := context.WithTimeout(context.Background(), giveUp)
	defer cancel()
	var err error
	w.sending = w.requests
	lives := w.Alone(p, func() { err = do(w.part(ctx), p) })
	w.requests++
	switch {
	case !lives:
		w.Trace.Say("      process %d %s, and does not come to its end", p.N, what)
	case err != nil:
		w.Trace.Say("      process %d %s, and fails", p.N, what)
	default:
		w.Trace.Say("      process %d %s", p.N, what)
	}
}
