package commands

import (
	"context"
	"fmt"
)

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
	fmt.Fprintf(std.Out, "%s now holds a copy of the database. Back up the key file %s too, in another place: without it no factor in the backup works.\n", x.File, b.settings.Keys)
	return nil
}
