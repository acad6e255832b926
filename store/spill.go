package store

import (
	"context"
	"errors"
	"path/filepath"
	"strings"
)

// spill lets SQLite put what a migration sorts, and what it would need to undo a
// statement, into files beside the database: in memory that grows with the
// accounts. A machine may have no other folder that can be written. stop brings
// back the memory, for everything that is small.
func (s *Store) spill(ctx context.Context) (stop func() error, err error) {
	path, err := s.file(ctx)
	if err != nil {
		return nil, err
	}
	folder := "'" + strings.ReplaceAll(filepath.Dir(path), "'", "''") + "'"
	set := func(statements ...string) error {
		for _, x := range statements {
			if _, err := s.writer.ExecContext(context.WithoutCancel(ctx), x); err != nil {
				return err
			}
		}
		return nil
	}
	stop = func() error { return set("PRAGMA temp_store = MEMORY") }
	if err := set("PRAGMA temp_store_directory = "+folder, "PRAGMA temp_store = FILE"); err != nil {
		return nil, errors.Join(err, stop())
	}
	return stop, nil
}
