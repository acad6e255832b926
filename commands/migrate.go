package commands

import (
	"context"
	"fmt"
	"strings"

	"nightlatch.example/nightlatch/store"
)

type migrateCmd struct {
	Up     upCmd     `cmd:"" help:"Bring the database up to date."`
	Down   downCmd   `cmd:"" help:"Undo the last group of migrations. This deletes what they held."`
	Status statusCmd `cmd:"" help:"Show which migrations were done."`
}

type (
	upCmd     struct{}
	downCmd   struct{}
	statusCmd struct{}
)

// Run brings the database up to date. A new site gets its keys too, so that
// other commands may come before the first server.
func (upCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	s, err := f.check()
	if err != nil {
		return err
	}
	if err := s.foreignFolder(); err != nil {
		return err
	}
	db, err := openStore(ctx, s, true)
	if err != nil {
		return err
	}
	defer db.Close()
	blank, err := db.Blank(ctx)
	if err == nil && blank {
		err = s.orphaned()
	}
	if err != nil {
		return err
	}
	done, err := db.Migrate(ctx)
	if err := report(io, "up", done, err); err != nil {
		return err
	}
	used, err := db.UsesKeys(ctx)
	if err != nil {
		return err
	}
	if used && missing(s.keys) {
		return nil // a used database may be migrated from a machine without its keys
	}
	b := &base{settings: s, store: db, making: true}
	return b.openKeys(ctx)
}

// foreignFolder refuses to make files that the account of the service, whose
// folder it is, could not read.
func (s settings) foreignFolder() error {
	files := []string{s.keys}
	if path, ok := strings.CutPrefix(s.database, "sqlite:"); ok {
		files = append(files, path)
	}
	for _, path := range files {
		if missing(path) {
			if err := store.NotOurs(path); err != nil {
				return err
			}
		}
	}
	return nil
}

// Run undoes the last group.
func (downCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	return f.onStore(ctx, func(s *store.Store, _ settings) error {
		undone, err := s.Rollback(ctx)
		return report(io, "down", undone, err)
	})
}

// Run shows what was done.
func (statusCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	return f.onStore(ctx, func(s *store.Store, _ settings) error {
		steps, err := s.Steps(ctx)
		for _, x := range steps {
			word := "pending"
			if x.Done {
				word = "applied"
			}
			fmt.Fprintf(io.Out, "%s  %s\n", word, x.Name)
		}
		return err
	})
}

func (f *Flags) onStore(ctx context.Context, do func(*store.Store, settings) error) error {
	s, err := f.check()
	if err != nil {
		return err
	}
	db, err := openStore(ctx, s, false)
	if err != nil {
		return err
	}
	defer db.Close()
	return do(db, s)
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
