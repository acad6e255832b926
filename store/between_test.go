package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/store"
)

// counted counts the connections that are opened, and refuses them once asked to.
type counted struct {
	driver.Connector
	n     *atomic.Int64
	shut  *atomic.Bool
	wrong error
}

// Connect opens one, unless the way is shut.
func (c counted) Connect(ctx context.Context) (driver.Conn, error) {
	if c.n.Add(1); c.shut.Load() {
		return nil, c.wrong
	}
	return c.Connector.Connect(ctx)
}

// What tests put between a store and its database sees every connection, on
// either database, and what it refuses is what the store reports.
func TestWhatIsPutBetweenSeesEveryConnection(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, url string) {
		var n atomic.Int64
		var shut atomic.Bool
		wrong := errors.New("the way is shut")
		ctx := store.Between(t.Context(), func(c driver.Connector) driver.Connector { return counted{c, &n, &shut, wrong} })
		s, err := store.Open(ctx, url)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(); err != nil || n.Load() == 0 {
			t.Fatalf("%d connections were seen: %v", n.Load(), err)
		}
		shut.Store(true)
		if s, err := store.Open(ctx, url); !errors.Is(err, wrong) {
			if err == nil {
				s.Close()
			}
			t.Errorf("%v", err)
		}
	})
}
