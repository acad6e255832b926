package commands

import (
	"context"
	"os"
	"os/signal"
	"sync"
	"syscall"
)

// hurry is closed when the process is told a second time to stop.
type hurry <-chan struct{}

// untilTold returns a context that ends when the process is told to stop, by
// SIGTERM, SIGINT or the end of its terminal (SIGHUP, unless nohup switched it
// off). SIGHUP does not count as a second time, because systemd can be set to
// send it right after SIGTERM.
func untilTold() (context.Context, hurry, func()) {
	ctx, end := context.WithCancel(context.Background())
	told, again := make(chan os.Signal, 4), make(chan struct{})
	signal.Notify(told, syscall.SIGINT, syscall.SIGTERM)
	if !signal.Ignored(syscall.SIGHUP) {
		signal.Notify(told, syscall.SIGHUP)
	}
	go func() {
		asked := 0
		for s := range told {
			end()
			if s == syscall.SIGHUP {
				continue
			}
			if asked++; asked == 2 {
				close(again)
			}
		}
	}()
	return ctx, again, func() { signal.Stop(told); close(told); end() }
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
