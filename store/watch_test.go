package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// onFile runs a test on an embedded database with one account.
func onFile(t *testing.T, do func(t *testing.T, s *store.Store, path string)) {
	path := filepath.Join(t.TempDir(), "nightlatch.db")
	s := withKeys(t, open(t, "sqlite:"+path))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	account(t, s, "ada")
	do(t, s, path)
}

func nothing(login.Tx) error { return nil }

// A database file that is deleted, moved or replaced under a running server is
// noticed before and after each write, and nothing is reported as kept.
func TestAFileThatIsNotTheDatabaseAnyMoreTakesNothing(t *testing.T) {
	for name, spoil := range map[string]func(path string) error{
		"deleted": os.Remove,
		"moved":   func(path string) error { return os.Rename(path, path+".old") },
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+".new", nil, 0o600), os.Rename(path+".new", path))
		},
		"log deleted": func(path string) error { return os.Remove(path + "-wal") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFile(t, func(t *testing.T, s *store.Store, path string) {
				var told []error
				w := s.Watch(store.Process{ID: identity.NewID()}, func(err error) { told = append(told, err) })
				if err := errors.Join(w.Ready(), w.Lost()); err != nil {
					t.Fatal(err)
				}
				during := s.Write(t.Context(), func(login.Tx) error { return spoil(path) })
				after := s.Write(t.Context(), nothing)
				for _, err := range []error{during, after} {
					if !errors.Is(err, store.ErrLost) || !store.Unavailable(err) {
						t.Errorf("a write: %v", err)
					}
				}
				w = s.Watch(store.Process{ID: identity.NewID()}, func(err error) { told = append(told, err) })
				if w.Ready() == nil || !errors.Is(w.Lost(), store.ErrLost) || len(told) != 1 {
					t.Errorf("%v, %v, told %v", w.Ready(), w.Lost(), told)
				}
			})
		})
	}
}

// A file that is put back is the database again.
func TestAFileThatComesBackIsServedAgain(t *testing.T) {
	t.Parallel()
	onFile(t, func(t *testing.T, s *store.Store, path string) {
		if err := os.Rename(path, path+".old"); err != nil {
			t.Fatal(err)
		}
		w := s.Watch(store.Process{ID: identity.NewID()}, func(error) {})
		if w.Ready() == nil {
			t.Fatal("ready without a file")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { w.Run(ctx); close(done) }()
		if err := os.Rename(path+".old", path); err != nil {
			t.Fatal(err)
		}
		waitUntil(t, func() bool { return w.Lost() == nil && w.Ready() == nil })
		stop()
		<-done
		if err := s.Write(t.Context(), nothing); err != nil {
			t.Error(err)
		}
	})
}

// A file that is cut is damaged; one that its owner tidied up is not.
func TestAFileThatBecameShorter(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		shorten func(t *testing.T, path string)
		lost    bool
	}{
		"cut": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 8192); err != nil {
				t.Fatal(err)
			}
		}, true},
		"cut to nothing": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 0); err != nil {
				t.Fatal(err)
			}
		}, true},
		"tidied up": {func(t *testing.T, path string) {
			db := raw(t, "sqlite:"+path)
			run(t, db, "VACUUM")
			run(t, db, "PRAGMA wal_checkpoint(TRUNCATE)")
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			onFile(t, func(t *testing.T, s *store.Store, path string) {
				db := raw(t, "sqlite:"+path)
				run(t, db, "CREATE TABLE filling (x BLOB)")
				run(t, db, "INSERT INTO filling VALUES (zeroblob(300000))")
				run(t, db, "DROP TABLE filling")
				run(t, db, "PRAGMA wal_checkpoint(TRUNCATE)")
				db.Close()
				w := s.Watch(store.Process{ID: identity.NewID()}, func(error) {})
				if err := w.Ready(); err != nil {
					t.Fatal(err)
				}
				c.shorten(t, path)
				ctx, stop := context.WithCancel(t.Context())
				defer stop()
				go w.Run(ctx)
				if c.lost {
					waitUntil(t, func() bool { return w.Lost() != nil && w.Ready() != nil })
					return
				}
				waitUntil(t, func() bool { return w.Ready() == nil })
				if w.Lost() != nil || s.Write(t.Context(), nothing) != nil {
					t.Error(w.Lost())
				}
			})
		})
	}
}

// A database that loses its tables or its accounts under a running server, as
// when it is dropped and made again, is not the site's any more.
func TestAnEmptiedDatabaseIsLost(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		account(t, s, "ada")
		w := s.Watch(store.Process{ID: identity.NewID()}, func(error) {})
		if err := w.Ready(); err != nil {
			t.Fatal(err)
		}
		run(t, raw(t, url), "DELETE FROM accounts")
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		go w.Run(ctx)
		waitUntil(t, func() bool { return w.Ready() != nil && w.Lost() != nil })
	})
}

// One write is made for however many ask whether the database takes any.
func TestProbesAreShared(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		w := s.Watch(store.Process{ID: identity.NewID()}, func(error) {})
		db := raw(t, url)
		run(t, db, "CREATE TABLE counted (n BIGINT)")
		if strings.HasPrefix(url, "sqlite:") {
			run(t, db, "CREATE TRIGGER count_beats AFTER INSERT ON servers BEGIN INSERT INTO counted VALUES (1); END")
		} else {
			run(t, db, "CREATE FUNCTION count_beat() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN INSERT INTO counted VALUES (1); RETURN NEW; END $$")
			run(t, db, "CREATE TRIGGER count_beats AFTER INSERT OR UPDATE ON servers FOR EACH ROW EXECUTE FUNCTION count_beat()")
		}
		together(50, func(int) {
			if err := w.Ready(); err != nil {
				t.Error(err)
			}
		})
		var n int
		if err := db.NewRaw("SELECT count(*) FROM counted").Scan(t.Context(), &n); err != nil || n == 0 || n > 10 {
			t.Errorf("%d writes for 50 questions, %v", n, err)
		}
	})
}

// A file with a torn page does not get as far as a server.
func TestADamagedFileIsNotServed(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nightlatch.db")
	s := withKeys(t, open(t, "sqlite:"+path))
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := s.Whole(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.Close()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for page := int64(2); page < 12; page++ {
		if _, err := f.WriteAt([]byte("this is no page of a database"), page*4096); err != nil {
			t.Fatal(err)
		}
	}
	if err := open(t, "sqlite:"+path).Whole(t.Context()); err == nil || !strings.Contains(err.Error(), "damaged") {
		t.Errorf("it is %v", err)
	}
}
