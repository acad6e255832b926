// Package wiring makes a whole site out of Options: database, keys, kinds of
// factor, rules, mail worker, screens and routes are put together here and nowhere
// else. The command line, the tests and applications that serve it themselves
// all use it.
package wiring

import (
	"context"
	"log/slog"
	"net/http"
	"sync"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/store"
)

// Site is a whole site.
type Site struct {
	set      Settings
	log      *slog.Logger
	rooms    Rooms
	migrated []string // the migrations that this start ran
	handler  *routes.Handler
	self     store.Process

	mailing bool // the mail worker runs
	stop    context.CancelFunc
	running sync.WaitGroup
}

// Rooms are the parts of a site, for the commands and tests of this program.
// They are not promised to host applications.
type Rooms struct {
	Store    *store.Store
	Keys     *store.Keys
	Hasher   *password.Hasher
	Login    *login.Service
	Accounts *accounts.Service

	// The following are nil before Prepare.
	Mail  *mail.Worker
	Watch *store.Watch
	Setup *routes.SetupToken // nil where there is an account
}

// Rooms gives the parts of the site.
func (s *Site) Rooms() Rooms { return s.rooms }

// Handler answers every URL of the site. It is nil before Prepare.
func (s *Site) Handler() http.Handler { return s.handler }

// Guard judges a request to a page of an application around the site.
func (s *Site) Guard(w http.ResponseWriter, r *http.Request, need routes.Need) *login.Visit {
	return s.handler.Guard(w, r, need)
}

// Prefix is the path under which the site lives; empty for the root.
func (s *Site) Prefix() string { return prefixOf(s.set.Login.URL) }

// Migrated are the names of the migrations that this start ran.
func (s *Site) Migrated() []string { return s.migrated }

// SetupLink is the link for making the first admin; empty when there is an
// account. It is kept nowhere else, and stops working when the site is closed.
func (s *Site) SetupLink() string {
	if s.rooms.Setup == nil {
		return ""
	}
	return s.rooms.Setup.Link(s.set.Login.URL)
}

// Begin opens database and keys and makes the rules. This is enough for
// commands that serve nothing.
func Begin(ctx context.Context, set Settings) (*Site, error) {
	db, err := set.OpenStore(ctx)
	if err != nil {
		return nil, err
	}
	s := &Site{set: set, log: set.Log, rooms: Rooms{Store: db}}
	if set.Thorough {
		err = db.Whole(ctx)
	}
	if err == nil {
		s.migrated, err = set.migrate(ctx, db)
	}
	if err == nil {
		s.rooms.Keys, err = set.OpenKeys(ctx, db)
	}
	if err != nil {
		_ = db.Close()
		return nil, err
	}
	s.rules()
	return s, nil
}

// With makes a site from a database and keys that are already open.
func With(set Settings, db *store.Store, keys *store.Keys) *Site {
	s := &Site{set: set, log: set.Log, rooms: Rooms{Store: db, Keys: keys}}
	s.rules()
	return s
}

// rules makes the services from settings, database and keys.
func (s *Site) rules() {
	opt, r := s.set.Login, &s.rooms
	r.Store.OnPost(func() {
		if r.Mail != nil {
			r.Mail.Wake()
		}
	})
	kinds := factors.Standard(factors.Email{Keys: r.Keys, TTL: opt.CodeTTL, Valid: identity.LooksLikeEmail}, factors.Recovery{Memory: s.set.Cost.MemoryKiB})
	if s.set.Kinds != nil {
		kinds = s.set.Kinds(kinds)
		r.Store.UseKinds(kinds)
	}
	r.Hasher = password.NewHasher(s.set.Cost, s.set.Slots, s.set.Queue)
	r.Login = login.New(r.Store, r.Hasher, opt, kinds)
	r.Login.UsePasses(r.Keys)
	r.Accounts = accounts.New(r.Store, r.Login, r.Hasher, s.set.Open)
}
