package store

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Restored is what is known about a restored database.
type Restored struct {
	Accounts int
	Codes    int       // accounts whose recovery codes are void now
	Time     time.Time // of the newest thing in it
	Aside    string    // where the database lies that was there before; "" when there was none
	Damaged  bool      // that one could not be read
}

// Restore puts a backup in place of the embedded database that url names, while
// nobody has that open. The old database is kept under another name. Everything
// is checked and changed in a copy, so that a backup that is refused changes
// nothing.
func Restore(ctx context.Context, url, backup string, keys *Keys, now time.Time) (r Restored, err error) {
	path, err := filepath.Abs(url[len("sqlite:"):])
	if err != nil {
		return r, err
	}
	path = behindLinks(path)
	if a, err := os.Stat(backup); err != nil {
		return r, fmt.Errorf("the backup cannot be read: %w", err)
	} else if b, err := os.Stat(path); err == nil && os.SameFile(a, b) {
		return r, errors.New("that is the database itself")
	}
	release, err := hold(ctx, path)
	damaged := errors.Is(err, ErrLost)
	if err != nil && !damaged {
		return r, err
	}
	defer release()
	fresh := path + ".restoring"
	defer remove(fresh)
	remove(fresh)
	for _, part := range []string{"", "-wal"} { // a file that was copied by hand may come with its log
		if err := copyFile(backup+part, fresh+part); err != nil && (part == "" || !errors.Is(err, fs.ErrNotExist)) {
			return r, fmt.Errorf("the backup cannot be copied: %w", err)
		}
	}
	if r, err = vet(ctx, fresh, keys, now); err != nil {
		return r, fmt.Errorf("%s was not restored: %w", backup, err)
	}
	if log, err := os.Stat(fresh + "-wal"); err == nil && log.Size() > 0 {
		return r, errors.New("the copy of the backup could not be finished: its log of changes is still there")
	}
	r.Damaged = damaged
	r.Aside, err = swap(fresh, path, now)
	return r, err
}

// hold keeps everybody else off the database that is there now. One that is not
// there needs no holding, nor does one that cannot be read, which is ErrLost.
func hold(ctx context.Context, path string) (release func(), err error) {
	none := func() {}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return none, nil
	}
	s, err := openSQLiteAlone(ctx, path)
	if err != nil {
		return none, err
	}
	// Without a log of its own, closing it later touches nothing in its place.
	if _, err = s.writer.ExecContext(ctx, "PRAGMA journal_mode=DELETE"); err == nil {
		err = integrity(ctx, s.writer)
	}
	if err != nil && ctx.Err() == nil { // held all the same: it is known to be free
		err = damaged(path, err.Error())
	}
	return func() { _ = s.Close() }, err
}

// vet sees whether a copy is a whole database of this site, brings it up to
// date, and ends in it what must not live again.
func vet(ctx context.Context, path string, keys *Keys, now time.Time) (r Restored, err error) {
	s, err := openSQLite(ctx, path)
	if err != nil {
		return r, fmt.Errorf("it is not a database, or it is damaged: %w", err)
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	if err := integrity(ctx, s.reader); err != nil {
		return r, err
	}
	begun, err := s.Begun(ctx)
	blank, err2 := s.Blank(ctx)
	if err = errors.Join(err, err2); err != nil || !begun || blank {
		return r, errors.Join(err, errors.New("it is not a Nightlatch database"))
	}
	s.UseKeys(keys)
	if _, err := s.Migrate(ctx); err != nil {
		return r, err
	}
	if err := s.Adopt(ctx); err != nil {
		return r, err
	}
	return s.AfterRestore(ctx, now)
}

// swap puts a file in place of another, which is kept under another name. If it
// is interrupted, either the old database or the new one is in place.
func swap(fresh, path string, now time.Time) (aside string, err error) {
	name := path + ".before-" + now.UTC().Format("20060102-150405.000")
	if err := os.Link(path, name); err == nil {
		aside = name
	} else if !errors.Is(err, fs.ErrNotExist) { // not every file system has links
		if err := os.Rename(path, name); err != nil {
			return "", err
		}
		aside = name
	}
	for _, part := range []string{"-wal", "-shm"} { // of a damaged one, or of one that was deleted
		if err := os.Rename(path+part, name+part); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return aside, err
		}
	}
	if err := os.Rename(fresh, path); err != nil {
		return aside, err
	}
	if d, err := os.Open(filepath.Dir(path)); err == nil {
		_ = d.Sync() // not every system can
		d.Close()
	}
	return aside, nil
}

// remove deletes a database file and its logs.
func remove(path string) {
	for _, part := range []string{"", "-wal", "-shm", ".lock"} {
		_ = os.Remove(path + part)
	}
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := os.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, inheritOwner(out), out.Sync(), out.Close())
}
