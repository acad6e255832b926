package commands_test

import (
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// state is every file below a folder, with what would tell that it was touched.
func state(t *testing.T, dir string) (list []string) {
	t.Helper()
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			list = append(list, fmt.Sprintf("%s %v %d %v %x", path, info.Mode(), info.Size(), info.ModTime(), readFile(t, path)))
		} else if err == nil && path != filepath.Join(dir, "data") { // SQLite's log comes and goes in there
			list = append(list, fmt.Sprintf("%s %v %v", path, info.Mode(), info.ModTime()))
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

// The doctor changes nothing and makes no file: not a lock, not a row, and no
// mail folder or try in it.
func TestTheDoctorChangesNothing(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			seed(t, dir, env, "ada", 2, true)
			start(t, dir, env).stop() // makes the mail folder
			for _, lock := range []string{"nightlatch.db.lock", "keys.json.lock"} {
				_ = os.Remove(filepath.Join(dir, "data", lock))
			}
			db := raw(t, dir, env)
			before := count(t, db, "SELECT count(*) FROM servers")
			db.Close()
			files := state(t, dir)
			must(t, dir, env, "", "doctor")
			if now := state(t, dir); fmt.Sprint(now) != fmt.Sprint(files) {
				t.Errorf("the files were %d and are %d, or were changed", len(files), len(now))
			}
			db = raw(t, dir, env)
			defer db.Close()
			if now := count(t, db, "SELECT count(*) FROM servers"); now != before {
				t.Errorf("%d rows instead of %d", now, before)
			}
		})
	}
}
