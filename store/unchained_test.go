package store_test

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/store"
)

// beside runs a test on a PostgreSQL database where nobody chains what s writes.
func beside(t *testing.T, do func(t *testing.T, s *store.Store, url string, keys *store.Keys)) {
	t.Parallel()
	if !slices.Contains(pgtest.Databases(), "postgres") { // events wait on PostgreSQL only
		return
	}
	url := pgtest.DSN(t)
	if err := migrated(url); err != nil {
		t.Fatal(err)
	}
	s := open(t, url)
	_, keys := second(t, s, url)
	s.LeaveChaining()
	do(t, s, url, keys)
}

// happened records events of somebody, in one transaction.
func happened(t *testing.T, s *store.Store, who string, details ...string) {
	t.Helper()
	err := s.Do(t.Context(), func(tx login.Act) error {
		for _, d := range details {
			tx.Record(identity.Event{At: noon, Kind: "login", AccountID: who, Detail: d})
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// details are what the log has about somebody, oldest first.
func details(rows []eventRow, who string) (list []string) {
	for _, r := range rows {
		if r.AccountID == who {
			list = append(list, r.Detail)
		}
	}
	return list
}

// killed is a process that ends with its n-th call of the database: before it, or
// when it was done.
type killed struct {
	driver.Connector
	n     *atomic.Int64 // calls until then; nothing happens while it is not positive
	after bool
}

var errKilled = errors.New("the process was killed")

func (k killed) Connect(ctx context.Context) (driver.Conn, error) {
	conn, err := k.Connector.Connect(ctx)
	return killedConn{conn, k}, err
}

type killedConn struct {
	driver.Conn
	of killed
}

func (c killedConn) die(call func() error) error {
	last := c.of.n.Load() > 0 && c.of.n.Add(-1) == 0
	if last && !c.of.after {
		return errors.Join(errKilled, c.Conn.Close())
	}
	err := call()
	if last {
		return errors.Join(errKilled, c.Conn.Close())
	}
	return err
}

func (c killedConn) ExecContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Result, err error) {
	err = c.die(func() (err error) {
		r, err = c.Conn.(driver.ExecerContext).ExecContext(ctx, text, args)
		return err
	})
	return r, err
}

func (c killedConn) QueryContext(ctx context.Context, text string, args []driver.NamedValue) (r driver.Rows, err error) {
	err = c.die(func() (err error) {
		r, err = c.Conn.(driver.QueryerContext).QueryContext(ctx, text, args)
		return err
	})
	return r, err
}

func (c killedConn) IsValid() bool { return c.Conn.(driver.Validator).IsValid() }

// Whenever the process that chains is killed, before a call or after it, the
// events are in the log once and in their order when the next one has chained.
func TestAKillWhileChainingLosesNothing(t *testing.T) {
	beside(t, func(t *testing.T, s *store.Store, url string, keys *store.Keys) {
		var want []string
		hit := 0
		for n := int64(1); n <= 6; n++ {
			for _, after := range []bool{false, true} {
				one := fmt.Sprint(n, after)
				happened(t, s, "ada", one+"a", one+"b")
				happened(t, s, "ada", one+"c")
				want = append(want, one+"a", one+"b", one+"c")
				var left atomic.Int64
				ctx := store.Between(t.Context(), func(c driver.Connector) driver.Connector { return killed{c, &left, after} })
				dying, err := store.Open(ctx, url)
				if err != nil {
					t.Fatal(err)
				}
				dying.UseKeys(keys)
				left.Store(n)
				if dying.ChainNow(t.Context()) != nil {
					hit++
				}
				left.Store(0)
				dying.Close()
				if err := s.ChainNow(t.Context()); err != nil {
					t.Fatal(err)
				}
				rows := events(t, url)
				if got := details(rows, "ada"); !slices.Equal(got, want) || broken(rows) != 0 {
					t.Fatalf("killed at %d (%v): %q, broken at %d", n, after, got, broken(rows))
				}
			}
		}
		if got := verify(t, s, ""); got.Fault != "" || got.Waiting != 0 || hit < 6 {
			t.Errorf("%+v after %d kills", got, hit)
		}
	})
}

// Three processes write and chain at once: one chain, nothing lost, and what
// happened to somebody one after another is in that order.
func TestThreeProcessesChainOneLog(t *testing.T) {
	beside(t, func(t *testing.T, s *store.Store, url string, keys *store.Keys) {
		const writers, each = 30, 8
		ctx, stop := context.WithCancel(t.Context())
		var working sync.WaitGroup
		all := []*store.Store{s, open(t, url), open(t, url)}
		for _, x := range all {
			x.UseKeys(keys)
			working.Go(func() { x.Chain(ctx, func(err error) { t.Error(err) }) })
		}
		together(writers, func(i int) {
			for j := range each {
				happened(t, all[(i+j)%3], fmt.Sprint(i), fmt.Sprint(j, "a"), fmt.Sprint(j, "b"))
			}
		})
		stop()
		working.Wait()
		rows := events(t, url)
		for i := range writers {
			var want []string
			for j := range each {
				want = append(want, fmt.Sprint(j, "a"), fmt.Sprint(j, "b"))
			}
			if got := details(rows, fmt.Sprint(i)); !slices.Equal(got, want) {
				t.Errorf("%d: %q", i, got)
			}
		}
		if got := verify(t, s, ""); got.Broken+int64(got.Waiting) != 0 || got.Fault != "" {
			t.Errorf("%+v", got)
		}
	})
}

// Events that wait are shown as what happened last. A step back and forth keeps
// them, and so does a process that ends without having chained them.
func TestEventsThatWaitAreInTheLog(t *testing.T) {
	beside(t, func(t *testing.T, s *store.Store, url string, _ *store.Keys) {
		happened(t, s, "ada", "a", "b")
		if err := s.ChainNow(t.Context()); err != nil {
			t.Fatal(err)
		}
		happened(t, s, "ada", "c")
		happened(t, s, "ada", "d")
		shown := func(list []identity.Event) (text string) {
			for _, e := range list {
				text += fmt.Sprint(e.Detail, e.Number() > 0, " ")
			}
			return text
		}
		const want = "dfalse cfalse btrue atrue "
		list, err := s.Events(t.Context(), "ada", 0, 10)
		if got := shown(list); got != want || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		page, err := s.AuditPage(t.Context(), accounts.AuditFilter{Kind: "login", Text: "", Limit: 2}, "")
		if got := shown(page.Events); got != "dfalse cfalse " || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		page, err = s.AuditPage(t.Context(), accounts.AuditFilter{Kind: "login", Before: page.Next, Limit: 2}, "ada")
		if got := shown(page.Events); got != "btrue atrue " || err != nil {
			t.Errorf("%q, %v", got, err)
		}
		const step = "20261125000180_unchained"
		undoTo(t, s, step)
		if _, err := s.Migrate(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n, err := s.Unchained(t.Context()); n != 2 || err != nil {
			t.Errorf("%d wait after a step back and forth: %v", n, err)
		}
		if got := verify(t, s, ""); got.Fault != "" || got.Waiting != 0 {
			t.Errorf("%+v", got)
		}
		if rows := events(t, url); strings.Join(details(rows, "ada"), "") != "abcd" || broken(rows) != 0 {
			t.Errorf("%+v", rows)
		}
	})
}

// Who writes to the database cannot have the site chain an event of their own, or
// one of the site that they changed, without a word about it.
func TestEventsThatWaitAreUnderTheKeys(t *testing.T) {
	for name, forge := range map[string]string{
		"added":   "INSERT INTO unchained SELECT 'X', seq + 1, at, 'account.role', account_id, actor_id, actor, address, browser, level, reason, detail, mac FROM unchained",
		"changed": "UPDATE unchained SET account_id = 'bob'",
		"bare":    "UPDATE unchained SET mac = NULL",
	} {
		t.Run(name, func(t *testing.T) {
			beside(t, func(t *testing.T, s *store.Store, url string, _ *store.Keys) {
				happened(t, s, "ada", "a")
				run(t, raw(t, url), forge)
				got := verify(t, s, "")
				if !strings.Contains(got.Fault, "without the keys") || broken(events(t, url)) != 0 {
					t.Errorf("%+v", got)
				}
			})
		})
	}
}

// A page of the log with the events that wait reads no more than its rows.
func TestTheLogIsReadByItsIndex(t *testing.T) {
	beside(t, func(t *testing.T, s *store.Store, url string, _ *store.Keys) {
		db := raw(t, url)
		run(t, db, "INSERT INTO events SELECT n, 1, 'login', 'a' || n % 50, '', 'self', '', '', 1, '', '', '' FROM generate_series(1, 50000) AS n ON CONFLICT DO NOTHING")
		happened(t, s, "a1", "x")
		run(t, db, "ANALYZE events")
		run(t, db, "ANALYZE unchained")
		for _, where := range []string{"", "WHERE account_id = 'a1'", "WHERE kind = 'login'"} {
			var plan []string
			if err := db.NewRaw("EXPLAIN SELECT * FROM ? AS event_row "+where+" ORDER BY seq DESC LIMIT 50", bun.Safe(store.LogSQL)).Scan(t.Context(), &plan); err != nil {
				t.Fatal(err)
			}
			if text := strings.Join(plan, "\n"); strings.Contains(text, "Seq Scan on events") || !strings.Contains(text, "Merge Append") {
				t.Errorf("%s:\n%s", where, text)
			}
		}
	})
}
