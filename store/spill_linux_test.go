package store_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// While a migration runs SQLite puts what is large into files beside the
// database, whatever that folder is called, and afterwards it uses none again.
// Where they lie is one setting for a whole process, so no other test migrates
// beside this one.
func TestAMigrationSpillsIntoFilesBesideTheDatabase(t *testing.T) {
	folder := filepath.Join(t.TempDir(), "it's here")
	if err := os.Mkdir(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	s := open(t, "sqlite:"+filepath.Join(folder, "nightlatch.db"))
	const large = `CREATE TEMP TABLE large AS WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 20000)
		SELECT i, hex(randomblob(200)) AS x FROM n`
	files := func() (n int) {
		t.Helper()
		s.Exec(t, large)
		open, err := filepath.Glob("/proc/self/fd/*")
		if err != nil {
			t.Fatal(err)
		}
		for _, fd := range open {
			name, err := os.Readlink(fd)
			if err == nil && strings.HasPrefix(name, folder) && strings.HasSuffix(name, "(deleted)") {
				n++
			}
		}
		s.Exec(t, "DROP TABLE large")
		return n
	}
	if n := files(); n > 0 {
		t.Errorf("%d files before", n)
	}
	stop := s.Spill(t)
	during := files()
	stop()
	if after := files(); during == 0 || after > 0 {
		t.Errorf("%d files while it runs, %d afterwards", during, after)
	}
	if _, err := s.Migrate(t.Context()); err != nil {
		t.Fatal(err)
	}
	if n := files(); n > 0 {
		t.Errorf("%d files after a migration", n)
	}
}
