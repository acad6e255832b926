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

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/static"
	"nightlatch.example/nightlatch/store"
	"nightlatch.example/nightlatch/views"
)

// base is what every command that touches accounts needs.
type base struct {
	settings settings
	log      *slog.Logger
	store    *store.Store
	keys     *store.Keys
	login    *login.Service
	accounts *accounts.Service
	wake     func()   // set by serve; the mail worker's
	migrated []string // the steps that this start took
	making   making
	again    hurry // set by serve and demo
}

// making says whether a command may make a database and keys where there are
// none. Only serve, demo and migrate up do: a mistyped folder is to be noticed.
type making bool

// open reads the configuration, opens and migrates the database that is there,
// and opens the keys.
func (f *Flags) open(ctx context.Context, io Streams) (*base, error) {
	s, err := f.check()
	if err != nil {
		return nil, err
	}
	return s.begin(ctx, io, false)
}

func (s settings) begin(ctx context.Context, io Streams, mk making) (*base, error) {
	var err error
	b := &base{settings: s, log: newLog(io.Err, s.level), wake: func() {}, making: mk}
	warnStrangers(b.log)
	if b.store, err = openStore(ctx, s, mk); err != nil {
		return nil, err
	}
	if s.thorough {
		err = b.store.Whole(ctx)
	}
	if err == nil {
		err = b.prepare(ctx, io.Err)
	}
	if err != nil {
		b.store.Close()
		return nil, err
	}
	return b, nil
}

// firstStart is what to do about a site that is not there.
const firstStart = "start the server once, or run nightlatch migrate up"

// openStore opens the database. One that may be made is made, and the folder of
// the embedded one with it.
func openStore(ctx context.Context, s settings, mk making) (*store.Store, error) {
	if path, embedded := strings.CutPrefix(s.database, "sqlite:"); embedded && missing(path) {
		if err := s.orphaned(); err != nil {
			return nil, err
		}
		if !mk {
			return nil, noDatabase(path)
		}
	}
	if bool(mk) && (strings.HasPrefix(s.database, "sqlite:"+s.data) || s.keys != "" && strings.HasPrefix(s.keys, s.data)) {
		if err := store.MakeFolder(s.data); err != nil {
			return nil, fmt.Errorf("NIGHTLATCH_DATA (--data): %w", err)
		}
	}
	db, err := store.Open(ctx, s.database)
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	return db, nil
}

// noDatabase is what a command says that makes none.
func noDatabase(path string) error {
	return fmt.Errorf("NIGHTLATCH_DATABASE (--database): there is no database %s: %s", path, firstStart)
}

func missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// orphaned refuses to begin an empty database beside keys that were used: the
// one that they belong to was lost, or another one was named, and whoever came
// first would be the admin of a new site.
func (s settings) orphaned() error {
	if missing(s.keys) {
		return nil
	}
	return fmt.Errorf("the key file %s belongs to a database that is not here: NIGHTLATCH_DATABASE names an empty one. "+
		"Name the right one, or put a backup back with nightlatch restore; to begin a new site on purpose, move the key file away first", s.keys)
}

// prepare migrates, opens the keys and makes the services. A migration that takes
// long says to a writer how far it is.
func (b *base) prepare(ctx context.Context, to io.Writer) error {
	if err := b.migrate(ctx, to); err != nil {
		return err
	}
	if err := b.openKeys(ctx); err != nil {
		return err
	}
	b.services()
	return nil
}

// services makes the rules from settings, database and keys.
func (b *base) services() {
	opt := b.settings.login
	opt.Wake = func() { b.wake() }
	hasher := password.NewHasher(b.settings.cost, runtime.GOMAXPROCS(0), 0)
	b.login = login.New(b.store, hasher, opt, factors.Standard(factors.Email{Keys: b.keys, TTL: opt.CodeTTL, Valid: identity.LooksLikeEmail}, factors.Recovery{}))
	b.accounts = accounts.New(b.store, b.login, hasher, b.settings.open)
}

// migrate brings the embedded database up to date, and a PostgreSQL that was
// never used. One that is in use is migrated only when somebody says so.
func (b *base) migrate(ctx context.Context, to io.Writer) error {
	blank, err := b.store.Blank(ctx)
	if err != nil {
		return fmt.Errorf("the database cannot be read: %w", err)
	}
	if blank {
		if err := b.settings.orphaned(); err != nil {
			return err
		}
		if !b.making {
			return fmt.Errorf("NIGHTLATCH_DATABASE (--database): there is no site in this database yet: %s", firstStart)
		}
	}
	if err := b.store.Fit(ctx); err != nil {
		return err
	}
	if b.store.Embedded() || blank {
		defer showProgress(b.store, to, b.log)()
		if b.migrated, err = b.store.Migrate(ctx); err != nil {
			return fmt.Errorf("the database cannot be migrated: %w", err)
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

// openKeys opens the keys, and sees that they are those of the database. They
// are made only while nothing is sealed: a new file would open nothing of what
// is there, and hide that the old one is lost.
func (b *base) openKeys(ctx context.Context) error {
	used, err := b.store.UsesKeys(ctx)
	if err != nil {
		return err
	}
	path := b.settings.keys
	b.keys, err = store.OpenKeys(path, bool(b.making) && !used)
	switch {
	case errors.Is(err, fs.ErrNotExist) && used:
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): the key file %s is missing, but the database holds secrets that only it opens: bring it back from your backup, or from another host of this site", path)
	case errors.Is(err, fs.ErrNotExist) && !bool(b.making):
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): there is no key file %s: %s", path, firstStart)
	case err != nil:
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	b.store.UseKeys(b.keys)
	if err := b.store.Adopt(ctx); err != nil {
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	return nil
}

// newLog writes text to a terminal and JSON lines elsewhere.
func newLog(w io.Writer, level slog.Level) *slog.Logger {
	opt := &slog.HandlerOptions{Level: level}
	if terminal(w) {
		return slog.New(slog.NewTextHandler(w, opt))
	}
	return slog.New(slog.NewJSONHandler(w, opt))
}

// worker makes the mail worker.
func (b *base) worker(overrides fs.FS) (*mail.Worker, error) {
	opt := b.settings.login
	renderer, err := mail.NewRenderer(mail.RenderOptions{Brand: opt.Brand, URL: opt.URL, Overrides: overrides})
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_VIEWS (--views): %w", err)
	}
	if folder := b.settings.mail.Folder(); folder != "" { // here, so that it belongs to whom the data does
		if err := store.MakeFolder(folder); err != nil {
			return nil, fmt.Errorf("NIGHTLATCH_MAIL (--mail) cannot be used: %w", err)
		}
	}
	if b.settings.mail.Remote() && mail.LocalSender(b.settings.from) {
		b.log.Warn("NIGHTLATCH_MAIL_FROM has no domain that other mail servers know; most will refuse it", "from", b.settings.from)
	}
	transport, err := b.settings.mail.Open(mail.TransportOptions{Hello: b.settings.helo})
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

// handler makes the site from what serve knows of it.
func (b *base) handler(overrides fs.FS, o routes.Options) (http.Handler, error) {
	var err error
	if o.Static, err = static.New(overrides); err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_VIEWS (--views): %w", err)
	}
	opt := b.settings.login
	o.Views, err = views.New(views.Options{Overrides: overrides, Asset: o.Static.Path, Now: opt.Now, Host: opt.Host})
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_VIEWS (--views): %w", err)
	}
	o.Login, o.Accounts, o.Proxies, o.Log, o.Gallery = b.login, b.accounts, b.settings.proxies, b.log, b.settings.gallery
	return routes.New(o), nil
}
