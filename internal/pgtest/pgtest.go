// Package pgtest gives tests fresh databases on a real PostgreSQL. The server
// is the tests' own: it is started once per test process, with its own data folder
// and port, and ends with the process.
package pgtest

import (
	"context"
	"crypto/rand"
	"database/sql"
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"

	"nightlatch.example/nightlatch/internal/scratch"
)

// Env names the variable that may hold the address of a server to use instead
// of our own: postgres://USER:PASS@HOST:PORT/DB?sslmode=disable, of an account
// that may create databases.
const Env = "NIGHTLATCH_TEST_POSTGRES"

// OnlyEnv names the variable that, set to sqlite, leaves out PostgreSQL, for
// running the same tests again in another respect, such as the number of cores.
const OnlyEnv = "NIGHTLATCH_TEST_ONLY"

// Databases are the kinds that a test for both of them runs on.
func Databases() []string {
	if os.Getenv(OnlyEnv) == "sqlite" {
		return []string{"sqlite"}
	}
	return []string{"sqlite", "postgres"}
}

// patience bounds the start, the stop and each statement here. A cold initdb
// takes one to two seconds.
const patience = 60 * time.Second

// shared is the process's server, started by the first test that asks.
var shared struct {
	sync.Mutex
	server *server
	err    error
}

// Main runs a package's tests, with their files in memory, and then stops the
// server, if one was started.
// A package that uses DSN calls it from TestMain:
//
//	func TestMain(m *testing.M) { pgtest.Main(m) }
func Main(m *testing.M) {
	end := scratch.Use()
	code := m.Run()
	Stop()
	end()
	os.Exit(code)
}

// Stop ends the server and removes its data folder; Main calls it. The next
// DSN would start another.
func Stop() {
	shared.Lock()
	defer shared.Unlock()
	forgetModel()
	if shared.server != nil {
		shared.server.stop()
	}
	shared.server, shared.err = nil, nil
	ready.Lock()
	defer ready.Unlock()
	ready.kept = nil
}

// DSN creates an empty database, dropped at the end of the test, and returns
// its address. It fails the test when PostgreSQL is not there or does not
// start.
func DSN(t testing.TB) string {
	t.Helper()
	dsn := create(t, empty)
	t.Cleanup(func() { drop(t, dsn) })
	return dsn
}

// empty is the name of the database that PostgreSQL copies when it makes an empty one.
const empty = "template1"

// create makes a database as a copy of another one of the server and returns its
// address.
func create(t testing.TB, of string) string {
	t.Helper()
	admin, err := adminDSN()
	if err != nil {
		t.Fatal(err)
	}
	name := "nightlatch_" + strings.ToLower(rand.Text())
	if err := execSQL(admin, "CREATE DATABASE "+name+" TEMPLATE "+of); err != nil {
		t.Fatalf("create a database for the test: %v", err)
	}
	u, err := url.Parse(admin)
	if err != nil {
		t.Fatalf("%s is not an address: %v", Env, err)
	}
	u.Path = "/" + name
	return u.String()
}

// drop removes a database, whoever still uses it.
func drop(t testing.TB, dsn string) {
	t.Helper()
	admin, err := adminDSN()
	if err == nil {
		err = execSQL(admin, dropping(named(dsn)))
	}
	if err != nil {
		t.Errorf("drop the test's database: %v", err)
	}
}

// dropping is the statement that drops a database.
func dropping(name string) string { return "DROP DATABASE " + name + " WITH (FORCE)" }

// named is which database of its server an address leads to.
func named(dsn string) string {
	u, err := url.Parse(dsn)
	if err != nil {
		return ""
	}
	return strings.TrimPrefix(u.Path, "/")
}

// adminDSN is the address at which databases are created. After a failed start
// it does not try again.
func adminDSN() (string, error) {
	if dsn := os.Getenv(Env); dsn != "" {
		return dsn, nil
	}
	shared.Lock()
	defer shared.Unlock()
	if shared.server == nil && shared.err == nil {
		shared.server, shared.err = start()
	}
	if shared.err != nil {
		return "", shared.err
	}
	return shared.server.dsn(), nil
}

// execSQL runs one statement on a connection of its own.
func execSQL(dsn, statement string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	db, err := connect(dsn)
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.ExecContext(ctx, statement)
	return err
}

// Connect opens a database beside the program that a test is about. Statements are
// sent as they are, so several may stand in one text.
func Connect(t testing.TB, dsn string) *sql.DB {
	t.Helper()
	db, err := connect(dsn)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func connect(dsn string) (*sql.DB, error) {
	conf, err := pgx.ParseConfig(dsn)
	if err != nil {
		return nil, err
	}
	conf.DefaultQueryExecMode = pgx.QueryExecModeSimpleProtocol
	return stdlib.OpenDB(*conf), nil
}
