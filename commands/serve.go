package commands

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"os"
	"sync"
	"syscall"
	"time"

	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/store"
)

// The server's patience. A browser that dawdles is not waited for.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	drain         = 10 * time.Second // for requests under way when the process is told to stop
	sweepEvery    = 15 * time.Second
)

type serveCmd struct {
	Name string `placeholder:"Nightlatch" help:"Brand, and issuer in authenticator apps ($NIGHTLATCH_NAME)."`
}

// Run serves until it is told to stop.
func (x serveCmd) Run(ctx context.Context, f *Flags, io Streams, again hurry) error {
	f.Name = either(x.Name, f.Name)
	s, err := f.check()
	if err != nil {
		return err
	}
	s.thorough = true
	b, err := s.begin(ctx, io, true)
	if err != nil {
		return err
	}
	defer b.store.Close()
	b.again = again
	return b.serve(ctx, io)
}

// serve serves until it is told to stop.
func (b *base) serve(ctx context.Context, io Streams) error {
	var overrides fs.FS
	if b.settings.views != "" {
		overrides = os.DirFS(b.settings.views)
	}
	worker, err := b.worker(overrides)
	if err != nil {
		return err
	}
	self := newProcess()
	if err := b.store.Announce(ctx, self); err != nil {
		return err
	}
	watch := b.store.Watch(self, b.lost)
	o := routes.Options{Lost: watch.Lost, Unavailable: store.Unavailable,
		Ready: func() error { return errors.Join(watch.Ready(), b.keys.Reload(), worker.Ready()) }}
	empty, err := b.accounts.Empty(ctx)
	if err != nil {
		return err
	}
	if empty {
		o.Setup = routes.NewSetupToken()
	}
	numbers := newMetrics(b.store.QueuedMail)
	o.Observe = numbers.observe
	handler, err := b.handler(overrides, o)
	if err != nil {
		return err
	}
	working, rest := context.WithCancel(context.Background())
	defer rest()
	var background sync.WaitGroup
	listener, err := listen("NIGHTLATCH_ADDR (--addr)", b.settings.addr)
	if err != nil {
		return err
	}
	if b.settings.metrics != "" {
		side, err := listen("NIGHTLATCH_METRICS_ADDR (--metrics-addr)", b.settings.metrics)
		if err != nil {
			return err
		}
		background.Go(func() { _ = serveUntil(working, b.again, side, numbers.handler()) })
	}
	background.Go(func() { watch.Run(working) })
	background.Go(func() { worker.Run(working) })
	background.Go(func() { b.sweep(working) })
	background.Go(func() { b.watchKeys(working, self) })
	background.Go(func() { b.watchClock(working) })
	if empty {
		if err := printSetup(io, o.Setup.Link(b.settings.login.URL)); err != nil {
			return err
		}
	}
	b.announce(listener.Addr())
	err = serveUntil(ctx, b.again, listener, handler)
	b.log.Info("stopping")
	rest()
	b.again.orAll(&background)
	return err
}

// lost logs that the database is not there any more, or is back.
func (b *base) lost(err error) {
	if err != nil {
		b.log.Error("nothing is served: the database is lost", "error", err)
		return
	}
	b.log.Info("the database is back")
}

// announce logs what this start did, and where it serves.
func (b *base) announce(addr net.Addr) {
	for _, step := range b.migrated {
		b.log.Info("migrated", "step", step)
	}
	b.log.Info("serving", "addr", addr.String(), "url", b.settings.login.URL)
}

// printSetup says where the first admin is made, which is kept nowhere else.
func printSetup(std Streams, link string) error {
	return printOnce(std, "the setup link", "No account exists yet. Make the first admin here: "+link, "starting again makes another")
}

// listen opens a port, and says plainly when it cannot.
func listen(name, addr string) (net.Listener, error) {
	l, err := net.Listen("tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%s: %s is taken by another program", name, addr)
	case err != nil:
		return nil, fmt.Errorf("%s: cannot listen on %s: %w", name, addr, err)
	}
	return l, nil
}

// serveUntil serves, and lets requests under way end when it is told to stop,
// unless it is told again.
func serveUntil(ctx context.Context, again hurry, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
	}
	end, cancel := context.WithTimeout(context.Background(), drain)
	defer cancel()
	go func() {
		select {
		case <-again:
			cancel()
		case <-end.Done():
		}
	}()
	if err := s.Shutdown(end); err != nil {
		return s.Close()
	}
	return nil
}

// sweep ends from time to time what is over.
func (b *base) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := errors.Join(b.login.Sweep(ctx), b.accounts.Sweep(ctx)); err != nil && ctx.Err() == nil {
			b.log.Error("sweep failed", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}
