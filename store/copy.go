package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"

	"github.com/uptrace/bun"
)

// ErrNotEmpty says that a database holds a site already.
var ErrNotEmpty = errors.New("the target is not empty: name a new database")

// ErrNotUpToDate says that steps are missing which this program takes.
var ErrNotUpToDate = errors.New("the database is not up to date: run nightlatch migrate up first")

// Copied is what CopyTo did.
type Copied struct{ Accounts, Events, Rows int }

// stays are the tables that are about a database and not about its site: which
// servers run on it.
var stays = []string{"servers"}

// made are the tables whose first row comes with a migration or with the keys, so
// that an empty site has it.
var made = []string{"keyset", "audit_head", "changes"}

// parents have rows that rows of other tables refer to, so they come first.
var parents = []string{"accounts", "credentials"}

// CopyTo writes a whole site into another database: every row of every table as it
// is, so that its keys open it there too. Both are opened by OpenAlone. The target is
// migrated first. All rows are written in one transaction, so that whoever is
// interrupted finds an empty target again, and counted before it is kept. ErrNotEmpty
// and ErrNotUpToDate change nothing.
func (s *Store) CopyTo(ctx context.Context, to *Store) (c Copied, err error) {
	from, end, err := s.patient()
	if err != nil {
		return c, err
	}
	defer end()
	if err := from.upToDate(ctx); err != nil {
		return c, err
	}
	if err := to.hollow(ctx, to.reader); err != nil {
		return c, err
	}
	to.OnProgress(s.tell)
	if _, err := to.Migrate(ctx); err != nil {
		return c, err
	}
	into, end2, err := to.patient()
	if err != nil {
		return c, err
	}
	defer end2()
	into.OnProgress(s.tell)
	err = from.reader.RunInTx(ctx, &sql.TxOptions{Isolation: from.still(), ReadOnly: from.pg}, func(ctx context.Context, r bun.Tx) error {
		return into.writer.RunInTx(ctx, nil, func(ctx context.Context, w bun.Tx) error {
			c, err = into.take(ctx, query{db: r, pg: from.pg}, w)
			return err
		})
	})
	return c, err
}

// still is the isolation in which all reads see the database of one moment. SQLite's
// transactions always do.
func (s *Store) still() sql.IsolationLevel {
	if s.pg {
		return sql.LevelRepeatableRead
	}
	return sql.LevelDefault
}

func (s *Store) upToDate(ctx context.Context) error {
	if err := s.Fit(ctx); err != nil {
		return err
	}
	steps, err := s.Steps(ctx)
	if err == nil && slices.ContainsFunc(steps, func(x Step) bool { return !x.Done }) {
		err = ErrNotUpToDate
	}
	return err
}

// hollow says that a database holds no site. It may have been migrated.
func (s *Store) hollow(ctx context.Context, db bun.IDB) error {
	tables := map[string][]string{}
	if err := s.columns(ctx, db, tables); err != nil {
		return err
	}
	for name := range tables {
		if slices.Contains(made, name) || slices.Contains(stays, name) {
			continue
		}
		rows, err := counted(ctx, db, "SELECT count(*) FROM (SELECT 1 FROM "+name+" LIMIT 1) AS x")
		if err != nil || rows > 0 {
			return errors.Join(err, ErrNotEmpty)
		}
	}
	return nil
}

func counted(ctx context.Context, db bun.IDB, q string) (n int, err error) {
	err = db.NewRaw(q).Scan(ctx, &n)
	return n, err
}

// take fills every table. Nobody else may fill it meanwhile.
func (s *Store) take(ctx context.Context, from query, w bun.Tx) (c Copied, err error) {
	if s.pg {
		if _, err := w.NewRaw("LOCK TABLE accounts IN EXCLUSIVE MODE").Exec(ctx); err != nil {
			return c, err
		}
	}
	if err := s.hollow(ctx, w); err != nil {
		return c, err
	}
	tables := map[string][]string{}
	if err := s.columns(ctx, w, tables); err != nil {
		return c, err
	}
	names := slices.Clone(parents)
	for name := range tables {
		if !slices.Contains(names, name) && !slices.Contains(stays, name) {
			names = append(names, name)
		}
	}
	slices.Sort(names[len(parents):])
	for _, name := range names {
		key, err := s.primary(ctx, w, name)
		if err != nil {
			return c, err
		}
		t := copied{name: name, columns: tables[name], key: key, pg: s.pg}
		if t.booleans, err = s.booleans(ctx, w, name); err != nil {
			return c, err
		}
		n, err := s.takeTable(ctx, from, w, t)
		if err != nil {
			return c, fmt.Errorf("table %s: %w", name, err)
		}
		switch c.Rows += n; name {
		case "accounts":
			c.Accounts = n
		case "events":
			c.Events = n
		}
	}
	return c, nil
}
