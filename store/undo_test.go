package store_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/oldsite"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/store"
)

// oldSites are the site of the first version on both databases, as copies that
// can be changed.
func oldSites(t *testing.T) (urls map[string]string, keys *store.Keys) {
	t.Helper()
	dir, dsn := t.TempDir(), pgtest.DSN(t)
	oldsite.Folder(t, dir)
	oldsite.Postgres(t, dsn)
	keys, err := store.OpenKeys(filepath.Join(dir, "keys.json"), false)
	if err != nil {
		t.Fatal(err)
	}
	return map[string]string{"sqlite": "sqlite:" + filepath.Join(dir, "nightlatch.db"), "postgres": dsn}, keys
}

// contents are all rows of the tables that are named, in the columns named.
func contents(t *testing.T, db *bun.DB, shape map[string][]string) map[string][]string {
	t.Helper()
	all := map[string][]string{}
	for table, columns := range shape {
		rows, err := db.QueryContext(t.Context(), "SELECT "+strings.Join(columns, ", ")+" FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row, into := make([]any, len(columns)), make([]any, len(columns))
			for i := range row {
				into[i] = &row[i]
			}
			if err := rows.Scan(into...); err != nil {
				t.Fatal(err)
			}
			all[table] = append(all[table], fmt.Sprint(row...))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(all[table])
	}
	return all
}

// shapeOf is every table with its columns.
func shapeOf(t *testing.T, db *bun.DB) map[string][]string {
	t.Helper()
	list := "SELECT column_name FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ? ORDER BY 1"
	if db.Dialect().Name().String() != "pg" {
		list = "SELECT name FROM pragma_table_info(?) ORDER BY 1"
	}
	shape := map[string][]string{}
	for _, table := range tables(t, db) {
		var columns []string
		if err := db.NewRaw(list, table).Scan(t.Context(), &columns); err != nil {
			t.Fatal(err)
		}
		shape[table] = columns
	}
	return shape
}

// held is a moment of a database: what it holds, in which shape.
type held struct {
	shape map[string][]string
	rows  map[string][]string
	but   []string // tables, and columns as TABLE.COLUMN, whose rows are not compared
}

func holds(t *testing.T, db *bun.DB, but ...string) held {
	t.Helper()
	shape := shapeOf(t, db)
	compared := map[string][]string{}
	for table, columns := range shape {
		if !slices.Contains(but, table) {
			compared[table] = slices.DeleteFunc(slices.Clone(columns), func(c string) bool { return slices.Contains(but, table+"."+c) })
		}
	}
	return held{shape, contents(t, db, compared), but}
}

// same fails the test unless a database holds now what it held then.
func (h held) same(t *testing.T, db *bun.DB, when string) {
	t.Helper()
	now := holds(t, db, h.but...)
	if !reflect.DeepEqual(h.shape, now.shape) {
		t.Errorf("%s: the tables are %v instead of %v", when, now.shape, h.shape)
	}
	for table, rows := range h.rows {
		if !slices.Equal(rows, now.rows[table]) {
			t.Errorf("%s: %s changed:\n%v\nbefore:\n%v", when, table, now.rows[table], rows)
		}
	}
}

// A site of the first version is brought up to date, and taken back and up
// again by one step, two, and so on to all that came since. Each way up ends
// with the same rows, all the way down everything is as the first version left
// it, and every secret opens.
func TestASiteOfTheFirstVersionGoesUpAndDown(t *testing.T) {
	t.Parallel()
	urls, keys := oldSites(t)
	for name, url := range urls {
		t.Run(name, func(t *testing.T) {
			db := raw(t, url)
			before := holds(t, db, "words", "directory.searched") // which follow from the accounts, in each version's own way
			for _, table := range []string{"accounts", "credentials", "events"} {
				if len(before.rows[table]) == 0 {
					t.Fatal("the old site is empty")
				}
			}
			s := open(t, url)
			s.UseKeys(keys)
			came, err := s.Migrate(t.Context())
			if err != nil || len(came) == 0 {
				t.Fatal(came, err)
			}
			after := holds(t, db)
			if n, shut, err := s.CheckSealed(t.Context()); err != nil || n == 0 || len(shut) > 0 {
				t.Errorf("%d of %d sealed values do not open, %v", len(shut), n, err)
			}
			for n := 1; n <= len(came); n++ {
				for i := range n {
					if step, err := s.Undo(t.Context(), anything); err != nil || step != came[len(came)-1-i] {
						t.Fatalf("down: %q, %v", step, err)
					}
				}
				if n == len(came) {
					before.same(t, db, "all the way down")
				}
				if _, err := s.Migrate(t.Context()); err != nil {
					t.Fatal(err)
				}
				after.same(t, db, fmt.Sprintf("up again from %s", came[len(came)-n]))
			}
			if got, err := s.VerifyEvents(t.Context(), ""); err != nil || got.Broken > 0 {
				t.Errorf("the audit log is broken: %+v, %v", got, err)
			}
		})
	}
}

// Before a step is undone it is said what goes, and a no undoes nothing.
func TestUndoSaysWhatGoes(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		account(t, s, "ada")
		var last store.Loss
		for last.Step != "20261123000001_start" {
			if _, err := s.Undo(t.Context(), func(l store.Loss) error {
				last = l
				if l.Step == "20261123000001_start" {
					return errors.New("no")
				}
				return nil
			}); err != nil && err.Error() != "no" {
				t.Fatal(err)
			}
		}
		for _, want := range []string{"1 accounts", "1 factors and recovery codes", "0 sessions"} {
			if !strings.Contains(last.String(), want) {
				t.Errorf("%q does not say %q", last, want)
			}
		}
		if last.Accounts != 1 {
			t.Errorf("%d accounts", last.Accounts)
		}
		var n int
		if err := raw(t, url).NewRaw("SELECT count(*) FROM credentials").Scan(t.Context(), &n); err != nil || n != 1 {
			t.Errorf("%d credentials are left, %v", n, err)
		}
	})
}

// Nothing is undone under a server: SQLite's own locks tell of any program that
// has the file open, PostgreSQL's servers leave a sign of life.
func TestNobodyIsAloneBesideAServer(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		w, ended := s.Watch(store.Process{ID: identity.NewID()}, func(error) {}), make(chan struct{})
		if err := w.Ready(); err != nil {
			t.Fatal(err)
		}
		go func() { w.Run(ctx); close(ended) }()
		if other, err := store.OpenAlone(t.Context(), url); !errors.Is(err, store.ErrInUse) {
			if err == nil {
				other.Close()
			}
			t.Fatalf("beside a server: %v", err)
		}
		stop()
		<-ended // signed off
		s.Close()
		alone, err := store.OpenAlone(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		defer alone.Close()
		if _, err := alone.Undo(t.Context(), anything); err != nil {
			t.Error(err)
		}
	})
}

// A database of a newer version is not touched by an older program, which
// names the step that it does not know.
func TestANewerDatabaseIsLeftAlone(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		run(t, raw(t, url), "INSERT INTO bun_migrations (name, group_id) VALUES ('20991231000001', 9)")
		_, up := s.Migrate(t.Context())
		_, down := s.Undo(t.Context(), anything)
		for what, err := range map[string]error{"fit": s.Fit(t.Context()), "up": up, "down": down} {
			if err == nil || !strings.Contains(err.Error(), "newer version of Nightlatch (step 20991231000001)") {
				t.Errorf("%s: %v", what, err)
			}
		}
		steps, err := s.Steps(t.Context())
		if last := steps[len(steps)-1]; err != nil || !last.Unknown || last.Name != "20991231000001" {
			t.Errorf("%+v, %v", last, err)
		}
	})
}

// A sign of life that came with a backup, or of a server that was killed, is
// waited for and not taken for a running server.
func TestAnOldSignOfLifeIsWaitedFor(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		if err := s.Announce(t.Context(), store.Process{ID: "killed"}); err != nil {
			t.Fatal(err)
		}
		if list, err := s.Running(t.Context()); err != nil || len(list) != 1 {
			t.Errorf("running: %v, %v", list, err)
		}
		s.Close()
		alone, err := store.OpenAlone(t.Context(), url)
		if err != nil {
			t.Fatal(err)
		}
		alone.Close()
	})
}

// The list of servers of the version before is one table more; going back and
// forth loses no server that runs.
func TestServersAreListedOnceAndInTwoBefore(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		if err := s.Announce(t.Context(), store.Process{ID: "one", Host: "here", PID: 7}); err != nil {
			t.Fatal(err)
		}
		for step := ""; step != "20261125000063_servers_one"; {
			var err error
			if step, err = s.Undo(t.Context(), anything); err != nil {
				t.Fatal(err)
			}
		}
		db := raw(t, url)
		run(t, db, "INSERT INTO processes (id, host, pid, keys, lead, seen_at) VALUES ('one', 'here', 7, '1', 1, 1)")
		run(t, db, "UPDATE servers SET seen_at = seen_at + 1 WHERE id = 'one'")
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		run(t, db, "INSERT INTO servers (id, seen_at) VALUES ('older', 1)") // as a server of the version before does
		if list, err := s.Running(t.Context()); err != nil || len(list) != 1 || list[0].Keys != "" {
			t.Errorf("running: %v, %v", list, err)
		}
	})
}
