package store_test

import (
	"context"
	"database/sql/driver"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// sent writes down what goes to a server.
type sent struct {
	driver.Connector
	mu    *sync.Mutex
	texts *[]string
}

func (s sent) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := s.Connector.Connect(ctx)
	return sentConn{conn, s}, err
}

type sentConn struct {
	driver.Conn
	to sent
}

func (c sentConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Result, error) {
	c.note(text)
	return c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
}

func (c sentConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (driver.Rows, error) {
	c.note(text)
	return c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
}

func (c sentConn) note(text string) {
	c.to.mu.Lock()
	defer c.to.mu.Unlock()
	*c.to.texts = append(*c.to.texts, text)
}

// On PostgreSQL what gives nothing back is sent with what follows it, in its order;
// what fails there is an error, leaves nothing behind, and spoils no connection.
func TestWritesGoWithTheNextStatement(t *testing.T) {
	t.Parallel()
	if !slices.Contains(pgtest.Databases(), "postgres") {
		return
	}
	var mu sync.Mutex
	var texts []string
	take := func() []string {
		mu.Lock()
		defer mu.Unlock()
		x := texts
		texts = nil
		return x
	}
	ctx := store.Between(t.Context(), func(c driver.Connector) driver.Connector { return sent{c, &mu, &texts} })
	s, err := store.Open(ctx, pgtest.DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	s.UseKeys(newKeys(t))

	write := func(do func(tx login.Tx) error) error { return s.Write(t.Context(), do) }
	key := func(name string) login.Counter { return login.Counter{What: login.CountAddress, Subject: name} }
	save := func(tx login.Tx, name string, fails int) error {
		return tx.SaveThrottle(t.Context(), login.Throttle{Key: key(name), Fails: fails})
	}
	take()
	if err := write(func(login.Tx) error { return nil }); err != nil || len(take()) > 0 {
		t.Errorf("a transaction without a statement was sent: %v", err)
	}
	err = write(func(tx login.Tx) error {
		for i, name := range []string{"a", "b", "a"} {
			if err := save(tx, name, i+1); err != nil {
				return err
			}
		}
		got, err := tx.Throttle(t.Context(), key("a"))
		if got.Fails != 3 {
			t.Errorf("the last of two writes is not the one that is read: %+v", got)
		}
		return err
	})
	if list := take(); err != nil || len(list) != 2 || strings.Count(list[0], "INSERT") != 3 {
		t.Errorf("%v: %q", err, list)
	}
	for range 30 { // more than the pool has connections
		err = s.Do(t.Context(), func(tx login.Act) error {
			if err := save(tx, "kept", 9); err != nil {
				return err
			}
			return tx.InsertSession(t.Context(), identity.Session{ID: "x", TokenHash: "x", AccountID: "nobody"})
		})
		if err == nil {
			t.Fatal("what the server refuses with COMMIT is no error")
		}
	}
	if got, err := s.Throttle(t.Context(), key("kept")); err != nil || got.Fails != 0 {
		t.Errorf("%+v was kept: %v", got, err)
	}
	err = write(func(tx login.Tx) error {
		mine, err := tx.ClaimForm(t.Context(), login.Outcome{Key: "y"}, time.Time{})
		if again, err2 := tx.ClaimForm(t.Context(), login.Outcome{Key: "y"}, time.Time{}); !mine || again || err2 != nil {
			t.Errorf("claimed %v, and again %v: %v", mine, again, err2)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}
