package sim

import (
	"context"
	"log/slog"
	"path/filepath"
	"testing/synctest"

	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/store"
)

// Process is one server of the site.
type Process struct {
	N    int // from 1
	Site *wiring.Site
	Gate *Gate
	w    *World
}

// cheap is what a password costs in a simulation.
var cheap = password.Cost{MemoryKiB: 8, Time: 1, Threads: 1}

// begin starts a process on the files that are there.
func (w *World) begin(n int) (*Process, error) {
	st, err := theStage()
	if err != nil {
		return nil, err
	}
	p := &Process{N: n, Gate: NewGate(), w: w}
	set := st.set
	set.Data, set.Keys, set.Database, set.Make, set.Upgrade = w.dir, filepath.Join(w.dir, "keys.json"), w.database, true, true
	set.Login.Now, set.Open = w.Clock.Now, true
	set.Cost, set.Slots, set.Queue, set.AtOnce, set.Transport, set.Made = cheap, 8, 64, 1, carrier{w.Post, p.Gate}, st.made
	set.Log = slog.New(slog.NewTextHandler(w.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx := store.Between(context.Background(), p.Gate.Between)
	if p.Site, err = wiring.Begin(ctx, set); err != nil {
		p.Gate.End()
		p.Gate.Cut()
		return nil, err
	}
	if err = p.Site.Prepare(ctx, nil); err == nil {
		err = p.Site.Rooms().Watch.Ready()
	}
	if err != nil {
		p.kill()
		return nil, err
	}
	return p, nil
}

// kill ends a process without a word.
func (p *Process) kill() {
	p.Gate.End()
	_ = p.Site.Close()
	p.Gate.Cut()
}

// Restart ends a process and starts it again on the same files. A start that
// fails is reported: nothing that the simulation does excuses it.
func (w *World) Restart(p *Process) {
	if w.Processes[p.N-1] != p { // somebody else has started it again
		return
	}
	if w.meanwhile != nil { // what it was doing is done first
		w.meanwhile.let()
		w.meanwhile.give(1)
		synctest.Wait()
	}
	p.kill()
	fresh, err := w.begin(p.N)
	if err != nil && len(w.mendings) > 0 { // as it should, for a while
		w.Trace.Say("      process %d does not start before all is mended", p.N)
		w.Mend()
		fresh, err = w.begin(p.N)
	}
	if err != nil {
		w.Broken("a process starts again", "process %d does not start: %v", p.N, err)
		return
	}
	w.Processes[p.N-1] = fresh
}

// Alone runs something that a process does, in a goroutine of its own, so that
// the process may die in the middle. It says whether the process lives.
func (w *World) Alone(p *Process, do func()) bool {
	done := make(chan struct{})
	go func() {
		defer close(done)
		do()
	}()
	switch o := w.waits; {
	case w.meanwhile != nil:
		w.meanwhile.second(done)
	case o != nil:
		w.first(o, done)
	default:
		<-done
	}
	if !p.Gate.Dead() {
		return true
	}
	w.Trace.Say("      process %d dies, and starts again", p.N)
	w.Restart(p)
	return false
}
