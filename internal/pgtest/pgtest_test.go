package pgtest

import (
	"context"
	"database/sql"
	"fmt"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
)

func TestMain(m *testing.M) { Main(m) }

func open(t *testing.T, dsn string) *sql.DB {
	t.Helper()
	db := Connect(t, dsn)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestEachTestHasAnEmptyDatabaseOfItsOwn(t *testing.T) {
	one, two := DSN(t), DSN(t)
	if one == two {
		t.Fatal("both tests would share", one)
	}
	for _, dsn := range []string{one, two} {
		if _, err := open(t, dsn).Exec("CREATE TABLE door (id int)"); err != nil {
			t.Fatal(err)
		}
	}
}

// Each copy has what was prepared, once, and nothing of another copy.
func TestCopiesAreApart(t *testing.T) {
	prepared := 0
	prepare := func(dsn string) error {
		prepared++
		return execSQL(dsn, "CREATE TABLE door AS SELECT 1 AS id")
	}
	one, two := Copied(t, prepare), Copied(t, prepare)
	if _, err := open(t, one).Exec("DROP TABLE door"); err != nil {
		t.Fatal(err)
	}
	for _, dsn := range []string{two, Copied(t, prepare)} {
		var rows int
		if err := open(t, dsn).QueryRow("SELECT count(*) FROM door").Scan(&rows); err != nil || rows != 1 {
			t.Errorf("%d rows, %v", rows, err)
		}
	}
	if prepared != 1 {
		t.Errorf("prepared %d times", prepared)
	}
}

func TestDatabaseIsDroppedEvenWhileInUse(t *testing.T) {
	var name string
	t.Run("user", func(t *testing.T) {
		dsn := DSN(t)
		u, err := url.Parse(dsn)
		if err != nil {
			t.Fatal(err)
		}
		name = strings.TrimPrefix(u.Path, "/")
		db := Connect(t, dsn)
		if err := db.Ping(); err != nil { // left open on purpose
			t.Fatal(err)
		}
	})
	admin, err := adminDSN()
	if err != nil {
		t.Fatal(err)
	}
	var left int
	row := open(t, admin).QueryRow("SELECT count(*) FROM pg_database WHERE datname = $1", name)
	if err := row.Scan(&left); err != nil || left != 0 {
		t.Fatalf("%d databases named %s left (%v)", left, name, err)
	}
}

func TestManyConnections(t *testing.T) {
	db := open(t, DSN(t))
	var held sync.WaitGroup
	errs := make(chan error, 120)
	for range 120 {
		held.Go(func() {
			conn, err := db.Conn(context.Background())
			if err == nil {
				err = conn.PingContext(context.Background())
			}
			errs <- err
		})
	}
	held.Wait()
	close(errs)
	for err := range errs {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func TestServerSettings(t *testing.T) {
	db := open(t, DSN(t))
	for name, want := range map[string]string{
		"server_encoding": "UTF8", "fsync": "off", "synchronous_commit": "on", "max_connections": "200", "TimeZone": "UTC",
	} {
		var got string
		if err := db.QueryRow(fmt.Sprintf("SHOW %q", name)).Scan(&got); err != nil || got != want {
			t.Errorf("%s is %q, want %q (%v)", name, got, want, err)
		}
	}
}

func TestNamedServerIsUsed(t *testing.T) {
	if os.Getenv(Env) == "" {
		admin, err := adminDSN()
		if err != nil {
			t.Fatal(err)
		}
		t.Setenv(Env, admin+"&application_name=named")
	}
	want, err := url.Parse(os.Getenv(Env))
	if err != nil {
		t.Fatal(err)
	}
	got, err := url.Parse(DSN(t))
	if err != nil {
		t.Fatal(err)
	}
	if got.Host != want.Host || got.RawQuery != want.RawQuery || got.Path == want.Path {
		t.Fatalf("got %s from %s", got, want)
	}
}
