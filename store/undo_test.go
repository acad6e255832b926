package store_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/store"
)

// The fixture is a site as the first version left it: see its people in
// testdata/upgrade. A copy, so that it can be changed.
func oldSite(t *testing.T) (url string, keys *store.Keys) {
	t.Helper()
	dir := t.TempDir()
	for _, name := range []string{"nightlatch.db", "keys.json"} {
		text, err := os.ReadFile(filepath.Join("testdata", "upgrade", name))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, name), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	keys, err := store.OpenKeys(filepath.Join(dir, "keys.json"), false)
	if err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + filepath.Join(dir, "nightlatch.db"), keys
}

// contents are all rows of the tables that are named, in the columns named.
func contents(t *testing.T, db *bun.DB, shape map[string][]string) map[string][][]any {
	t.Helper()
	all := map[string][][]any{}
	for table, columns := range shape {
		rows, err := db.QueryContext(context.Background(), "SELECT "+strings.Join(columns, ", ")+" FROM "+table+" ORDER BY 1, 2")
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
			all[table] = append(all[table], row)
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// shapeOf is every table with its columns.
func shapeOf(t *testing.T, db *bun.DB) map[string][]string {
	t.Helper()
	shape := map[string][]string{}
	for _, table := range tables(t, db) {
		var columns []string
		if err := db.NewRaw("SELECT name FROM pragma_table_info(?)", table).Scan(t.Context(), &columns); err != nil {
			t.Fatal(err)
		}
		shape[table] = columns
	}
	return shape
}

// A site of the first version is brought up to date, and taken back and up
// again by one step, two, and so on to all that came since: every row that it
// had is as it was, and every secret opens.
func TestASiteOfTheFirstVersionGoesUpAndDown(t *testing.T) {
	t.Parallel()
	url, keys := oldSite(t)
	db := raw(t, url)
	shape := shapeOf(t, db)
	before := contents(t, db, shape)
	if len(before["accounts"]) == 0 || len(before["credentials"]) == 0 || len(before["events"]) == 0 {
		t.Fatal("the fixture is empty")
	}
	s := open(t, url)
	s.UseKeys(keys)
	same := func(when string) {
		t.Helper()
		now := contents(t, db, shape)
		for table, rows := range before {
			if !reflect.DeepEqual(rows, now[table]) {
				t.Errorf("%s: %s changed: %d rows before, %d now", when, table, len(rows), len(now[table]))
			}
		}
	}
	came, err := s.Migrate(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same("up")
	if n, shut, err := s.CheckSealed(t.Context()); err != nil || n == 0 || len(shut) > 0 {
		t.Errorf("%d of %d sealed values do not open, %v", len(shut), n, err)
	}
	for n := 1; n <= len(came); n++ {
		for i := range n {
			if step, err := s.Undo(t.Context(), anything); err != nil || step != came[len(came)-1-i] {
				t.Fatalf("down: %q, %v", step, err)
			}
			same("down by " + came[len(came)-1-i])
		}
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		same("up again")
	}
	if got, err := s.VerifyEvents(t.Context(), ""); err != nil || got.Broken > 0 {
		t.Errorf("the audit log is broken: %+v, %v", got, err)
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
		w := s.Watch(func(error) {})
		if err := w.Ready(); err != nil {
			t.Fatal(err)
		}
		if other, err := store.OpenAlone(t.Context(), url); !errors.Is(err, store.ErrInUse) {
			if err == nil {
				other.Close()
			}
			t.Fatalf("beside a server: %v", err)
		}
		ctx, stop := context.WithCancel(t.Context())
		stop()
		w.Run(ctx) // signs off
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
