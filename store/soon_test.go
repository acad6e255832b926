package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
)

// Whether a commit waits for the disk holds for one transaction: after it, kept or
// given up, the next one waits again.
func TestOnlyOneTransactionDoesNotWaitForTheDisk(t *testing.T) {
	t.Parallel()
	for _, db := range pgtest.Databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			url, ask, waits, soon := "sqlite:"+filepath.Join(t.TempDir(), "n.db"), "PRAGMA synchronous", "2", "1"
			if db == "postgres" {
				url, ask, waits, soon = pgtest.DSN(t), "SHOW synchronous_commit", "on", "off"
			}
			s, err := Open(t.Context(), url)
			if err != nil {
				t.Fatal(err)
			}
			defer s.Close()
			s.writer.SetMaxOpenConns(1)
			if _, err := s.Migrate(t.Context()); err != nil {
				t.Fatal(err)
			}
			says := func(when, want string, write func(context.Context, func(login.Tx) error) error, end error) {
				t.Helper()
				got := ""
				err := write(t.Context(), func(x login.Tx) error {
					return errors.Join(x.(*tx).db.NewRaw(ask).Scan(t.Context(), &got), end)
				})
				if got != want || !errors.Is(err, end) {
					t.Errorf("%s it is %q instead of %q: %v", when, got, want, err)
				}
			}
			for range 2 {
				says("at first", waits, s.Write, nil)
				says("soon", soon, s.WriteSoon, nil)
				says("after a commit", waits, s.Write, nil)
				says("soon", soon, s.WriteSoon, errRolledBack)
				says("after giving up", waits, s.Write, nil)
				if _, err := s.TryClaim(t.Context(), login.Outcome{Key: "x"}, login.Sender{}); err != nil {
					t.Error(err)
				}
				says("after a claim", waits, s.Write, nil)
			}
		})
	}
}
