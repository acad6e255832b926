package commands

import (
	"context"
	"fmt"

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

// Run brings the database up to date.
func (upCmd) Run(ctx context.Context, f *Flags, io Streams) error {
	return f.onStore(ctx, func(s *store.Store, conf settings) error {
		blank, err := s.Blank(ctx)
		if err == nil && blank {
			err = conf.orphaned()
		}
		if err != nil {
			return err
		}
		done, err := s.Migrate(ctx)
		return report(io, "up", done, err)
	})
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
	db, err := openStore(ctx, s)
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
