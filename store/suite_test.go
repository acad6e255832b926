package store_test

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/pgdialect"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/sqliteshim"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// noon is when these tests happen.
var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// each runs a test on an empty SQLite file and on an empty PostgreSQL database.
func each(t *testing.T, do func(t *testing.T, url string)) {
	t.Run("sqlite", func(t *testing.T) { do(t, "sqlite:"+filepath.Join(t.TempDir(), "nightlatch.db")) })
	if slices.Contains(pgtest.Databases(), "postgres") {
		t.Run("postgres", func(t *testing.T) { do(t, pgtest.DSN(t)) })
	}
}

// migrated brings an empty database up to date.
func migrated(url string) error {
	s, err := store.Open(context.Background(), url)
	if err != nil {
		return err
	}
	_, err = s.Migrate(context.Background())
	return errors.Join(err, s.Close())
}

// blank is a migrated SQLite file with nothing in it.
var blank = sync.OnceValues(func() ([]byte, error) {
	dir, err := os.MkdirTemp("", "nightlatch-blank-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "blank.db")
	if err := migrated("sqlite:" + path); err != nil {
		return nil, err
	}
	return os.ReadFile(path)
})

// onStore runs a test on a migrated database of both sorts, which is a copy of one:
// migrating takes longer than most of these tests.
func onStore(t *testing.T, do func(t *testing.T, s *store.Store, url string)) {
	onStoreOf := func(t *testing.T, url string) {
		s := open(t, url)
		s.UseKeys(newKeys(t))
		if err := s.Adopt(t.Context()); err != nil {
			t.Fatal(err)
		}
		do(t, s, url)
	}
	t.Run("sqlite", func(t *testing.T) {
		path := filepath.Join(t.TempDir(), "nightlatch.db")
		text, err := blank()
		if err == nil {
			err = os.WriteFile(path, text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
		onStoreOf(t, "sqlite:"+path)
	})
	if slices.Contains(pgtest.Databases(), "postgres") {
		t.Run("postgres", func(t *testing.T) { onStoreOf(t, pgtest.Copied(t, migrated)) })
	}
}

func open(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func newKeys(t *testing.T) *store.Keys {
	t.Helper()
	keys, err := store.OpenKeys(filepath.Join(t.TempDir(), "keys.json"), true)
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

// raw is the database as someone who stole it sees it.
func raw(t *testing.T, url string) *bun.DB {
	t.Helper()
	var db *bun.DB
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		pool, err := sql.Open(sqliteshim.ShimName, "file:"+path+"?_pragma=busy_timeout(5000)")
		if err != nil {
			t.Fatal(err)
		}
		db = bun.NewDB(pool, sqlitedialect.New())
	} else {
		db = bun.NewDB(pgtest.Connect(t, url), pgdialect.New())
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func run(t *testing.T, db *bun.DB, statement string, args ...any) {
	t.Helper()
	if _, err := db.ExecContext(t.Context(), statement, args...); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
}

// write runs a transaction that must work.
func write(t testing.TB, s *store.Store, do func(tx login.Act) error) {
	t.Helper()
	if err := s.Do(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

// act runs a transaction that must work and ends with an event.
func act(t testing.TB, s *store.Store, do func(tx login.Act) (identity.Event, error)) {
	t.Helper()
	if err := s.Act(context.Background(), do); err != nil {
		t.Fatal(err)
	}
}

// account makes an account with one authenticator app.
func account(t testing.TB, s *store.Store, name string) (identity.Account, factors.Credential) {
	t.Helper()
	ctx := context.Background()
	a := identity.Account{ID: identity.NewID(), Login: name, Key: name, Role: identity.Member, Origin: "cli", Standing: identity.Active, Created: noon}
	c := factors.Credential{ID: identity.NewID(), AccountID: a.ID, Kind: factors.KindTOTP, Name: "Phone",
		Secret: []byte("secret of " + name), Created: noon}
	write(t, s, func(tx login.Act) error {
		if err := tx.InsertAccount(ctx, a); err != nil {
			return err
		}
		return tx.InsertCredentials(ctx, c)
	})
	c.Version = 1
	return a, c
}

// together runs n goroutines that start at once, and waits for all.
func together(n int, do func(i int)) {
	start := make(chan struct{})
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() { <-start; do(i) })
	}
	close(start)
	all.Wait()
}

// waitUntil asks again and again until something is so.
func waitUntil(t *testing.T, so func() bool) {
	t.Helper()
	for late := time.Now().Add(time.Minute); !so(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatal("it never came to be")
		}
	}
}
