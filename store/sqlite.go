package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
)

// sqliteReaders is how many connections read beside the one that writes.
const sqliteReaders = 4

// openSQLite opens the embedded database: one writer whose transactions take
// the lock at once, and readers that never wait for it (WAL).
func openSQLite(ctx context.Context, path string) (*Store, error) {
	if path == "" {
		return nil, errors.New("the SQLite address names no file")
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if err := touchPrivate(path); err != nil {
		return nil, err
	}
	writer, err := openChecked(ctx, writerDSN(path), 1, "journal_mode=wal", "synchronous=2", "foreign_keys=1")
	if unreadable(err) {
		return nil, damaged(path, err.Error())
	}
	if err != nil {
		return nil, err
	}
	reader, err := openChecked(ctx, readerDSN(path)+"&_pragma=query_only(1)", sqliteReaders, "query_only=1")
	if err != nil {
		writer.Close()
		return nil, err
	}
	s := newStore(writer, reader)
	if s.files, err = s.findFiles(ctx); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

// openSQLiteAlone opens the embedded database when nobody else has it open, by
// SQLite's own locks: so it also notices older versions and other programs. One
// connection reads and writes.
func openSQLiteAlone(ctx context.Context, path string) (*Store, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(path); err != nil {
		return nil, fmt.Errorf("the database file %s cannot be opened: %w", path, err)
	}
	db, err := openChecked(ctx, writerDSN(path, "&_pragma=locking_mode(EXCLUSIVE)"), 1, "locking_mode=exclusive", "journal_mode=wal")
	if err == nil { // the lock is taken by the first transaction, and kept
		if err = db.RunInTx(ctx, nil, func(context.Context, bun.Tx) error { return nil }); err != nil {
			db.Close()
		}
	}
	if code, ok := sqliteCode(err); ok && (code == sqliteBusy || code == sqliteLocked) {
		return nil, ErrInUse
	}
	if unreadable(err) {
		return nil, damaged(path, err.Error())
	}
	if err != nil {
		return nil, err
	}
	return newStore(db, db), nil
}

// inMemory keeps what SQLite needs for the length of a statement in memory: a
// machine may have no folder for temporary files that can be written.
const inMemory = "&_pragma=temp_store(MEMORY)"

// writerDSN opens a file for a connection whose transactions take the lock at
// once; commits are on the disk when they return. Pragmas may come first.
func writerDSN(path string, first ...string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?_pragma=busy_timeout(5000)" + strings.Join(first, "") + inMemory +
		"&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate&_dqs=0"
}

// readerDSN opens a file without the right to change it.
func readerDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_pragma=busy_timeout(5000)" + inMemory
}

// openChecked opens a pool and reads back what its address asks for, as
// NAME=VALUE: SQLite ignores a misspelt pragma without a word.
func openChecked(ctx context.Context, dsn string, conns int, asked ...string) (*bun.DB, error) {
	db, err := openPool(ctx, dsn, conns)
	if err != nil {
		return nil, err
	}
	for _, pragma := range append(asked, "temp_store=2") {
		var got string
		name, want, _ := strings.Cut(pragma, "=")
		if err = db.NewRaw("PRAGMA "+name).Scan(ctx, &got); err == nil && got != want {
			err = fmt.Errorf("%s is %s instead of %s", name, got, want)
		}
		if err != nil {
			db.Close()
			return nil, fmt.Errorf("the database file cannot be used: %w", err)
		}
	}
	return db, nil
}

func openPool(ctx context.Context, dsn string, conns int) (*bun.DB, error) {
	pool := sql.OpenDB(keeping{between(ctx, embedded(dsn))})
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("the database file cannot be opened: %w", err)
	}
	return bun.NewDB(pool, newMarking(sqlitedialect.New())), nil
}

// touchPrivate makes the file with mode 0600 before SQLite would make it
// readable to all, and says plainly when it cannot.
func touchPrivate(path string) error {
	err := touch(behindLinks(path))
	if err == nil {
		var f *os.File
		if f, err = os.OpenFile(path, os.O_RDWR, 0); err == nil {
			return f.Close()
		}
	}
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("the database file %s cannot be opened: %w", path, err)
	}
	return nil
}
