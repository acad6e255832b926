package commands

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"
)

// hurry is closed when the process is told a second time to stop.
type hurry <-chan struct{}

// hangup is what SIGHUP does in place of ending the process, where a command gives
// it something to do.
type hangup struct {
	told chan os.Signal
	do   atomic.Pointer[func()]
}

// instead has SIGHUP do something from now on, also under nohup.
func (h *hangup) instead(do func()) {
	h.do.Store(&do)
	signal.Notify(h.told, syscall.SIGHUP)
}

// untilTold returns a context that ends when the process is told to stop, by
// SIGTERM, SIGINT or the end of its terminal (SIGHUP, unless nohup switched it
// off). SIGHUP does not count as a second time, because systemd can be set to
// send it right after SIGTERM.
func untilTold() (context.Context, hurry, *hangup, func()) {
	ctx, end := context.WithCancel(context.Background())
	told, again := make(chan os.Signal, 4), make(chan struct{})
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(told, syscall.SIGHUP)
	}
	hup := &hangup{told: told}
	go func() {
		asked := 0
		for s := range told {
			if do := hup.do.Load(); s == syscall.SIGHUP && do != nil {
				go (*do)()
				continue
			}
			end()
			if s == syscall.SIGHUP {
				continue
			}
			if asked++; asked == 2 {
				close(again)
			}
		}
	}()
	return ctx, again, hup, func() { signal.Stop(told); close(told); end() }
}

// orAll waits until all work is done, or until the process is told to stop a
// second time.
func (again hurry) orAll(work *sync.WaitGroup) {
	done := make(chan struct{})
	go func() { work.Wait(); close(done) }()
	select {
	case <-again:
	case <-done:
	}
}
