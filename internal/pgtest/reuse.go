package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"
)

// ready holds databases that tests gave back, emptied for the next one. Making
// and migrating a database takes ten times as long as emptying one.
var ready struct {
	sync.Mutex
	kept []*kept
}

// kept is one of them, with the connection that empties it: a new connection
// would have to look up all tables first.
type kept struct {
	dsn string
	db  *sql.DB
}

func keep(t testing.TB, dsn string) *kept {
	db := Connect(t, dsn)
	db.SetMaxOpenConns(1)
	return &kept{dsn, db}
}

// Reused gives a database as prepare leaves an empty one. It may have served
// another test of this process before; nothing of that test is left in it. A
// test that changes the schema takes DSN instead. prepare is the same for all
// tests of a process.
func Reused(t testing.TB, prepare func(dsn string) error) string {
	t.Helper()
	k := takeReady()
	if k == nil {
		k = keep(t, create(t, empty))
		if err := prepare(k.dsn); err != nil {
			t.Fatalf("prepare a database for tests: %v", err)
		}
		if err := k.keepRows(); err != nil {
			t.Fatalf("prepare a database for tests: %v", err)
		}
	}
	t.Cleanup(func() {
		if t.Failed() || k.empty() != nil { // somebody still uses it, or its shape has changed
			k.db.Close()
			drop(t, k.dsn)
			return
		}
		ready.Lock()
		defer ready.Unlock()
		ready.kept = append(ready.kept, k)
	})
	return k.dsn
}

func takeReady() *kept {
	ready.Lock()
	defer ready.Unlock()
	if len(ready.kept) == 0 {
		return nil
	}
	k := ready.kept[len(ready.kept)-1]
	ready.kept = ready.kept[:len(ready.kept)-1]
	return k
}

// keepRows copies the rows that prepare itself wrote, so that empty can put
// them back.
func (k *kept) keepRows() error {
	return k.within(func(ctx context.Context, db *sql.Tx) error {
		if _, err := db.ExecContext(ctx, "CREATE SCHEMA kept"); err != nil {
			return err
		}
		names, err := tables(ctx, db)
		if err != nil {
			return err
		}
		for _, name := range names {
			if _, err := db.ExecContext(ctx, fmt.Sprintf("CREATE TABLE kept.%[1]q AS TABLE public.%[1]q", name)); err != nil {
				return err
			}
		}
		return nil
	})
}

// empty brings a database back to what prepare left.
func (k *kept) empty() error {
	return k.within(func(ctx context.Context, db *sql.Tx) error {
		names, err := tables(ctx, db)
		if err != nil || len(names) == 0 {
			return fmt.Errorf("nothing to empty: %w", err)
		}
		// Without the replica role every deleted row would be checked for foreign keys.
		all := []string{"SET LOCAL lock_timeout = '5s'", "SET LOCAL session_replication_role = replica"}
		for _, name := range names {
			all = append(all, fmt.Sprintf("DELETE FROM public.%q", name), fmt.Sprintf("INSERT INTO public.%[1]q TABLE kept.%[1]q", name))
		}
		_, err = db.ExecContext(ctx, strings.Join(all, ";"))
		return err
	})
}

func tables(ctx context.Context, db *sql.Tx) (names []string, err error) {
	rows, err := db.QueryContext(ctx, "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// within runs something in one transaction.
func (k *kept) within(do func(context.Context, *sql.Tx) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	tx, err := k.db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := do(ctx, tx); err != nil {
		return err
	}
	return tx.Commit()
}
