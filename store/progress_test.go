package store_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"nightlatch.example/nightlatch/store"
)

// emptied is a store of some accounts whose directory was emptied.
func emptied(t *testing.T, s *store.Store, url string, n int) {
	t.Helper()
	for i := range n {
		account(t, s, fmt.Sprintf("ada%d", i))
	}
	for _, table := range []string{"directory", "words", "totals"} {
		run(t, raw(t, url), "DELETE FROM "+table)
	}
}

// entered fails the test unless all accounts are in the directory and counted.
func entered(t *testing.T, s *store.Store, n int) {
	t.Helper()
	buckets, err := s.Buckets(t.Context())
	sum := 0
	for _, k := range buckets {
		sum += k
	}
	if err != nil || sum != n {
		t.Errorf("%d of %d accounts are in the directory, %v", sum, n, err)
	}
}

// A migration changes accounts a page at a time, tells how far it is after each,
// and has nothing to do a second time.
func TestAMigrationChangesAPageOfAccountsAtATime(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		emptied(t, s, url, 25)
		var told []store.Progress
		s.OnProgress(func(p store.Progress) { told = append(told, p) })
		for range 2 {
			if err := s.RefreshBy(t.Context(), 10); err != nil {
				t.Fatal(err)
			}
		}
		if want := []store.Progress{{Done: 10, Total: 25}, {Done: 20, Total: 25}, {Done: 25, Total: 25}}; !slices.Equal(told, want) {
			t.Errorf("told %v instead of %v", told, want)
		}
		entered(t, s, 25)
	})
}

// One that was broken off keeps the pages that it wrote, and the next goes on
// from there.
func TestAMigrationThatWasBrokenOffGoesOn(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		emptied(t, s, url, 25)
		ctx, stop := context.WithCancel(t.Context())
		s.OnProgress(func(store.Progress) { stop() })
		if err := s.RefreshBy(ctx, 10); !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		entered(t, s, 10)
		var told []store.Progress
		s.OnProgress(func(p store.Progress) { told = append(told, p) })
		if err := s.RefreshBy(t.Context(), 10); err != nil || len(told) != 2 || told[0].Total != 15 {
			t.Errorf("%v, %v", told, err)
		}
		entered(t, s, 25)
	})
}

// Each step is told of before it is taken.
func TestAMigrationTellsItsSteps(t *testing.T) {
	each(t, func(t *testing.T, url string) {
		s := open(t, url)
		var told []string
		s.OnProgress(func(p store.Progress) { told = append(told, p.Step) })
		came, err := s.Migrate(t.Context())
		if err != nil || len(came) == 0 || !slices.Equal(told, came) {
			t.Errorf("told %v of %v, %v", told, came, err)
		}
	})
}
