package store_test

import (
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/store"
)

// A copy has every row of every table as it was, whatever is in it, from SQLite to
// PostgreSQL and back.
func TestACopyHasEveryRowAsItWas(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store, url string) {
		_, cred := account(t, s, "ada")
		db := raw(t, url)
		filled := fill(t, db, cred.AccountID, cred.ID)
		db.Close()
		want := sight(t, url, filled)
		s.Close()
		there := "sqlite:" + filepath.Join(t.TempDir(), "copy.db")
		if strings.HasPrefix(url, "sqlite:") {
			there = pgtest.DSN(t)
		}
		between(t, url, there)
		compare(t, want, sight(t, there, filled))
		back := "sqlite:" + filepath.Join(t.TempDir(), "back.db")
		if !strings.HasPrefix(url, "sqlite:") {
			back = pgtest.DSN(t)
		}
		between(t, there, back)
		compare(t, want, sight(t, back, filled))
		if _, err := alone(t, url).CopyTo(t.Context(), alone(t, back)); !errors.Is(err, store.ErrNotEmpty) {
			t.Errorf("into a site: %v", err)
		}
	})
}

// A database that another version left behind is not copied, and the target stays
// empty.
func TestACopyWantsADatabaseThatIsUpToDate(t *testing.T) {
	onBoth(t, func(t *testing.T, s *store.Store, url string) {
		if _, err := s.Undo(t.Context(), anything); err != nil {
			t.Fatal(err)
		}
		s.Close()
		there := pgtest.DSN(t)
		to := alone(t, there)
		if _, err := alone(t, url).CopyTo(t.Context(), to); !errors.Is(err, store.ErrNotUpToDate) {
			t.Errorf("copied: %v", err)
		}
		if begun, err := to.Begun(t.Context()); err != nil || begun {
			t.Errorf("the target was migrated: %v", err)
		}
	})
}

// onBoth is onStore for a test that needs both kinds of database.
func onBoth(t *testing.T, do func(t *testing.T, s *store.Store, url string)) {
	if slices.Contains(pgtest.Databases(), "postgres") {
		onStore(t, do)
	}
}

func alone(t *testing.T, url string) *store.Store {
	t.Helper()
	s, err := store.OpenAlone(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// between copies a site into a new database.
func between(t *testing.T, url, there string) {
	t.Helper()
	open(t, there).Close()
	from, to := alone(t, url), alone(t, there)
	c, err := from.CopyTo(t.Context(), to)
	if err != nil || c.Accounts != 1 || c.Rows < 20 {
		t.Fatalf("copied %+v, %v", c, err)
	}
	from.Close()
	to.Close()
}

// fill puts a row of odd values into every table that has none, and gives the columns
// of all tables.
func fill(t *testing.T, db *bun.DB, account, credential string) map[string][]string {
	t.Helper()
	q := `SELECT m.name AS "table", c.name AS "column", lower(c.type) AS kind, c."notnull" = 0 AND c.pk = 0 AS free FROM sqlite_master AS m, pragma_table_info(m.name) AS c
		WHERE m.type = 'table' AND m.name NOT LIKE 'bun_%' AND m.name NOT LIKE 'sqlite_%'`
	if db.Dialect().Name().String() == "pg" {
		q = `SELECT table_name AS "table", column_name AS "column", data_type AS kind, is_nullable = 'YES' AS free FROM information_schema.columns
			WHERE table_schema = current_schema() AND table_name NOT LIKE 'bun_%'`
	}
	var cols []struct {
		Table, Column, Kind string
		Free                bool
	}
	if err := db.NewRaw(q).Scan(t.Context(), &cols); err != nil {
		t.Fatal(err)
	}
	columns, values := map[string][]string{}, map[string][]any{}
	for i, c := range cols {
		columns[c.Table] = append(columns[c.Table], c.Column)
		values[c.Table] = append(values[c.Table], odd(i, c.Column, c.Kind, c.Free, account, credential))
	}
	delete(columns, "servers") // is about the database
	for table := range columns {
		if n := rowsOf(t, db, table); n == 0 {
			marks := strings.TrimSuffix(strings.Repeat("?, ", len(columns[table])), ", ")
			run(t, db, "INSERT INTO "+table+" ("+strings.Join(columns[table], ", ")+") VALUES ("+marks+")", values[table]...)
		}
	}
	return columns
}

// odd is a value for a column.
func odd(i int, column, kind string, free bool, account, credential string) any {
	switch {
	case column == "account_id", column == "admin_id":
		return account
	case column == "credential_id":
		return credential
	case kind == "bytea" && free:
		return nil
	case kind == "bytea":
		return []byte{}
	case kind == "boolean":
		return true
	case kind == "bigint":
		return int64(1)<<62 - int64(i)
	}
	return fmt.Sprintf("%d Ö'\"\\\n\t☃ ? $1 𝛑", i)
}

func rowsOf(t *testing.T, db *bun.DB, table string) (n int) {
	t.Helper()
	if err := db.NewRaw("SELECT count(*) FROM "+table).Scan(t.Context(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// sight is every row of every table that belongs to the site, written out.
func sight(t *testing.T, url string, columns map[string][]string) map[string][]string {
	t.Helper()
	db := raw(t, url)
	defer db.Close()
	all := map[string][]string{}
	for table, cols := range columns {
		rows, err := db.QueryContext(t.Context(), "SELECT "+strings.Join(cols, ", ")+" FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			row, to := make([]any, len(cols)), make([]any, len(cols))
			for i := range row {
				to[i] = &row[i]
			}
			if err := rows.Scan(to...); err != nil {
				t.Fatal(err)
			}
			for i, v := range row { // SQLite has no booleans, and gives nothing for no bytes
				switch v := v.(type) {
				case []byte:
					row[i] = fmt.Sprintf("bytes %x", v)
				case bool:
					row[i] = map[bool]int64{true: 1}[v]
				}
			}
			all[table] = append(all[table], fmt.Sprintf("%#v", row))
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
		rows.Close()
		slices.Sort(all[table])
	}
	return all
}

func compare(t *testing.T, want, got map[string][]string) {
	t.Helper()
	for _, table := range slices.Sorted(maps.Keys(want)) {
		if !slices.Equal(want[table], got[table]) {
			t.Errorf("%s:\n%v\ninstead of\n%v", table, got[table], want[table])
		}
	}
}
