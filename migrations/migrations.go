// Package migrations holds the steps that bring a database up to date, each
// with the statements that undo it. The same text serves SQLite and PostgreSQL:
// both accept the same types.
//
// Every step may be run again. After a crash between a step and the note that
// it was done, the next start runs it once more.
package migrations

import (
	"context"
	"embed"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/migrate"
)

//go:embed *.sql
var files embed.FS

// columns are the steps that add a column, by their numbers. SQLite has no ADD
// COLUMN IF NOT EXISTS. Each step is one transaction, so where its column is,
// all of the step was done.
var columns = map[string]struct{ table, name string }{
	"20261125000171": {"accounts", "status"},
	"20261125000172": {"accounts", "reached"},
	"20261125000174": {"sessions", "trusted"},
	"20261130000010": {"accounts", "member_of"},
}

// All gives the steps in order.
func All() (*migrate.Migrations, error) {
	found, all := migrate.NewMigrations(), migrate.NewMigrations()
	if err := found.Discover(files); err != nil {
		return nil, err
	}
	for _, step := range found.Sorted() {
		up := step.Up
		step.Up = func(ctx context.Context, m *migrate.Migrator, x *migrate.Migration) error {
			if c, ok := columns[x.Name]; ok {
				if there, err := has(ctx, m.DB(), c.table, c.name); err != nil || there {
					return err
				}
			}
			return up(ctx, m, x)
		}
		all.Add(step)
	}
	return all, nil
}

// has says whether a table has a column.
func has(ctx context.Context, db *bun.DB, table, column string) (there bool, err error) {
	q := "SELECT EXISTS (SELECT 1 FROM pragma_table_info(?) WHERE name = ?)"
	if db.Dialect().Name() == dialect.PG {
		q = "SELECT EXISTS (SELECT 1 FROM information_schema.columns WHERE table_schema = current_schema() AND table_name = ? AND column_name = ?)"
	}
	err = db.NewRaw(q, table, column).Scan(ctx, &there)
	return there, err
}

// Down gives the statements that undo a step, named NUMBER_WORD, in order.
func Down(step string) ([]string, error) {
	text, err := files.ReadFile(step + ".tx.down.sql")
	return strings.Split(string(text), "--bun:split\n"), err
}
