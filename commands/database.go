package commands

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/store"
)

type databaseCmd struct {
	Copy databaseCopyCmd `cmd:"" help:"Copy a whole site into an empty database, from SQLite to PostgreSQL or back."`
}

type databaseCopyCmd struct {
	To string `required:"" placeholder:"URL" help:"The empty database, sqlite:PATH or postgres://…"`
}

// Run copies the site while no server runs on either database. The source stays as
// it is, and so do the keys.
func (x databaseCopyCmd) Run(ctx context.Context, f *Flags, std Streams) error {
	s, err := f.check(std)
	if err != nil {
		return err
	}
	if path, embedded := strings.CutPrefix(s.Database, "sqlite:"); embedded && wiring.Missing(path) {
		return wiring.NoDatabase(path)
	}
	keys, err := store.OpenKeys(s.Keys, false)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	o := f.Options
	o.Database = x.To
	target, err := o.Check()
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	from, err := store.OpenAlone(ctx, s.Database)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	defer from.Close()
	from.UseKeys(keys)
	if blank, err := from.Blank(ctx); err != nil || blank {
		return errors.Join(err, errors.New("there is nothing to copy: the database is empty"))
	}
	to, err := s.emptied(ctx, target.Database)
	if err != nil {
		return fmt.Errorf("--to: %w", err)
	}
	defer to.Close()
	to.UseKeys(keys)
	stop := s.ShowProgress(from)
	c, err := from.CopyTo(ctx, to)
	stop()
	if err != nil {
		return err
	}
	return compare(ctx, std, c, from, to)
}

// emptied opens the target, and makes the file of an embedded one.
func (s settings) emptied(ctx context.Context, url string) (*store.Store, error) {
	if path, embedded := strings.CutPrefix(url, "sqlite:"); embedded && wiring.Missing(path) {
		s.Database = url
		if err := s.foreignFolder(); err != nil {
			return nil, err
		}
		made, err := store.Open(ctx, url)
		if err != nil {
			return nil, err
		}
		if err := made.Close(); err != nil {
			return nil, err
		}
	}
	return store.OpenAlone(ctx, url)
}

// compare verifies the audit log on both sides and says how to go on.
func compare(ctx context.Context, std Streams, c store.Copied, from, to *store.Store) error {
	var logs [2]accounts.AuditState
	for i, db := range []*store.Store{from, to} {
		var err error
		if logs[i], err = db.VerifyEvents(ctx, ""); err != nil {
			return err
		}
	}
	if logs[0] != logs[1] {
		return fmt.Errorf("the audit log of the copy is not that of the database: %+v, not %+v. Do not use the copy", logs[1], logs[0])
	}
	if logs[0].Broken > 0 || logs[0].Fault != "" {
		fmt.Fprintln(std.Err, "The audit log was not intact before, and is the same in the copy: see nightlatch audit verify.")
	}
	_, err := fmt.Fprintf(std.Out, `Copied %s accounts, %s rows in all, with the audit log of %s events.
The database is as it was. Now set NIGHTLATCH_DATABASE to the new one, keep NIGHTLATCH_KEYS, and start the server.
When everything works, delete the old database: it holds secrets too.
`, humanize.Comma(int64(c.Accounts)), humanize.Comma(int64(c.Rows)), humanize.Comma(int64(c.Events)))
	return err
}
