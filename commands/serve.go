package commands

import (
	"cmp"
	"context"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
	"github.com/gin-gonic/gin"
)

// How long and how much the server accepts from a browser.
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
func (x serveCmd) Run(ctx context.Context, f *Flags, std Streams, again hurry, hup *hangup) error {
	f.Name = cmp.Or(x.Name, f.Name)
	s, err := f.check(std)
	if err != nil {
		return err
	}
	if err := s.useRules(hup); err != nil {
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
	gin.SetMode(gin.ReleaseMode)
	numbers := newMetrics(b)
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
		if err := b.printSetup(std, link); err != nil {
			return err
		}
	}
	b.announce(listener.Addr())
	go watchdog(ctx, b.site.Handler())
	tell(daemon.SdNotifyReady)
	err = serveUntil(ctx, b.again, listener, b.site.Handler())
	b.settings.Log.Info("stopping")
	return err
}

// end closes the site. When the process is told to stop a second time, it does
// not wait.
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
	if addr.Network() == "unix" && !b.settings.Proxies.Sockets() {
		log.Warn("every visitor has the same address, and they share its limits: add unix to NIGHTLATCH_TRUSTED_PROXIES where a proxy sends X-Forwarded-For")
	}
	log.Info("serving", "addr", addr.String(), "url", b.settings.Login.URL)
}

// printSetup prints the link for making the first admin, which is kept nowhere
// else. Without any standard output, as under some supervisors, the site is served
// all the same, and the log says what to do.
func (b *base) printSetup(std Streams, link string) error {
	if lostOut(std) {
		b.settings.Log.Warn("there is no standard output for the setup link: make the first admin with nightlatch user add LOGIN --admin")
		return nil
	}
	return printOnce(std, "the setup link", "No account exists yet. Make the first admin here: "+link, "start the server again to get another")
}

// serveUntil serves until it is told to stop, and then lets requests under way
// finish, unless it is told to stop a second time.
func serveUntil(ctx context.Context, again hurry, l net.Listener, h http.Handler) error {
	s := &http.Server{Handler: h, ReadHeaderTimeout: headerTimeout, ReadTimeout: readTimeout, WriteTimeout: writeTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeader}
	done := make(chan error, 1)
	go func() { done <- s.Serve(l) }()
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		tell(daemon.SdNotifyStopping)
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
