package wiring

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"nightlatch.example/nightlatch/store"
)

// firstStart says what to do when there is no site yet.
const firstStart = "start the server once, or run nightlatch migrate up"

// OpenStore opens the database. If the settings allow it, a missing one is
// made, and the folder of the embedded one with it.
func (s Settings) OpenStore(ctx context.Context) (*store.Store, error) {
	if path, embedded := strings.CutPrefix(s.Database, "sqlite:"); embedded && Missing(path) {
		if err := s.Orphaned(); err != nil {
			return nil, err
		}
		if !s.Make {
			return nil, NoDatabase(path)
		}
	}
	if s.Make && (strings.HasPrefix(s.Database, "sqlite:"+s.Data) || s.Keys != "" && strings.HasPrefix(s.Keys, s.Data)) {
		if err := store.MakeFolder(s.Data); err != nil {
			return nil, fmt.Errorf("NIGHTLATCH_DATA (--data): %w", err)
		}
	}
	db, err := store.Open(ctx, s.Database)
	if err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_DATABASE (--database): %w", err)
	}
	return db, nil
}

// NoDatabase is the error of a command that does not make a database.
func NoDatabase(path string) error {
	return fmt.Errorf("NIGHTLATCH_DATABASE (--database): there is no database %s: %s", path, firstStart)
}

// Missing says that there is no file of that name.
func Missing(path string) bool {
	_, err := os.Stat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// Orphaned refuses to start with an empty database when there are keys that
// were used: their database was lost, or another one was named by mistake.
// Without this check the first visitor would become the admin of a new site.
func (s Settings) Orphaned() error {
	if Missing(s.Keys) {
		return nil
	}
	return fmt.Errorf("the key file %s belongs to another database: NIGHTLATCH_DATABASE names an empty one. "+
		"Name the right one, or restore a backup with nightlatch restore; to start a new site on purpose, move the key file away first", s.Keys)
}

// migrate brings up to date the embedded database, and a PostgreSQL database
// that was never used. One that is in use is migrated only on request.
func (s Settings) migrate(ctx context.Context, db *store.Store) ([]string, error) {
	blank, err := db.Blank(ctx)
	if err != nil {
		return nil, fmt.Errorf("the database cannot be read: %w", err)
	}
	if blank {
		if err := s.Orphaned(); err != nil {
			return nil, err
		}
		if !s.Make {
			return nil, fmt.Errorf("NIGHTLATCH_DATABASE (--database): there is no site in this database yet: %s", firstStart)
		}
	}
	if err := db.Fit(ctx); err != nil {
		return nil, err
	}
	if db.Embedded() || blank || s.Upgrade {
		defer s.ShowProgress(db)()
		done, err := db.Migrate(ctx)
		if err != nil {
			return nil, fmt.Errorf("the database cannot be migrated: %w", err)
		}
		return done, nil
	}
	steps, err := db.Steps(ctx)
	for _, x := range steps {
		if !x.Done {
			return nil, errors.New("the database is older than this program: run nightlatch migrate up")
		}
	}
	return nil, err
}

// OpenKeys opens the keys, and checks that they are the ones of the database.
// They are made only while nothing is sealed: otherwise a new file would open
// nothing, and hide that the old one is lost.
func (s Settings) OpenKeys(ctx context.Context, db *store.Store) (*store.Keys, error) {
	used, err := db.UsesKeys(ctx)
	if err != nil {
		return nil, err
	}
	path := s.Keys
	keys, err := store.OpenKeys(path, s.Make && !used)
	switch {
	case errors.Is(err, fs.ErrNotExist) && used:
		return nil, fmt.Errorf("NIGHTLATCH_KEYS (--keys): the key file %s is missing, but the database holds secrets that only it opens: restore it from your backup, or copy it from another host of this site", path)
	case errors.Is(err, fs.ErrNotExist) && !s.Make:
		return nil, fmt.Errorf("NIGHTLATCH_KEYS (--keys): there is no key file %s: %s", path, firstStart)
	case err != nil:
		return nil, fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	db.UseKeys(keys)
	if err := db.Adopt(ctx); err != nil {
		return nil, fmt.Errorf("NIGHTLATCH_KEYS (--keys): %w", err)
	}
	return keys, nil
}
