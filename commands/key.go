package commands

import (
	"context"
	"fmt"
)

type keyCmd struct {
	Rotate rotateCmd `cmd:"" help:"Add a new primary key and seal every secret with it, while the server runs."`
}

type rotateCmd struct{}

// Run rotates the keys. It may be run again after it was broken off: the old
// keys stay in the file, so everything opens at every moment.
func (rotateCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	if err := b.keys.Rotate(); err != nil {
		return err
	}
	n, err := b.store.Reseal(ctx, func(done int) { fmt.Fprintf(std.Err, "%d sealed anew\n", done) })
	if err != nil {
		return fmt.Errorf("the new key is in use, but not everything was sealed with it yet, run this again: %w", err)
	}
	fmt.Fprintf(std.Out, "A new key is in use; %d values were sealed with it.\n", n)
	return nil
}

type backupCmd struct {
	File string `arg:"" help:"A file that does not exist yet."`
}

// Run writes a backup of the embedded database.
func (x backupCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	b, err := f.open(ctx, std)
	if err != nil {
		return err
	}
	defer b.store.Close()
	if err := b.store.Backup(ctx, x.File); err != nil {
		return err
	}
	fmt.Fprintf(std.Out, "%s holds the database. Keep %s too, in another place: without it no factor in the backup works.\n", x.File, b.settings.keys)
	return nil
}
