package store

import (
	"context"
	"testing"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
)

// What the benchmark of a million accounts loads past the store.
var (
	Words      = words
	SearchText = searchText
)

// Do runs a transaction that may change anything, with or without an event.
func (s *Store) Do(ctx context.Context, do func(login.Act) error) error {
	return s.write(ctx, func(t *tx) error { return do(&act{Tx: t, t: t}) })
}

// LaneSQL is what is in a lane of the outbox.
func LaneSQL(l mail.Lane) string { return laneSQL[l] }

// ClaimSQL is how mails of a lane are claimed.
func (s *Store) ClaimSQL(l mail.Lane) string { return claimSQL(l, s.pg) }

// Sweeps are the statements that delete what is over.
func Sweeps() (list []string) {
	for _, x := range sweeps(time.Time{}, time.Time{}) {
		list = append(list, x.sql)
	}
	return list
}

// RefreshBy is Refresh with pages of another size.
func (s *Store) RefreshBy(ctx context.Context, page int) error { return s.refresh(ctx, page) }

// Spill lets SQLite use files until stop is called, as a migration does.
func (s *Store) Spill(t testing.TB) (stop func()) {
	t.Helper()
	end, err := s.spill(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func() {
		t.Helper()
		if err := end(); err != nil {
			t.Fatal(err)
		}
	}
}

// LogSQL is the log with the events that wait.
const LogSQL = logSQL

// ChainNow chains what waits.
func (s *Store) ChainNow(ctx context.Context) error { return s.chain(ctx) }

// Exec runs a statement on the connection that writes.
func (s *Store) Exec(t testing.TB, statement string) {
	t.Helper()
	if _, err := s.writer.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

// RebuildBy is Rebuild with pages of another size.
func (s *Store) RebuildBy(ctx context.Context, page int) (Mended, error) { return s.rebuild(ctx, page) }

// ServerPort is the port of the PostgreSQL server that is written to.
func (s *Store) ServerPort(ctx context.Context) (port string, err error) {
	err = s.writer.NewRaw("SELECT inet_server_port()").Scan(ctx, &port)
	return port, err
}
