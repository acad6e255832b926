package store_test

import (
	"testing"
	"time"

	"nightlatch.example/nightlatch/store"
)

// One import runs at a time on a database, and the next begins when it is done.
func TestOneImportAtATime(t *testing.T) {
	onStore(t, func(t *testing.T, s *store.Store, url string) {
		other := s
		if !s.Embedded() {
			var err error
			if other, err = store.Open(t.Context(), url); err != nil {
				t.Fatal(err)
			}
			defer other.Close()
		}
		done, ok, err := s.ImportTurn(t.Context(), time.Minute)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		if _, ok, err := other.ImportTurn(t.Context(), time.Millisecond); ok || err != nil {
			t.Errorf("two at once: %v %v", ok, err)
		}
		done()
		done, ok, err = other.ImportTurn(t.Context(), time.Minute)
		if !ok || err != nil {
			t.Fatal(ok, err)
		}
		done()
	})
}
