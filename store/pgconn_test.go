package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"strconv"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
)

// raised opens a store on an empty PostgreSQL database, and gives the connections
// that it makes to see.
func raised(t *testing.T, see func(*pgConn)) *Store {
	t.Helper()
	return raisedOn(t, pgtest.DSN(t), see)
}

func raisedOn(t *testing.T, dsn string, see func(*pgConn)) *Store {
	t.Helper()
	ctx := Between(t.Context(), func(c driver.Connector) driver.Connector { return watched{c, see} })
	s, err := Open(ctx, dsn)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

type watched struct {
	driver.Connector
	see func(*pgConn)
}

func (w watched) Connect(ctx context.Context) (driver.Conn, error) {
	c, err := w.Connector.Connect(ctx)
	if err == nil {
		w.see(c.(*pgConn))
	}
	return c, err
}

// Whatever is an argument reaches PostgreSQL as it was given, and the statement
// stays prepared: the server has parsed it once.
func TestArgumentsAreBoundOnPostgres(t *testing.T) {
	t.Parallel()
	s := raised(t, func(*pgConn) {})
	s.writer.SetMaxOpenConns(1)
	if _, err := s.writer.ExecContext(t.Context(), "CREATE TABLE things (name text, n bigint, small integer, data bytea, yes boolean)"); err != nil {
		t.Fatal(err)
	}
	odd := `'; DROP TABLE things; -- $1 ? \ "`
	type thing struct {
		bun.BaseModel `bun:"table:things"`
		Name          string
		N             int64
		Small         int
		Data          []byte
		Yes           bool
	}
	want := thing{Name: odd, N: -1 << 62, Small: -7, Data: []byte{0, '\'', 255}, Yes: true}
	for range 3 {
		if _, err := s.writer.NewInsert().Model(&want).Exec(t.Context()); err != nil {
			t.Fatal(err)
		}
		var got thing
		err := s.writer.NewSelect().Model(&got).Where("name = ? AND data = ? AND small = ? AND n = ?", odd, want.Data, number(want.Small), number(want.N)).Limit(1).Scan(t.Context())
		if err != nil || got.Name != want.Name || got.N != want.N || got.Small != want.Small || string(got.Data) != string(want.Data) || !got.Yes {
			t.Fatalf("%+v, %v", got, err)
		}
	}
	var prepared int
	if err := s.writer.NewRaw("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%things%'").Scan(t.Context(), &prepared); err != nil || prepared != 2 {
		t.Errorf("%d statements are prepared, %v", prepared, err)
	}
}

// Behind a pooler the next transaction may be on another server, which knows none
// of the statements that were prepared. This is a real pgbouncer.
func TestBehindAPoolerNothingStaysPrepared(t *testing.T) {
	t.Parallel()
	dsn := pgtest.DSN(t)
	for _, c := range []struct {
		dsn      string
		mode     pgx.QueryExecMode
		prepared int
	}{{dsn, pgx.QueryExecModeCacheStatement, 1}, {pgtest.Bounced(t, dsn), pgx.QueryExecModeExec, 0}} {
		var mode pgx.QueryExecMode
		s := raisedOn(t, c.dsn, func(c *pgConn) { mode = c.Conn.Conn().Config().DefaultQueryExecMode })
		s.writer.SetMaxOpenConns(1)
		var n int
		if err := s.writer.NewRaw("SELECT count(*) FROM pg_class WHERE relname = ?", "pg_class").Scan(t.Context(), &n); err != nil || n != 1 {
			t.Errorf("%d, %v", n, err)
		}
		err := s.writer.NewRaw("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%pg_class%'").Scan(t.Context(), &n)
		if err != nil || n != c.prepared || mode != c.mode {
			t.Errorf("%s: %d statements are prepared, mode %v, %v", c.dsn, n, mode, err)
		}
	}
}

// Migrations, writes at the same time and bytes work through a pooler with one
// connection for all.
func TestASiteBehindAPooler(t *testing.T) {
	t.Parallel()
	s := raisedOn(t, pgtest.Bounced(t, pgtest.DSN(t)), func(*pgConn) {})
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 10 {
				if err := s.Write(t.Context(), func(x login.Tx) error { return x.SaveRound(t.Context(), strconv.Itoa(10*i+n)) }); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}

// A transaction in which a statement failed keeps nothing, and says so even to
// somebody who went on.
func TestACommitThatKeptNothingIsAnError(t *testing.T) {
	t.Parallel()
	s := raised(t, func(*pgConn) {})
	if _, err := s.writer.ExecContext(t.Context(), "CREATE TABLE things (n bigint PRIMARY KEY)"); err != nil {
		t.Fatal(err)
	}
	err := s.writer.RunInTx(t.Context(), nil, func(ctx context.Context, tx bun.Tx) error {
		for range 2 {
			_, _ = changed(tx.NewRaw("INSERT INTO things VALUES (?)", number(1)).Exec(ctx))
		}
		return nil
	})
	if !errors.Is(err, errRolledBack) {
		t.Errorf("the commit said %v", err)
	}
}
