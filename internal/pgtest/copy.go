package pgtest

import (
	"os"
	"sync"
	"testing"
)

// model is the database that Copied copies, made by the first test that asks.
var model struct {
	sync.Mutex
	name string
}

// Copied gives a database of the test's own as prepare leaves an empty one, dropped
// at the end of the test. Unlike one from Reused it may be changed in any way, its
// schema too. prepare runs once and is the same for all tests of a process; it leaves
// no connection open, since PostgreSQL copies no database that is in use.
func Copied(t testing.TB, prepare func(dsn string) error) string {
	t.Helper()
	dsn := create(t, modelOf(t, prepare))
	t.Cleanup(func() { drop(t, dsn) })
	return dsn
}

func modelOf(t testing.TB, prepare func(dsn string) error) string {
	t.Helper()
	model.Lock()
	defer model.Unlock()
	if model.name == "" {
		dsn := create(t, empty)
		if err := prepare(dsn); err != nil {
			drop(t, dsn)
			t.Fatalf("prepare a database for tests: %v", err)
		}
		model.name = named(dsn)
	}
	return model.name
}

// forgetModel drops it where the server stays, which is not ours.
func forgetModel() {
	model.Lock()
	defer model.Unlock()
	if server := os.Getenv(Env); server != "" && model.name != "" {
		_ = execSQL(server, dropping(model.name))
	}
	model.name = ""
}
