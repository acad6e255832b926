// Package migrations holds the database's history, each step with its way
// back. One text serves SQLite and PostgreSQL: both take the same types.
//
// Every statement may be run again, so a crash between a step and the note
// that it was done is mended by the next start.
package migrations

import (
	"embed"
	"strings"

	"github.com/uptrace/bun/migrate"
)

//go:embed *.sql
var files embed.FS

// All gives the steps in order.
func All() (*migrate.Migrations, error) {
	m := migrate.NewMigrations()
	return m, m.Discover(files)
}

// Down gives the statements that undo a step, named NUMBER_WORD, in order.
func Down(step string) ([]string, error) {
	text, err := files.ReadFile(step + ".tx.down.sql")
	return strings.Split(string(text), "--bun:split\n"), err
}
