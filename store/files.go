package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// ErrLost marks errors that mean: the open file is no longer the site's database,
// or is damaged. Nothing that is written to it would be kept.
var ErrLost = errors.New("the database is lost")

// lost is such an error in words of its own.
type lost string

func (l lost) Error() string { return string(l) }

// Is makes it ErrLost.
func (lost) Is(target error) bool { return target == ErrLost }

// damaged says what to do about a file that SQLite cannot read.
func damaged(path, detail string) error {
	return lost("the database file " + path + " is damaged (" + detail + "): put a backup back with nightlatch restore FILE")
}

// files is where the embedded database is, and which files these were when they
// were opened. SQLite would go on writing to files that were deleted.
type files struct {
	path      string // of the database, symbolic links resolved
	main, log os.FileInfo
}

// findFiles remembers the files of the database. The log of changes is there
// for as long as anybody has the database open.
func (s *Store) findFiles(ctx context.Context) (*files, error) {
	path, err := s.file(ctx)
	if err != nil {
		return nil, fmt.Errorf("the database file cannot be used: %w", err)
	}
	if err := s.reader.NewRaw("SELECT count(*) FROM sqlite_master").Scan(ctx, new(int)); err != nil { // opens the log
		return nil, fmt.Errorf("the database file %s cannot be used: %w", path, err)
	}
	f := &files{path: path}
	if f.main, err = os.Stat(path); err == nil {
		f.log, err = os.Stat(path + "-wal")
	}
	if err != nil {
		return nil, fmt.Errorf("the database file cannot be used: %w", err)
	}
	return f, nil
}

// check says whether the files at the place are still those that were opened.
func (f *files) check() error {
	if f == nil {
		return nil
	}
	for name, opened := range map[string]os.FileInfo{f.path: f.main, f.path + "-wal": f.log} {
		now, err := os.Stat(name)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return lost("the database file " + name + " was deleted or moved while it was in use")
		case err != nil:
			return lost("the database file cannot be inspected: " + err.Error())
		case !os.SameFile(now, opened):
			return lost("the database file " + name + " was replaced while it was in use")
		}
	}
	return nil
}

// size is how long the main file is, in bytes; 0 when it cannot be told.
func (f *files) size() int64 {
	if info, err := os.Stat(f.path); err == nil {
		return info.Size()
	}
	return 0
}

// leastRoom is how many bytes must be free on the disk: several times what a
// sign-in writes.
const leastRoom = 256 << 10

// full says whether the disk has no room for the next writes.
func (f *files) full() error {
	if free := room(f.path); free >= 0 && free < leastRoom {
		return fmt.Errorf("the disk of the database is full: %d KiB are left", free>>10)
	}
	return nil
}
