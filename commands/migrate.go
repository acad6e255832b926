package commands

import (
	"context"
	"fmt"
	"strings"

	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/store"
)

type migrateCmd struct {
	Up     upCmd     `cmd:"" help:"Bring the database up to date."`
	Down   downCmd   `cmd:"" help:"Undo the last migration. This deletes the data that it added."`
	Status statusCmd `cmd:"" help:"Show which migrations were done."`
}

type (
	upCmd   struct{}
	downCmd struct {
		Yes bool `help:"Confirm, when there are accounts in the database."`
	}
	statusCmd struct{}
)

// Run brings the database up to date. A new site gets its keys too, so that
// other commands may come before the first server.
func (upCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	s, err := f.check(io)
	if err != nil {
		return err
	}
	s.Make = true
	if err := s.foreignFolder(); err != nil {
		return err
	}
	warnStrangers(s.Log)
	db, err := s.OpenStore(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	begun, err := db.Begun(ctx)
	if err == nil && !begun {
		err = s.Orphaned()
	}
	if err != nil {
		return err
	}
	stop := s.ShowProgress(db)
	done, err := db.Migrate(ctx)
	stop()
	if err := report(io, "up", done, err); err != nil {
		return err
	}
	used, err := db.UsesKeys(ctx)
	if err != nil {
		return err
	}
	if used && wiring.Missing(s.Keys) {
		return nil // a used database may be migrated from a machine without its keys
	}
	_, err = s.OpenKeys(ctx, db)
	return err
}

// foreignFolder refuses to make files in a folder that belongs to another
// account: the service that runs as that account could not read them.
func (s settings) foreignFolder() error {
	files := []string{s.Keys}
	if path, ok := strings.CutPrefix(s.Database, "sqlite:"); ok {
		files = append(files, path)
	}
	for _, path := range files {
		if wiring.Missing(path) {
			if err := store.NotOurs(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run undoes the last migration, while no server runs. When there are accounts
// in the database it says what will be lost, and requires --yes.
func (x downCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	s, err := f.check(io)
	if err != nil {
		return err
	}
	if path, embedded := strings.CutPrefix(s.Database, "sqlite:"); embedded && wiring.Missing(path) {
		return wiring.NoDatabase(path)
	}
	db, err := store.OpenAlone(ctx, s.Database)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	defer db.Close()
	undone, err := db.Undo(ctx, func(l store.Loss) error {
		if l.Accounts > 0 && !x.Yes {
			return fmt.Errorf("undoing %s %s. There are %d accounts in this database: make a backup, then add --yes", l.Step, l, l.Accounts)
		}
		fmt.Fprintf(io.Err, "%s %s\n", l.Step, l)
		return nil
	})
	if undone == "" {
		return report(io, "down", nil, err)
	}
	return report(io, "down", []string{undone}, err)
}

// Run prints each migration and whether it was done.
func (statusCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	return f.onStore(ctx, io, func(s *store.Store) error {
		steps, err := s.Steps(ctx)
		for _, x := range steps {
			word := "pending"
			switch {
			case x.Unknown:
				word = "unknown"
			case x.Done:
				word = "applied"
			}
			fmt.Fprintf(io.Out, "%s  %s\n", word, x.Name)
		}
		return err
	})
}

func (f *Flags) onStore(ctx context.Context, io Streams, do func(*store.Store) error) error {
	s, err := f.check(io)
	if err != nil {
		return err
	}
	db, err := s.OpenStore(ctx)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db)
}

func report(io Streams, word string, steps []string, err error) error {
	for _, s := range steps {
		fmt.Fprintf(io.Out, "%s  %s\n", word, s)
	}
	if len(steps) == 0 && err == nil {
		fmt.Fprintln(io.Out, "nothing to do")
	}
	return err
}
