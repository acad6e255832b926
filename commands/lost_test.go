package commands_test

import (
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/pgtest"
)

// anew gives a PostgreSQL database's address an empty database.
func anew(t *testing.T, dsn string) {
	t.Helper()
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	name := strings.TrimPrefix(u.Path, "/")
	u.Path = "/postgres"
	db := pgtest.Connect(t, u.String())
	defer db.Close()
	for _, statement := range []string{"DROP DATABASE " + name + " WITH (FORCE)", "CREATE DATABASE " + name} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

// beginsNothing checks that no command makes an empty site beside keys that
// were used, and that moving the keys away begins a new one.
func beginsNothing(t *testing.T, dir string, env []string) {
	t.Helper()
	const words = "to start a new site on purpose, move the key file away first"
	refuses(t, dir, env, nil, words)
	for _, args := range [][]string{{"migrate", "up"}, {"user", "add", "eve", "--admin"}} {
		if r := run(t, dir, env, "", args...); r.code == 0 || strings.Contains(r.out, "/invite/") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	keys := filepath.Join(dir, "data", "keys.json")
	if err := os.Rename(keys, keys+".old"); err != nil {
		t.Fatal(err)
	}
	s := start(t, dir, env)
	waitFor(t, func() bool { return len(s.lines(&s.out)) == 1 })
	s.setupPath()
}

// A database file that is gone, replaced or cut under a running server: nothing
// is acknowledged any more, and the next start offers no setup link.
func TestDatabaseFileLostWhileServing(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(path string) error{
		"deleted":  os.Remove,
		"replaced": func(path string) error { _ = os.Remove(path); return os.WriteFile(path, nil, 0o600) },
		"cut":      func(path string) error { return os.Truncate(path, 0) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := seed(t, dir, nil, "ada", 1, false)[0]
			s := start(t, dir, nil)
			v := s.visitor()
			v.password(p.login).want(t, "/profile")
			path := filepath.Join(dir, "data", "nightlatch.db")
			s.waitReady() // else it is unready for another reason, before it finds the loss
			if err := spoil(path); err != nil {
				t.Fatal(err)
			}
			waitFor(t, func() bool { return s.visitor().get("/readyz").status == http.StatusServiceUnavailable })
			for what, got := range map[string]page{"password": s.visitor().password(p.login), "name": v.post("/profile/name", "name", "Countess")} {
				if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
					t.Errorf("%s: %d", what, got.status)
				}
			}
			if got := s.visitor().get("/healthz"); got.status != http.StatusOK {
				t.Errorf("alive: %d", got.status)
			}
			waitFor(t, func() bool {
				return strings.Contains(strings.Join(s.lines(&s.log), "\n"), "nothing is served: the database is lost")
			})
			s.stop()
			beginsNothing(t, dir, nil)
		})
	}
}

// A PostgreSQL database that is dropped and made again is as lost as a file.
func TestDatabaseDroppedWhileServing(t *testing.T) {
	t.Parallel()
	dir, dsn := t.TempDir(), pgtest.DSN(t)
	env := []string{"NIGHTLATCH_DATABASE=" + dsn}
	p := seed(t, dir, env, "ada", 1, false)[0]
	s := start(t, dir, env)
	v := s.visitor()
	v.password(p.login).want(t, "/profile")
	s.waitReady()
	anew(t, dsn)
	waitFor(t, func() bool { return s.visitor().get("/readyz").status == http.StatusServiceUnavailable })
	for what, got := range map[string]page{"password": s.visitor().password(p.login), "session": v.get("/profile"), "verify": v.get("/verify")} {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("%s: %d", what, got.status)
		}
	}
	s.stop()
	beginsNothing(t, dir, env)
}

// A damaged file does not get as far as a server.
func TestDamagedDatabaseIsNotServed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	seed(t, dir, nil, "ada", 50, true)
	path := filepath.Join(dir, "data", "nightlatch.db")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()/2); err != nil {
		t.Fatal(err)
	}
	refuses(t, dir, nil, nil, "is damaged")
}
