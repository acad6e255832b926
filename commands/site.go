package commands

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http"
	"os"
	"runtime"
	"strings"
	"time"

	"github.com/mattn/go-isatty"

	"nightlatch/accounts"
	"nightlatch/factors"
	"nightlatch/login"
	"nightlatch/mail"
	"nightlatch/routes"
	"nightlatch/static"
	"nightlatch/store"
	"nightlatch/views"
)

// base is what every command that touches accounts needs.
type base struct {
	settings settings
	log      *slog.Logger
	store    *store.Store
	login    *login.Service
	accounts *accounts.Service
	wake     func() // set by serve; the mail worker's
}

// open reads the configuration, opens and migrates the database, and opens or
// makes the keys.
func (f *Flags) open(ctx context.Context, io Streams) (*base, error) {
	s, err := f.check()
	if err != nil {
		return nil, err
	}
	b := &base{settings: s, log: newLog(io.Err, s.level), wake: func() {}}
	if b.store, err = openStore(ctx, s); err != nil {
		return nil, err
	}
	if err := b.prepare(ctx); err != nil {
		b.store.Close()
		return nil, err
	}
	return b, nil
}

// openStore opens the database; the folder of the embedded one is made.
func openStore(ctx context.Context, s settings) (*store.Store, error) {
	if strings.HasPrefix(s.database, "sqlite:"+s.data) || s.keys != "" && strings.HasPrefix(s.keys, s.data) {
		if err := store.MakeFolder(s.data); err != nil {
			return nil, err
		}
	}
	return store.Open(ctx, s.database)
}

func (b *base) prepare(ctx context.Context) error {
	if err := b.migrate(ctx); err != nil {
		return err
	}
	keys, err := b.openKeys(ctx)
	if err != nil {
		return err
	}
	b.store.UseKeys(keys)
	opt := b.settings.login
	opt.Wake = func() { b.wake() }
	hasher := login.NewHasher(login.DefaultCost, runtime.GOMAXPROCS(0), 0)
	b.login = login.New(b.store, hasher, opt, factors.TOTP{}, factors.Email{Keys: keys, TTL: opt.CodeTTL}, factors.Recovery{})
	b.accounts = accounts.New(b.store, b.login, hasher, b.settings.open)
	return nil
}

// migrate brings the embedded database up to date, and a PostgreSQL that was
// never used. One that is in use is migrated only when somebody says so.
func (b *base) migrate(ctx context.Context) error {
	blank, err := b.store.Blank(ctx)
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	if b.store.Embedded() || blank {
		done, err := b.store.Migrate(ctx)
		if err != nil {
			return fmt.Errorf("the database cannot be migrated: %w", err)
		}
		for _, step := range done {
			b.log.Info("migrated", "step", step)
		}
		return nil
	}
	steps, err := b.store.Steps(ctx)
	for _, s := range steps {
		if !s.Done {
			return errors.New("the database is older than this program: run nightlatch migrate up")
		}
	}
	return err
}

// openKeys opens the keys. They are made only while nothing is sealed: a new
// file would open nothing of what is there, and hide that the old one is lost.
func (b *base) openKeys(ctx context.Context) (*store.Keys, error) {
	sealed, err := b.store.Sealed(ctx)
	if err != nil {
		return nil, err
	}
	keys, err := store.OpenKeys(b.settings.keys, !sealed)
	if errors.Is(err, fs.ErrNotExist) && sealed {
		return nil, fmt.Errorf("the key file %s is missing, but the database holds secrets that only it opens: bring it back from your backup", b.settings.keys)
	}
	return keys, err
}

// newLog writes text to a terminal and JSON lines elsewhere.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if f, ok := w.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// worker makes the mail worker.
func (b *base) worker(overrides fs.FS) (*mail.Worker, error) {
	opt := b.settings.login
	renderer, err := mail.NewRenderer(mail.RenderOptions{Brand: opt.Brand, URL: opt.URL, Overrides: overrides})
	if err != nil {
		return nil, err
	}
	transport, err := b.settings.mail.Open(mail.TransportOptions{})
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_MAIL (--mail) cannot be used: %w", err)
	}
	w, err := mail.New(mail.Options{Outbox: b.store, Transport: transport, Renderer: renderer, From: b.settings.from,
		Log: b.log, Now: opt.Now, Poll: time.Second})
	if err == nil {
		b.wake = w.Wake
	}
	return w, err
}

// handler makes the site.
func (b *base) handler(overrides fs.FS, setup *routes.SetupToken, ready func() error) (http.Handler, error) {
	files, err := static.New(overrides)
	if err != nil {
		return nil, err
	}
	screens, err := views.New(views.Options{Overrides: overrides, Asset: files.Path, Now: b.settings.login.Now, Host: b.settings.login.Host})
	if err != nil {
		return nil, err
	}
	return routes.New(routes.Options{Login: b.login, Accounts: b.accounts, Views: screens, Static: files,
		Proxies: b.settings.proxies, Setup: setup, Ready: ready, Log: b.log, Gallery: b.settings.gallery}), nil
}
