package commands

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"syscall"
	"time"
)

// The server's patience. A browser that dawdles is not waited for.
const (
	headerTimeout = 5 * time.Second
	readTimeout   = 15 * time.Second
	writeTimeout  = 60 * time.Second
	idleTimeout   = 2 * time.Minute
	maxHeader     = 32 << 10
	drain         = 10 * time.Second // for requests under way when the process is told to stop
)

type serveCmd struct {
	Name string `placeholder:"NAME" help:"Brand, and issuer in authenticator apps ($NIGHTLATCH_NAME)."`
}

// Run serves until it is told to stop.
func (x serveCmd) Run(ctx context.Context, f *Flags, std Streams, again hurry) error {
	f.Name = cmp.Or(x.Name, f.Name)
	s, err := f.check(std)
	if err != nil {
		return err
	}
	s.Make, s.Thorough = true, true
	b, err := s.begin(ctx)
	if err != nil {
		return err
	}
	b.again = again
	return b.serve(ctx, std)
}

// serve serves until it is told to stop, and closes the site.
func (b *base) serve(ctx context.Context, std Streams) error {
	defer b.end()
	numbers := newMetrics(b.store.QueuedMail)
	if err := b.site.Prepare(ctx, numbers.observe); err != nil {
		return err
	}
	listener, err := listen("NIGHTLATCH_ADDR (--addr)", b.settings.addr)
	if err != nil {
		return err
	}
	if b.settings.metrics != "" {
		side, err := listen("NIGHTLATCH_METRICS_ADDR (--metrics-addr)", b.settings.metrics)
		if err != nil {
			return err
		}
		working, rest := context.WithCancel(context.Background())
		var running sync.WaitGroup
		running.Go(func() { _ = serveUntil(working, b.again, side, numbers.handler()) })
		defer running.Wait()
		defer rest()
	}
	if err := b.site.Start(ctx); err != nil {
		return err
	}
	if link := b.site.SetupLink(); link != "" {
		if err := printSetup(std, link); err != nil {
			return err
		}
	}
	b.announce(listener.Addr())
	err = serveUntil(ctx, b.again, listener, b.site.Handler())
	b.settings.Log.Info("stopping")
	return err
}

// end closes the site, unless the process is told again to stop.
func (b *base) end() {
	var work sync.WaitGroup
	work.Go(func() { _ = b.site.Close() })
	b.again.orAll(&work)
}

// announce logs what this start did, and where it serves.
func (b *base) announce(addr net.Addr) {
	log := b.settings.Log
	for _, step := range b.site.Migrated() {
		log.Info("migrated", "step", step)
	}
	log.Info("serving", "addr", addr.String(), "url", b.settings.Login.URL)
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
