package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"

	"github.com/gofrs/flock"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/migrate"

	"nightlatch.example/nightlatch/migrations"
)

// Step is one migration and whether it was done. An unknown one was done by a
// newer version of this program, which names it by its number alone.
type Step struct {
	Name          string
	Done, Unknown bool
}

// Migrate brings the database up to date and gives the steps it took.
func (s *Store) Migrate(ctx context.Context) (done []string, err error) {
	err = s.migrating(ctx, func(m *migrate.Migrator) error {
		if err := s.Fit(ctx); err != nil {
			return err
		}
		g, err := m.Migrate(ctx)
		if g != nil && err == nil {
			done = names(g)
			if err := s.Refresh(ctx); err != nil {
				return err
			}
			return s.putBack(ctx)
		}
		return err
	})
	return done, err
}

// Steps tells what was done and what is not. It changes nothing, also in an
// empty database.
func (s *Store) Steps(ctx context.Context) (steps []Step, err error) {
	all, err := migrations.All()
	if err != nil {
		return nil, err
	}
	taken, err := s.taken(ctx)
	for _, x := range all.Sorted() {
		steps = append(steps, Step{Name: x.String(), Done: slices.Contains(taken, x.Name)})
		taken = slices.DeleteFunc(taken, func(number string) bool { return number == x.Name })
	}
	for _, number := range taken {
		steps = append(steps, Step{Name: number, Done: true, Unknown: true})
	}
	return steps, err
}

// taken lists the numbers of the steps that were taken.
func (s *Store) taken(ctx context.Context) (numbers []string, err error) {
	if begun, err := s.Begun(ctx); err != nil || !begun {
		return nil, err
	}
	err = s.reader.NewRaw("SELECT name FROM bun_migrations ORDER BY name").Scan(ctx, &numbers)
	return numbers, err
}

// Begun says whether anything was ever migrated here, also when all of it was
// undone on purpose.
func (s *Store) Begun(ctx context.Context) (bool, error) {
	n, err := s.count(ctx, s.table("bun_migrations"))
	return n > 0, err
}

// Fit says whether this program knows every step that was taken: it would not
// understand what a newer one has written.
func (s *Store) Fit(ctx context.Context) error {
	steps, err := s.Steps(ctx)
	var unknown []string
	for _, x := range steps {
		if x.Unknown {
			unknown = append(unknown, x.Name)
		}
	}
	if err == nil && len(unknown) > 0 {
		err = fmt.Errorf("the database was migrated by a newer version of Nightlatch (step %s): use that version", strings.Join(unknown, ", "))
	}
	return err
}

func names(g *migrate.MigrationGroup) (list []string) {
	for _, x := range g.Migrations {
		list = append(list, x.Name+"_"+x.Comment)
	}
	return list
}

// migrating holds a lock that a crash cannot leave behind: a file lock beside
// SQLite's file, an advisory lock of a PostgreSQL connection.
func (s *Store) migrating(ctx context.Context, do func(*migrate.Migrator) error) (err error) {
	steps, err := migrations.All()
	if err != nil {
		return err
	}
	db := s.writer
	if s.pg {
		if db, err = s.slow(); err != nil {
			return err
		}
		defer db.Close()
	}
	unlock, err := s.lockMigrations(ctx, db)
	if err != nil {
		return err
	}
	defer unlock()
	if !s.pg {
		stop, err2 := s.spill(ctx)
		if err2 != nil {
			return err2
		}
		defer func() { err = errors.Join(err, stop()) }()
	}
	m := migrate.NewMigrator(db, steps, migrate.WithMarkAppliedOnSuccess(true), migrate.BeforeMigration(func(_ context.Context, _ bun.IConn, x *migrate.Migration) error {
		s.tell(Progress{Step: x.String()})
		return nil
	}))
	if err := m.Init(ctx); err != nil {
		return err
	}
	return do(m)
}

// migrationLock is the key of the advisory lock; any number of our own does.
const migrationLock = 7_112_001

func (s *Store) lockMigrations(ctx context.Context, db *bun.DB) (unlock func(), err error) {
	if !s.pg {
		path, err := s.file(ctx)
		if err != nil {
			return nil, err
		}
		if err := touch(path + ".lock"); err != nil {
			return nil, fmt.Errorf("the database cannot be locked for migration: %w", err)
		}
		lock := flock.New(path+".lock", flock.SetFlag(os.O_RDWR))
		if err := lock.Lock(); err != nil {
			return nil, fmt.Errorf("the database cannot be locked for migration: %w", err)
		}
		return func() { _ = lock.Unlock() }, nil
	}
	conn, err := db.Conn(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock(?)", migrationLock); err != nil {
		conn.Close()
		return nil, err
	}
	return func() {
		_, _ = conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock(?)", migrationLock)
		conn.Close()
	}, nil
}

// file is where the embedded database lies.
func (s *Store) file(ctx context.Context) (path string, err error) {
	var seq int
	var name string
	err = s.writer.NewRaw("PRAGMA database_list").Scan(ctx, &seq, &name, &path)
	return path, err
}

// Embedded says whether the database is the SQLite file.
func (s *Store) Embedded() bool { return !s.pg }

// Blank says whether nothing was ever migrated here.
func (s *Store) Blank(ctx context.Context) (bool, error) {
	n, err := s.count(ctx, s.table("accounts"))
	return n == 0, err
}

// table counts the tables of a name.
func (s *Store) table(name string) *bun.RawQuery {
	if s.pg {
		return s.reader.NewRaw("SELECT count(*) FROM information_schema.tables WHERE table_schema = current_schema() AND table_name = ?", name)
	}
	return s.reader.NewRaw("SELECT count(*) FROM sqlite_master WHERE type = 'table' AND name = ?", name)
}

func (s *Store) count(ctx context.Context, q *bun.RawQuery) (n int, err error) {
	err = q.Scan(ctx, &n)
	return n, err
}

// Sealed says whether the database holds anything that only the keys open: if
// it does, a missing key file must not be replaced by a new one.
func (s *Store) Sealed(ctx context.Context) (bool, error) {
	for _, table := range []string{"credentials WHERE secret IS NOT NULL", "outbox WHERE data IS NOT NULL", "ceremonies", "notes"} {
		if n, err := s.count(ctx, s.reader.NewRaw("SELECT count(*) FROM (SELECT 1 FROM "+table+" LIMIT 1) AS x")); err != nil || n > 0 {
			return n > 0, err
		}
	}
	return false, nil
}
