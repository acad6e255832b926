// Package wiringtest runs the whole site in a test: the real router, a real
// database, mail in real files, and a clock that the test sets.
package sitetest

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/store"
)

// Password is good for every account that User makes.
const Password = "correct horse battery staple"

// Site is one running site.
type Site struct {
	T        testing.TB
	URL      string
	Store    *store.Store
	Watch    *store.Watch // not running: a test asks it
	Keys     *store.Keys
	Login    *login.Service
	Hasher   *password.Hasher
	Accounts *accounts.Service
	Setup    *routes.SetupToken
	Handler  http.Handler
	Database string // its address, for a second process
	Log      *strings.Builder

	htmx    bool // its browsers send HTMX requests
	mu      sync.Mutex
	now     time.Time
	worker  *mail.Worker
	mailDir string
	read    map[string]bool
}

// Config is what a test may change about its site.
type Config struct {
	Login    login.Options
	Open     bool // anyone may register
	Proxies  string
	Domain   string // parent domain of the applications behind proxies
	Rules    string // text of a file of access rules
	Home     string // where a sign-in without next ends
	Database string // empty: a fresh SQLite file
	Mail     string // a mail URL; empty: a folder that Mails reads
	Folder   string // empty: a fresh one; a given one lets a site be started again
	Now      time.Time
	Server   bool                              // listen on a real port; otherwise requests go straight to the router
	RealTime bool                              // the real clock
	Slots    int                               // password hashes at once; 0: one for each core
	Kinds    func(factors.Kinds) factors.Kinds // changes the kinds of factor; nil for the standard ones
	Queue    int                               // how many wait for one; 0: more than a test sends, on any machine
	Meter    *Meter                            // counts what goes to the database; may be nil
}

// shipped is a site without any setting, so that the tests run on the defaults
// that people get.
var shipped = sync.OnceValues(wiring.Options{}.Check)

// Defaults are a site as it is shipped, on a fixed day.
func Defaults() Config {
	set, err := shipped()
	if err != nil {
		panic(err)
	}
	return Config{Now: time.Date(2026, 11, 23, 12, 0, 5, 0, time.UTC), Login: set.Login}
}

// cheap keeps the suite quick. Tests about the cost of a hash do not use it.
var cheap = password.Cost{MemoryKiB: 64, Time: 1, Threads: 1}

// New starts a site; changes alter its configuration.
func New(t testing.TB, changes ...func(*Config)) *Site {
	t.Helper()
	c := Defaults()
	for _, change := range changes {
		change(&c)
	}
	if c.Folder == "" {
		c.Folder = t.TempDir()
	}
	if c.Database == "" {
		path := filepath.Join(c.Folder, "nightlatch.db")
		if err := putBlank(path); err != nil {
			t.Fatal(err)
		}
		c.Database = "sqlite:" + path
	}
	s := &Site{T: t, now: c.Now, mailDir: filepath.Join(c.Folder, "mail"), read: map[string]bool{}, Log: &strings.Builder{}, Database: c.Database}
	c.Login.Now = s.Now
	if c.RealTime {
		c.Login.Now = time.Now
	}
	var server *httptest.Server
	if c.Server { // the site must know its own address before it is built
		server = httptest.NewUnstartedServer(nil)
		host := "localhost"
		if c.Domain != "" { // browsers find every name under localhost on this machine
			host = "auth." + c.Domain
			c.Login.Host = host
		}
		c.Login.URL = fmt.Sprintf("http://%s:%d", host, server.Listener.Addr().(*net.TCPAddr).Port)
	}
	s.build(c)
	if server != nil {
		server.Config.Handler = s.Handler
		server.Start()
		t.Cleanup(server.Close)
	}
	return s
}

func (s *Site) build(c Config) {
	s.T.Helper()
	set, err := s.settings(c)
	if err != nil {
		s.T.Fatal(err)
	}
	ctx := context.Background()
	if c.Meter != nil {
		ctx = store.Between(ctx, c.Meter.Between)
	}
	x, err := wiring.Begin(ctx, set)
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { x.Close() })
	if err := x.Prepare(ctx, nil); err != nil {
		s.T.Fatal(err)
	}
	r := x.Rooms()
	s.Store, s.Watch, s.Keys, s.Login, s.Hasher, s.Accounts, s.Setup, s.worker = r.Store, r.Watch, r.Keys, r.Login, r.Hasher, r.Accounts, r.Setup, r.Mail
	s.URL, s.Handler = c.Login.URL, x.Handler()
}

// settings are those of a site as it is shipped, except for what the test
// changes and what would take long.
func (s *Site) settings(c Config) (set wiring.Settings, err error) {
	if set, err = shipped(); err != nil {
		return set, err
	}
	set.Data, set.Keys, set.Database, set.Make, set.Upgrade = c.Folder, filepath.Join(c.Folder, "keys.json"), c.Database, true, true
	set.Login, set.Open, set.Kinds = c.Login, c.Open, c.Kinds
	set.Domain, set.Home = c.Domain, c.Home
	if c.Rules != "" {
		if set.Rules, err = rulesOf(c); err != nil {
			return set, err
		}
	}
	set.Cost, set.Slots, set.Queue = cheap, c.Slots, cmp.Or(c.Queue, 256)
	set.Log = slog.New(slog.NewTextHandler(&locked{w: s.Log}, nil))
	if set.Mail, err = mail.ParseURL(cmp.Or(c.Mail, "dir:"+s.mailDir)); err != nil {
		return set, err
	}
	if set.Proxies, err = routes.ParseProxies(c.Proxies); err != nil {
		return set, err
	}
	if set.Made.Static, err = files(); err != nil {
		return set, err
	}
	if set.Made.Mails, err = renderers.get(mail.RenderOptions{Brand: c.Login.Brand, URL: c.Login.URL}); err != nil {
		return set, err
	}
	address, err := url.Parse(c.Login.URL)
	if err != nil {
		return set, err
	}
	stage, err := takeStage(address, c.Login.Now)
	if err != nil {
		return set, err
	}
	s.T.Cleanup(stage.giveBack)
	set.Made.Views = stage.views
	return set, nil
}

type locked struct {
	mu sync.Mutex
	w  io.Writer
}

func (l *locked) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.w.Write(p)
}

// Now is the site's clock.
func (s *Site) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.now
}

// Advance moves the clock.
func (s *Site) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// User makes an account whose password is Password.
func (s *Site) User(name string, role identity.Role) identity.Account {
	s.T.Helper()
	_, err := s.Accounts.Create(context.Background(), accounts.Form{Login: name, Password: Password, Role: role, Origin: "cli"}, "", identity.Event{Actor: "cli"})
	if err != nil {
		s.T.Fatalf("account %s was not made: %v", name, err)
	}
	return s.Account(name)
}

// Proven is User for somebody whose login is an address that they proved, so that
// other applications are told it.
func (s *Site) Proven(name string, role identity.Role) identity.Account {
	s.T.Helper()
	a := s.User(name, role)
	err := s.Store.Act(context.Background(), func(tx login.Act) (identity.Event, error) {
		a, err := tx.LockAccount(context.Background(), a.ID)
		if err != nil {
			return identity.Event{}, err
		}
		a.EmailVerified = s.Now()
		return identity.Event{At: s.Now(), Kind: identity.EventEmailVerified, AccountID: a.ID, Actor: "self"}, tx.SaveAccount(context.Background(), a)
	})
	if err != nil {
		s.T.Fatal(err)
	}
	return s.Account(name)
}

// Account reads an account as it is now.
func (s *Site) Account(name string) identity.Account {
	s.T.Helper()
	key, _ := identity.LoginKey(name)
	a, err := s.Store.AccountByKey(context.Background(), key)
	if err != nil {
		s.T.Fatalf("account %s: %v", name, err)
	}
	return a
}

// Events are the kinds of an account's events, newest first.
func (s *Site) Events(name string) (kinds []string) {
	s.T.Helper()
	list, err := s.Store.Events(context.Background(), s.Account(name).ID, 0, 100)
	if err != nil {
		s.T.Fatal(err)
	}
	for _, e := range list {
		kinds = append(kinds, string(e.Kind))
	}
	return kinds
}

// On puts a site on a fresh database of a kind, sqlite or postgres. The package
// needs TestMain with pgtest.Main.
func On(t testing.TB, kind string) func(*Config) {
	return func(c *Config) {
		if kind == "postgres" {
			c.Database = pgtest.Reused(t, migrate)
		}
	}
}

// Admin is a browser in which an admin of the given name is signed in at level
// 2. The account is made when there is none.
func (s *Site) Admin(name string) *Browser {
	s.T.Helper()
	s.User(name, identity.Admin)
	b := s.Browser().SignIn(name)
	b.EnrollTOTP()
	return b
}
