package commands

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/store"
)

type restoreCmd struct {
	File  string `arg:"" optional:"" help:"A backup of the embedded database."`
	After bool   `help:"The database was already restored, for example with pg_restore: end its sessions and forget its trusted browsers."`
}

// Run puts back a backup while no server runs.
func (x restoreCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	s, err := f.check(std)
	if err != nil {
		return err
	}
	embedded := len(s.Database) > 7 && s.Database[:7] == "sqlite:"
	switch {
	case x.After == (x.File != ""):
		return errors.New("name a backup, or add --after when the database was already restored")
	case !embedded && !x.After:
		return errors.New("restore a PostgreSQL database with pg_restore --clean while no server runs; then run nightlatch restore --after")
	}
	keys, err := store.OpenKeys(s.Keys, false)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	var r store.Restored
	if x.After {
		r, err = afterwards(ctx, s, keys)
	} else {
		r, err = store.Restore(ctx, s.Database, x.File, keys, time.Now())
	}
	if err != nil {
		return err
	}
	return sayRestored(std, r, x.After)
}

// sayRestored prints what was done, and what a backup cannot know.
func sayRestored(std Streams, r store.Restored, after bool) error {
	switch {
	case r.Damaged:
		fmt.Fprintf(std.Out, "The old database is damaged. It is kept as %s.\n", r.Aside)
	case r.Aside != "":
		fmt.Fprintf(std.Out, "The old database is now %s. It holds secrets too: delete it when everything works.\n", r.Aside)
	case !after:
		fmt.Fprintln(std.Out, "There was no database here.")
	}
	_, err := fmt.Fprintf(std.Out, `The database is as it was on %s, with %d accounts.
All sessions, trusted browsers, sign-ins under way, open links and queued emails have ended.
The recovery codes of %d accounts no longer work, since some may have been used after that time. Their owners get
an email that asks them to create new ones. For people who have only recovery codes, run nightlatch factor reset.
The backup cannot know what else happened after that time:
  factors and passwords that were removed or changed are back, and so are accounts that were deleted, disabled or demoted;
  what was added is gone, and so are failures that switched a factor off.
`, r.Time.Format("2 January 2006, 15:04:05 UTC"), r.Accounts, r.Codes)
	return err
}

func afterwards(ctx context.Context, s settings, keys *store.Keys) (r store.Restored, err error) {
	db, err := store.OpenAlone(ctx, s.Database)
	if err != nil {
		return r, fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	defer db.Close()
	if blank, err := db.Blank(ctx); err != nil || blank {
		return r, errors.Join(err, errors.New("the database is empty: restore a backup first"))
	}
	db.UseKeys(keys)
	if _, err := db.Migrate(ctx); err != nil {
		return r, err
	}
	if err := db.Adopt(ctx); err != nil {
		return r, err
	}
	return db.AfterRestore(ctx, time.Now())
}
