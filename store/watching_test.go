package store_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// Whoever watches statements sees their texts with the request that they were for,
// and nothing that is kept.
func TestStatementsAreWatchedWithoutWhatTheyKeep(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, _ string) {
		var mu sync.Mutex
		var seen []store.Query
		s.OnQuery(func(q store.Query) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, q)
		}, func(time.Duration) bool { return true })
		ctx := identity.WithRequest(t.Context(), "request7")
		a, _ := account(t, s, "ada")
		err := s.Do(ctx, func(tx login.Act) error {
			return tx.InsertPending(ctx, identity.Pending{ID: identity.NewID(), TokenHash: "hunter2", AccountID: a.ID, Created: noon, Expires: noon.Add(time.Hour)})
		})
		if err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		defer mu.Unlock()
		var operations []string
		for _, q := range seen {
			operations = append(operations, q.Operation)
			if strings.Contains(q.Text, "hunter2") || strings.Contains(q.Text, "\x00") {
				t.Errorf("it shows %q", q.Text)
			}
			if q.Operation == "INSERT" && strings.Contains(q.Text, "pendings") && q.Request != "request7" {
				t.Errorf("%q was for request %q", q.Text, q.Request)
			}
		}
		for _, want := range []string{"BEGIN", "INSERT", "COMMIT"} {
			if !slices.Contains(operations, want) {
				t.Errorf("no %s in %v", want, operations)
			}
		}
	})
}
