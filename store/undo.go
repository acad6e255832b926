package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/migrations"
)

// ErrInUse says that a server, or another program, has the database open.
var ErrInUse = errors.New("the database is in use: stop the server and every other command first")

// OpenAlone is Open for what must not happen under a running server.
func OpenAlone(ctx context.Context, url string) (*Store, error) {
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		return openSQLiteAlone(ctx, path)
	}
	s, err := Open(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := s.unused(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// unused says whether no server gives a sign of life. The lock of a connection
// would not do: a pooler in between gives connections to others. A sign that is
// young may be of a server that was killed, or came with a backup: it is waited
// for the next one, or for its end.
func (s *Store) unused(ctx context.Context) error {
	tick := time.NewTicker(beatEvery / 10)
	defer tick.Stop()
	for first := int64(0); ; {
		beat, ago, err := s.lastBeat(ctx)
		switch {
		case errors.Is(err, identity.ErrNotFound):
			return nil
		case err != nil:
			return err
		case first != 0 && beat > first:
			return ErrInUse
		case ago >= beatKept:
			return nil
		}
		first = beat
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}

// Loss is what undoing a step deletes.
type Loss struct {
	Step     string   // NUMBER_WORD
	Accounts int      // how many there are in the database
	Gone     []string // what goes, each in words
}

// String is the end of a sentence about the step.
func (l Loss) String() string {
	if len(l.Gone) == 0 {
		return "deletes nothing"
	}
	return "deletes " + strings.Join(l.Gone, ", ")
}

// Undo undoes the last step, whole or not at all, and returns its name; "" when
// there is none. Before that it calls sure with what will be deleted, and an
// error of sure stops it.
func (s *Store) Undo(ctx context.Context, sure func(Loss) error) (step string, err error) {
	err = s.migrating(ctx, func(m *migrate.Migrator) error {
		if err := s.Fit(ctx); err != nil {
			return err
		}
		list, err := m.MigrationsWithStatus(ctx)
		if err != nil {
			return err
		}
		list = slices.DeleteFunc(list, func(x migrate.Migration) bool { return !x.IsApplied() })
		if len(list) == 0 {
			return nil
		}
		last := slices.MaxFunc(list, func(a, b migrate.Migration) int { return strings.Compare(a.Name, b.Name) })
		down, err := migrations.Down(last.String())
		if err != nil {
			return err
		}
		loss, err := s.rehearse(ctx, last.String(), down)
		if err == nil {
			err = sure(loss)
		}
		if err == nil {
			err = s.undo(ctx, m.DB(), last.Name, down)
		}
		if err == nil {
			step = last.String()
		}
		return err
	})
	return step, err
}

func (s *Store) undo(ctx context.Context, db *bun.DB, number string, down []string) error {
	return db.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := s.undoKeeping(ctx, tx, down); err != nil {
			return err
		}
		_, err := tx.NewRaw("DELETE FROM bun_migrations WHERE name = ?", number).Exec(ctx)
		return err
	})
}

func each(ctx context.Context, tx bun.Tx, statements []string) error {
	for _, x := range statements {
		if _, err := tx.ExecContext(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// rehearse finds out what a step back takes away: it is taken in a transaction
// that is given up, and the tables are compared.
func (s *Store) rehearse(ctx context.Context, step string, down []string) (Loss, error) {
	loss := Loss{Step: step}
	before, after := map[string][]string{}, map[string][]string{}
	givenUp := errors.New("given up")
	err := s.writer.RunInTx(ctx, nil, func(ctx context.Context, tx bun.Tx) error {
		if err := s.columns(ctx, tx, before); err != nil {
			return err
		}
		if err := each(ctx, tx, down); err != nil {
			return err
		}
		if err := s.columns(ctx, tx, after); err != nil {
			return err
		}
		return givenUp
	})
	if err == nil || !errors.Is(err, givenUp) {
		return loss, err
	}
	if before["accounts"] != nil {
		if loss.Accounts, err = s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM accounts")); err != nil {
			return loss, err
		}
	}
	for table, columns := range before {
		if after[table] == nil && (slices.Contains(carriedTables, table) || slices.Contains(movedTables, table)) {
			continue
		}
		if after[table] == nil {
			n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM ?", bun.Ident(table)))
			if err != nil {
				return loss, err
			}
			loss.Gone = append(loss.Gone, fmt.Sprintf("%d %s", n, tableWords(table)))
			continue
		}
		for _, c := range columns {
			if !slices.Contains(after[table], c) && !slices.Contains(carriedColumns, table+"."+c) {
				loss.Gone = append(loss.Gone, fmt.Sprintf("the column %s of %s", c, table))
			}
		}
	}
	slices.Sort(loss.Gone)
	return loss, nil
}

// tableWords says what the rows of a table are.
func tableWords(table string) string {
	switch table {
	case "accounts", "sessions", "settings":
		return table
	case "credentials":
		return "factors and recovery codes"
	case "events":
		return "rows of the audit log"
	case "outbox":
		return "mails"
	case "links":
		return "open links"
	}
	return "rows of " + table
}

// columns adds the columns of every table.
func (s *Store) columns(ctx context.Context, tx bun.IDB, to map[string][]string) error {
	q := `SELECT m.name AS "table", c.name AS "column" FROM sqlite_master AS m, pragma_table_info(m.name) AS c WHERE m.type = 'table' AND m.name NOT LIKE 'bun_%' AND m.name NOT LIKE 'sqlite_%'`
	if s.pg {
		q = `SELECT table_name AS "table", column_name AS "column" FROM information_schema.columns WHERE table_schema = current_schema() AND table_name NOT LIKE 'bun_%'`
	}
	var rows []struct{ Table, Column string }
	err := tx.NewRaw(q).Scan(ctx, &rows)
	for _, r := range rows {
		to[r.Table] = append(to[r.Table], r.Column)
	}
	return err
}
