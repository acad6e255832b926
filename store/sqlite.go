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

	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect/sqlitedialect"
	"github.com/uptrace/bun/driver/sqliteshim"
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
	name := (&url.URL{Path: path}).EscapedPath()
	writer, err := openPool(ctx, "file:"+name+"?_pragma=busy_timeout(5000)&_pragma=journal_mode(WAL)"+
		"&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_txlock=immediate&_dqs=0", 1)
	if err != nil {
		return nil, err
	}
	if err := checkPragmas(ctx, writer); err != nil {
		writer.Close()
		return nil, err
	}
	reader, err := openPool(ctx, readerDSN(path)+"&_pragma=query_only(1)", sqliteReaders)
	if err != nil {
		writer.Close()
		return nil, err
	}
	return newStore(writer, reader), nil
}

// readerDSN opens a file without the right to change it.
func readerDSN(path string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + "?mode=ro&_pragma=busy_timeout(5000)"
}

func openPool(ctx context.Context, dsn string, conns int) (*bun.DB, error) {
	pool, err := sql.Open(sqliteshim.ShimName, dsn)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(conns)
	pool.SetMaxIdleConns(conns)
	if err := pool.PingContext(ctx); err != nil {
		pool.Close()
		return nil, fmt.Errorf("the database file cannot be opened: %w", err)
	}
	return bun.NewDB(pool, sqlitedialect.New()), nil
}

// touchPrivate makes the file with mode 0600 before SQLite would make it
// readable to all, and says plainly when it cannot.
func touchPrivate(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		var pe *fs.PathError
		if errors.As(err, &pe) {
			err = pe.Err
		}
		return fmt.Errorf("the database file %s cannot be opened: %w", path, err)
	}
	return f.Close()
}

// checkPragmas reads back what was asked for: SQLite ignores a misspelt one
// without a word.
func checkPragmas(ctx context.Context, db *bun.DB) error {
	for name, want := range map[string]string{"journal_mode": "wal", "synchronous": "2", "foreign_keys": "1"} {
		var got string
		if err := db.NewRaw("PRAGMA "+name).Scan(ctx, &got); err != nil {
			return fmt.Errorf("the database file cannot be used: %w", err)
		}
		if got != want {
			return fmt.Errorf("the database file cannot be used: %s is %s instead of %s", name, got, want)
		}
	}
	return nil
}
