package sitetest

import (
	"context"
	"database/sql"
	"fmt"
	"nightlatch.example/nightlatch/internal/pgtest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Restart ends the site and starts it again on the same database, keys and
// mails, at the same time of day.
func (s *Site) Restart() *Site {
	s.T.Helper()
	if err := s.Store.Close(); err != nil {
		s.T.Fatal(err)
	}
	next := New(s.T, func(c *Config) {
		c.Login, c.Open, c.Now = s.Login.Options(), s.Accounts.Open(), s.Now()
		c.Database, c.Folder = s.Database, filepath.Dir(s.mailDir)
	})
	next.read = s.read
	next.htmx = s.htmx
	return next
}

// At is the same browser, with the same cookies, at another site.
func (b *Browser) At(s *Site) *Browser {
	c := *b
	c.Site = s
	return &c
}

// From sends a browser's requests from another address, as in 203.0.113.9 or
// 2001:db8::1.
func (b *Browser) From(address string) *Browser {
	if strings.Contains(address, ":") {
		address = "[" + address + "]"
	}
	b.Address = address + ":4711"
	return b
}

// AtOnce does something n times in parallel and gives all answers.
func AtOnce(n int, do func(i int) *Page) []*Page {
	pages := make([]*Page, n)
	var all sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		all.Go(func() {
			<-start
			pages[i] = do(i)
		})
	}
	close(start)
	all.Wait()
	return pages
}

// Change changes what a test needs changed, with a made-up event, for nothing is
// changed without one.
func (s *Site) Change(do func(ctx context.Context, tx login.Act) error) {
	s.T.Helper()
	if err := Change(s.Store, s.Now(), do); err != nil {
		s.T.Fatal(err)
	}
}

// Change is Site.Change for a store without a site. The event names no account,
// so that the events of an account stay those that it caused.
func Change(kept login.Store, now time.Time, do func(ctx context.Context, tx login.Act) error) error {
	ctx := context.Background()
	return kept.Act(ctx, func(tx login.Act) (identity.Event, error) {
		return identity.Event{At: now, Kind: "test", Actor: "system"}, do(ctx, tx)
	})
}

// edit changes an account.
func (s *Site) edit(id string, how func(*identity.Account)) {
	s.T.Helper()
	s.Change(func(ctx context.Context, tx login.Act) error {
		a, err := tx.LockAccount(ctx, id)
		if err != nil {
			return err
		}
		how(&a)
		return tx.SaveAccount(ctx, a)
	})
}

// Disable switches an account off, as an admin does.
func (s *Site) Disable(name string) {
	s.T.Helper()
	s.edit(s.Account(name).ID, func(a *identity.Account) { a.Disabled = s.Now() })
}

// Prove confirms an account's address, as its owner would.
func (s *Site) Prove(a identity.Account) {
	s.T.Helper()
	s.edit(a.ID, func(a *identity.Account) { a.EmailVerified = s.Now() })
}

// Stored is everything that is kept: the bytes of the SQLite files or every
// row of every PostgreSQL table, and the log.
func (s *Site) Stored() string {
	s.T.Helper()
	all := s.Log.String()
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
		for _, end := range []string{"", "-wal"} {
			b, err := os.ReadFile(path + end)
			if err != nil {
				s.T.Fatal(err)
			}
			all += string(b)
		}
		return all
	}
	db := pgtest.Connect(s.T, s.Database)
	defer db.Close()
	for _, table := range s.column(db, "SELECT table_name FROM information_schema.tables WHERE table_schema = 'public'") {
		all += strings.Join(s.column(db, fmt.Sprintf("SELECT t::text FROM %q t", table)), "\n")
	}
	return all
}

func (s *Site) column(db *sql.DB, query string) (list []string) {
	s.T.Helper()
	rows, err := db.Query(query)
	if err != nil {
		s.T.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		var one string
		if err := rows.Scan(&one); err != nil {
			s.T.Fatal(err)
		}
		list = append(list, one)
	}
	return list
}

// Crowd holds every slot for hashing and lets so many of an address wait for
// one, until release is called. The site needs Config.Slots to be 1.
func (s *Site) Crowd(address string, waiters int) (release func()) {
	s.T.Helper()
	entered, leave := make(chan struct{}), make(chan struct{})
	var all sync.WaitGroup
	all.Go(func() {
		_ = s.Hasher.Do(context.Background(), address, func() error { close(entered); <-leave; return nil })
	})
	<-entered
	for range waiters {
		all.Go(func() { _ = s.Hasher.Do(context.Background(), address, func() error { return nil }) })
	}
	s.Waiting(waiters)
	return sync.OnceFunc(func() { close(leave); all.Wait() })
}

// Waiting returns once so many wait for a slot for hashing.
func (s *Site) Waiting(n int) {
	s.T.Helper()
	for end := time.Now().Add(time.Minute); s.Hasher.Waiting() != n; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.T.Fatalf("%d wait instead of %d", s.Hasher.Waiting(), n)
		}
	}
}
