package store_test

import (
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/store"
)

// tables lists what is in a database, bun's own notes left out.
func tables(t *testing.T, db *bun.DB) (names []string) {
	t.Helper()
	list := "SELECT tablename FROM pg_tables WHERE schemaname = current_schema() AND tablename NOT LIKE 'bun%' ORDER BY 1"
	if db.Dialect().Name().String() != "pg" {
		list = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'bun%' AND name NOT LIKE 'sqlite%' ORDER BY 1"
	}
	if err := db.NewRaw(list).Scan(t.Context(), &names); err != nil {
		t.Fatal(err)
	}
	return names
}

func allDone(t *testing.T, s *store.Store) bool {
	t.Helper()
	steps, err := s.Steps(t.Context())
	if err != nil || len(steps) == 0 {
		t.Fatalf("%v, %v", steps, err)
	}
	return !slices.ContainsFunc(steps, func(x store.Step) bool { return !x.Done })
}

func TestMigrateUpDownUp(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s, db := open(t, url), raw(t, url)
		if blank, err := s.Blank(t.Context()); err != nil || !blank {
			t.Fatalf("blank: %v, %v", blank, err)
		}
		up, err := s.Migrate(t.Context())
		if err != nil || len(up) == 0 || !allDone(t, s) {
			t.Fatalf("up: %v, %v", up, err)
		}
		there := tables(t, db)
		for _, want := range []string{"accounts", "credentials", "sessions", "events", "outbox"} {
			if !slices.Contains(there, want) {
				t.Errorf("no table %s in %v", want, there)
			}
		}
		if more, err := s.Migrate(t.Context()); err != nil || len(more) != 0 {
			t.Fatalf("up twice: %v, %v", more, err)
		}
		_, cred := account(t, withKeys(t, s), "ada")
		for i := len(up) - 1; i >= 0; i-- {
			kept := 0 // read as any version could: today's columns go with their steps
			err := db.NewRaw("SELECT count(*) FROM credentials WHERE id = ?", cred.ID).Scan(t.Context(), &kept)
			if err != nil || kept != 1 {
				t.Fatalf("before %s is undone: %d, %v", up[i], kept, err)
			}
			undone, err := s.Undo(t.Context(), anything)
			if err != nil || undone != up[i] {
				t.Fatalf("down: %q instead of %q, %v", undone, up[i], err)
			}
		}
		if undone, err := s.Undo(t.Context(), anything); err != nil || undone != "" {
			t.Fatalf("down with nothing left: %q, %v", undone, err)
		}
		if left := tables(t, db); len(left) != 0 {
			t.Errorf("left after the way down: %v", left)
		}
		if blank, err := s.Blank(t.Context()); err != nil || !blank || allDone(t, s) {
			t.Fatalf("blank again: %v, %v", blank, err)
		}
		if _, err := s.Migrate(t.Context()); err != nil || !slices.Equal(tables(t, db), there) {
			t.Fatalf("up again: %v, %v", tables(t, db), err)
		}
		account(t, s, "ada")
	})
}

func anything(store.Loss) error { return nil }

func withKeys(t *testing.T, s *store.Store) *store.Store {
	s.UseKeys(newKeys(t))
	return s
}

// Several processes that start at once migrate once.
func TestMigrateTogether(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		handles := make([]*store.Store, 6)
		for i := range handles {
			handles[i] = open(t, url)
		}
		var steps atomic.Int32
		together(len(handles), func(i int) {
			done, err := handles[i].Migrate(t.Context())
			if err != nil {
				t.Error(err)
			}
			steps.Add(int32(len(done)))
		})
		var noted int
		if err := raw(t, url).NewRaw("SELECT count(*) FROM bun_migrations").Scan(t.Context(), &noted); err != nil {
			t.Fatal(err)
		}
		if int(steps.Load()) != noted || noted == 0 || !allDone(t, handles[0]) {
			t.Errorf("%d steps were taken and %d noted", steps.Load(), noted)
		}
	})
}

// A crash between a step and the note that it was done loses nothing: the step
// is taken again, whole or half done, and what is in the tables stays.
func TestMigrateAfterACrash(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s, db := withKeys(t, open(t, url)), raw(t, url)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		there := tables(t, db)
		_, cred := account(t, s, "ada")
		for _, undo := range []string{"", "DROP TABLE outbox", "DROP INDEX sessions_account"} {
			run(t, db, "DELETE FROM bun_migrations")
			if undo != "" {
				run(t, db, undo)
			}
			if allDone(t, s) {
				t.Fatal("the note is still there")
			}
			if _, err := s.Migrate(t.Context()); err != nil || !allDone(t, s) || !slices.Equal(tables(t, db), there) {
				t.Fatalf("after %q: %v", undo, err)
			}
			if got, err := s.Credentials(t.Context(), cred.AccountID, cred.Kind); err != nil || len(got) != 1 || string(got[0].Secret) != "secret of ada" {
				t.Fatalf("after %q: %v, %v", undo, len(got), err)
			}
		}
	})
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	for _, c := range []struct{ url, want string }{
		{"mysql://x", "the database must be sqlite:PATH or postgres://…"},
		{"sqlite:", "the SQLite address names no file"},
		{"sqlite:" + t.TempDir(), "cannot be opened: is a directory"},
		{"sqlite:" + t.TempDir() + "/lost/nightlatch.db", "cannot be opened: no such file or directory"},
		{"postgres://ada:hunter2@127.0.0.1:1/x?sslmode=disable", "the PostgreSQL server does not answer"},
		{"postgres://ada:hunter2@127.0.0.1:1/x?sslmode=odd", "the PostgreSQL address has an sslmode that is none of"},
	} {
		_, err := store.Open(t.Context(), c.url)
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Contains(err.Error(), "hunter2") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%s: %v", c.url, err)
		}
	}
}
