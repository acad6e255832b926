package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/uptrace/bun"
)

// Backup writes the embedded database as it is at this moment to a new file,
// while the site goes on. The keys are not in it, and without them its secrets
// cannot be read.
func (s *Store) Backup(ctx context.Context, path string) error {
	if s.pg {
		return errors.New("a PostgreSQL database is backed up with its own tools, such as pg_dump")
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fmt.Errorf("the backup cannot be written: %s", strings.TrimPrefix(err.Error(), "open "))
	}
	if err := errors.Join(inheritOwner(f), f.Close()); err != nil {
		return err
	}
	from, err := s.file(ctx)
	if err != nil {
		return err
	}
	pool, err := openChecked(ctx, readerDSN(from), 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	if _, err := pool.NewRaw("VACUUM INTO ?", path).Exec(ctx); err != nil {
		_ = os.Remove(path)
		return fmt.Errorf("the backup cannot be written: %w", err)
	}
	return s.sound(ctx, path)
}

// sound has SQLite check a file that was just written, and puts it on the disk.
func (s *Store) sound(ctx context.Context, path string) error {
	pool, err := openChecked(ctx, readerDSN(path), 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	if err := integrity(ctx, pool); err != nil {
		return err
	}
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}

// integrity is SQLite's own check of a whole file.
func integrity(ctx context.Context, db *bun.DB) error {
	var verdict string
	if err := db.NewRaw("PRAGMA integrity_check(1)").Scan(ctx, &verdict); err != nil {
		return err
	}
	if verdict != "ok" {
		return errors.New("the database file is damaged: " + verdict)
	}
	return nil
}

// Check makes sure that the database file is undamaged.
func (s *Store) Check(ctx context.Context) error {
	if s.pg {
		return s.Ping(ctx)
	}
	return integrity(ctx, s.reader)
}

// quickCheckNow is the largest file, in bytes, that is checked before a server
// starts, which takes about a second. A larger one is checked while the server
// already runs.
const quickCheckNow = 256 << 20

// Whole says whether an embedded database is undamaged, as far as that can be
// told in about a second.
func (s *Store) Whole(ctx context.Context) error {
	if s.pg || s.files.size() > quickCheckNow {
		return nil
	}
	return s.quick(ctx)
}

// quick has SQLite check the whole file except its indexes, on a connection of
// its own that has nothing in its cache.
func (s *Store) quick(ctx context.Context) error {
	db, err := openChecked(ctx, readerDSN(s.files.path), 1)
	var verdict string
	if err == nil {
		defer db.Close()
		err = db.NewRaw("PRAGMA quick_check(1)").Scan(ctx, &verdict)
	}
	switch {
	case ctx.Err() != nil:
		return ctx.Err()
	case err != nil:
		verdict = err.Error()
	case verdict == "ok":
		return nil
	}
	return damaged(s.files.path, verdict)
}
