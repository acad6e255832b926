// Package store keeps everything in SQLite or PostgreSQL by way of bun. It
// implements what login, accounts and mail ask for, and is the only place
// where secrets are sealed and opened.
package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/uptrace/bun"
	"github.com/uptrace/bun/dialect"
	"github.com/uptrace/bun/dialect/pgdialect"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Store is the database. Writes go through one pool and reads through another:
// on SQLite the writer is a single connection, so that nobody ever finds the
// database locked.
type Store struct {
	writer, reader *bun.DB
	query
	visitSQL    string                  // the look-up of every signed-in request
	waitingSQL  string                  // the look-up of every step of a sign-in
	entranceSQL string                  // the look-up of a login and its password
	holdingsSQL string                  // the look-up of what an account has
	files       *files                  // where the embedded database lies; nil for PostgreSQL
	slow        func() (*bun.DB, error) // a pool for migrations on PostgreSQL, to be closed
	tell        func(Progress)          // see OnProgress
	turn        chan struct{}           // of this process: see ImportTurn
	wake        func()                  // see OnPost
	tellEvent   func(identity.Event)    // see OnEvent
	chainer     chainer
}

// query reads, in a transaction or outside.
type query struct {
	db    bun.IDB
	keys  *Keys
	kinds factors.Kinds
	pg    bool
}

// Open opens sqlite:PATH or postgres://… . Nothing is migrated; see Migrate.
func Open(ctx context.Context, url string) (*Store, error) {
	switch {
	case strings.HasPrefix(url, "sqlite:"):
		return openSQLite(ctx, strings.TrimPrefix(url, "sqlite:"))
	case strings.HasPrefix(url, "postgres://"), strings.HasPrefix(url, "postgresql://"):
		return openPostgres(ctx, url)
	}
	return nil, errors.New("the database must be sqlite:PATH or postgres://…")
}

func newStore(writer, reader *bun.DB) *Store {
	return &Store{writer: writer, reader: reader, visitSQL: visitSQL(reader), waitingSQL: waitingSQL(reader), entranceSQL: entranceSQL(reader), holdingsSQL: holdingsSQL(reader), tell: func(Progress) {}, wake: func() {}, tellEvent: func(identity.Event) {}, turn: make(chan struct{}, 1), chainer: chainer{wake: make(chan struct{}, 1)},
		query: query{db: reader, kinds: factors.Known(), pg: writer.Dialect().Name() == dialect.PG}}
}

// UseKinds tells the store which kinds of factor the site has, where they are
// not the standard ones.
func (s *Store) UseKinds(kinds factors.Kinds) { s.kinds = kinds }

// OnPost has wake called after each transaction that put mail into the outbox.
func (s *Store) OnPost(wake func()) { s.wake = wake }

// UseKeys gives the store what secrets are sealed with.
func (s *Store) UseKeys(k *Keys) { s.keys = k }

// Close closes both pools.
func (s *Store) Close() error {
	err := s.reader.Close()
	if s.writer != s.reader {
		err = errors.Join(err, s.writer.Close())
	}
	return err
}

// Ping says whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	var one int
	return s.reader.NewRaw("SELECT 1").Scan(ctx, &one)
}

// postgresConns is how many connections a process uses: a login needs one for
// a few milliseconds, and a server takes 100 in all by default.
const postgresConns = 20

func openPostgres(ctx context.Context, url string) (*Store, error) {
	db, err := postgresPool(ctx, url, queryPatience)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("the PostgreSQL server does not answer: %w", err)
	}
	s := newStore(db, db)
	s.slow = func() (*bun.DB, error) { return postgresPool(context.WithoutCancel(ctx), url, migrationPatience) }
	return s, nil
}

// How long one statement may take: of a request, which somebody waits for, and
// of a migration, which may build an index over millions of rows.
const (
	queryPatience     = 10 * time.Second
	migrationPatience = 6 * time.Hour
)

func postgresPool(ctx context.Context, url string, patience time.Duration) (*bun.DB, error) {
	conf, want, err := readPostgres(url)
	if err != nil {
		return nil, fmt.Errorf("the PostgreSQL address %w", err)
	}
	pool := sql.OpenDB(batching{between(ctx, &dialer{conf: conf, want: want, patience: patience})})
	pool.SetMaxOpenConns(postgresConns)
	pool.SetMaxIdleConns(postgresConns)
	pool.SetConnMaxIdleTime(5 * time.Minute)
	if want != "" { // a server may become another's standby
		pool.SetConnMaxLifetime(time.Minute)
	}
	return bun.NewDB(pool, newMarking(pgdialect.New())), nil
}

// patient is the store for work on every row of a table, which may take longer
// than a request would wait. done ends it.
func (s *Store) patient() (long *Store, done func(), err error) {
	if !s.pg {
		return s, func() {}, nil
	}
	db, err := s.slow()
	if err != nil {
		return nil, nil, err
	}
	long = newStore(db, db)
	long.UseKeys(s.keys)
	long.UseKinds(s.kinds)
	return long, func() { _ = long.Close() }, nil
}

// tries is how often a transaction is run when the database asks for it.
const tries = 5

// Write runs a transaction that leaves no event.
func (s *Store) Write(ctx context.Context, do func(login.Tx) error) error {
	return s.write(ctx, func(t *tx) error { return do(t) })
}

// write runs a transaction. When PostgreSQL reports a deadlock or a failed
// serialisation it is run again, as its manual asks (§13.2.3).
func (s *Store) write(ctx context.Context, do func(*tx) error) error {
	var err error
	for range tries {
		err = s.once(ctx, do)
		if !again(err) {
			return err
		}
	}
	return err
}

// once runs a transaction. What went into a file that is no longer the
// database was not kept, and is not reported as done.
func (s *Store) once(ctx context.Context, do func(*tx) error) error {
	if err := s.files.check(); err != nil {
		return err
	}
	if err := s.transact(ctx, do); err != nil {
		return err
	}
	return s.files.check()
}

func (s *Store) transact(ctx context.Context, do func(*tx) error) error {
	posted, waiting := false, false
	var events []identity.Event
	err := s.writer.RunInTx(ctx, nil, func(ctx context.Context, btx bun.Tx) error {
		t := &tx{query: query{db: btx, keys: s.keys, kinds: s.kinds, pg: s.pg}, touched: map[string]bool{}, counts: counts{}, untried: map[string]bool{}}
		if err := do(t); err != nil {
			return err
		}
		if err := t.settle(ctx); err != nil {
			return err
		}
		posted, events = t.posted, t.events
		err := t.flush(ctx)
		if err == nil && t.stirred {
			err = t.noteChange(ctx)
		}
		waiting = t.waiting
		return err
	})
	if err == nil && waiting {
		s.wrote(ctx)
	}
	if err != nil {
		return err
	}
	for _, e := range events {
		s.tellEvent(e)
	}
	if posted {
		s.wake()
	}
	return nil
}

// again says whether a transaction should start over: it is PostgreSQL's wish, or
// the connection was dead before anything of it, or its COMMIT, was sent.
func again(err error) bool {
	if errors.Is(err, driver.ErrBadConn) {
		return true
	}
	var said *pgconn.PgError
	if !errors.As(err, &said) {
		return false
	}
	switch said.Code {
	case "40001", "40P01": // serialization_failure, deadlock_detected
		return true
	case "23505": // unique_violation: two wrote the next event at once
		return said.ConstraintName == "events_pkey"
	}
	return false
}

// taken says whether an error means that a unique value exists already.
func taken(err error) bool {
	if err == nil {
		return false
	}
	return sqlState(err) == "23505" || strings.Contains(err.Error(), "UNIQUE constraint failed")
}

// missing turns "no rows" into the word that callers know.
func missing(err error) error {
	if errors.Is(err, sql.ErrNoRows) {
		return identity.ErrNotFound
	}
	return err
}

// changed says whether a statement changed a row.
func changed(r sql.Result, err error) (bool, error) {
	if err != nil {
		return false, err
	}
	n, err := r.RowsAffected()
	return n > 0, err
}
