package commands_test

import (
	"context"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

func keyPath(dir string) string { return filepath.Join(dir, "data", "keys.json") }

func readFile(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func writeFile(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// A keyset of another site, an older one, and one that a second host would make
// for itself stop every command with one sentence, and are a fault to the doctor.
func TestKeysThatAreNotTheSitesStopTheStart(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir, other := t.TempDir(), t.TempDir()
			people := seed(t, dir, env, "ada", 2, true)
			must(t, dir, env, "", "doctor") // nobody but the first command may say which keys are right
			must(t, dir, env, "", "user", "list")
			must(t, other, nil, "", "migrate", "up")
			older := readFile(t, keyPath(dir))
			must(t, dir, env, "", "key", "rotate")
			newest := readFile(t, keyPath(dir))
			quiet := append(slices.Clone(env), "NIGHTLATCH_LOG=error")
			for what, text := range map[string][]byte{"of another site": readFile(t, keyPath(other)), "older": older} {
				writeFile(t, keyPath(dir), text)
				for _, command := range [][]string{nil, {"user", "list"}, {"user", "add", "eve"}, {"key", "rotate"}, {"audit", "verify"}} {
					refuses(t, dir, quiet, command, "NIGHTLATCH_KEYS", "is not the one", "newest copy")
				}
				if r := run(t, dir, env, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "fault  keys") {
					t.Errorf("%s: the doctor says %+v", what, r)
				}
				if string(readFile(t, keyPath(dir))) != string(text) {
					t.Errorf("%s: the file was changed", what)
				}
			}
			if name == "postgres" { // a second host that starts with nothing of its own makes no keys
				empty := t.TempDir()
				refuses(t, empty, quiet, nil, "NIGHTLATCH_KEYS", "missing", "another host")
				if _, err := os.Stat(keyPath(empty)); err == nil {
					t.Error("it made keys of its own")
				}
			}
			writeFile(t, keyPath(dir), newest)
			v := start(t, dir, env).visitor()
			v.password(people[0].login).want(t, "/login/challenge")
			v.post("/login/challenge/totp", "code", code(people[0].secret, 0)).want(t, "/profile")
		})
	}
}

// A database of an older version takes over the keys that open it at its first
// start, and none that do not.
func TestAnOlderSiteTakesOverItsKeys(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir, other := t.TempDir(), t.TempDir()
			seed(t, dir, env, "ada", 3, true)
			db := raw(t, dir, env)
			defer db.Close()
			if _, err := db.Exec("DELETE FROM keyset"); err != nil {
				t.Fatal(err)
			}
			must(t, other, nil, "", "migrate", "up")
			right := readFile(t, keyPath(dir))
			writeFile(t, keyPath(dir), readFile(t, keyPath(other)))
			refuses(t, dir, env, []string{"user", "list"}, "NIGHTLATCH_KEYS", "is not the one", "3 of the 3")
			writeFile(t, keyPath(dir), right)
			must(t, dir, env, "", "user", "list")
			must(t, dir, env, "", "doctor")
			writeFile(t, keyPath(dir), readFile(t, keyPath(other)))
			refuses(t, dir, env, []string{"user", "list"}, "NIGHTLATCH_KEYS", "is not the one")
		})
	}
}

// Keys of a site on several hosts are rotated in two steps. Nothing is sealed
// with a key that a running server has not read, and nobody is ever kept out.
func TestRotationOverTwoHosts(t *testing.T) {
	t.Parallel()
	env := databases(t)["postgres"]
	here, there := t.TempDir(), t.TempDir()
	people := seed(t, here, env, "ada", 4, true)
	must(t, here, env, "", "user", "list")
	writeFile(t, keyPath(there), readFile(t, keyPath(here)))
	a, b := start(t, here, env), start(t, there, env)
	signIn := func(s *server, p person, step int64) {
		t.Helper()
		v := s.visitor()
		v.password(p.login).want(t, "/login/challenge")
		v.post("/login/challenge/totp", "code", code(p.secret, step)).want(t, "/profile")
	}
	r := run(t, here, env, "", "key", "rotate") // the other host has no copy
	if r.code != 1 || !strings.Contains(r.err, "has not read it") || strings.Contains(r.err, "sealed with the newest key") {
		t.Errorf("%+v", r)
	}
	signIn(b, people[0], 0)
	for range 2 {
		if out := must(t, here, env, "", "key", "rotate", "--add"); !strings.Contains(out, "still waits") || len(keyIDs(t, keyPath(here))) != 2 {
			t.Errorf("a second key was added: %s", out)
		}
	}
	writeFile(t, keyPath(there), readFile(t, keyPath(here)))
	must(t, here, env, "", "key", "rotate", "--promote")
	newest := keyIDs(t, keyPath(here))[1]
	signIn(a, people[1], 0)
	signIn(b, people[2], 0)
	db := raw(t, here, env)
	defer db.Close()
	v := b.visitor() // what the other host seals now, it seals with the new key
	newAccount(t, here, env, "bob")
	v.password("bob").want(t, "/profile")
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
	for _, q := range []string{"SELECT secret FROM credentials WHERE secret IS NOT NULL", "SELECT state FROM ceremonies"} {
		var rows [][]byte
		if err := db.NewRaw(q).Scan(context.Background(), &rows); err != nil || len(rows) == 0 {
			t.Fatal(len(rows), err)
		}
		for _, r := range rows {
			if id := uint32(r[1])<<24 | uint32(r[2])<<16 | uint32(r[3])<<8 | uint32(r[4]); id != newest {
				t.Errorf("sealed with %d instead of %d", id, newest)
			}
		}
	}
	refuses(t, here, env, []string{"key", "rotate", "--promote"}, "--add first")
	for _, s := range []*server{a, b} {
		s.waitReady()
	}
}

// A secret that opens with no key is named, without its value, and does not stop
// the others. Run again, the rotation is the same one: it adds no key.
func TestAnUnreadableSecretDoesNotStopARotation(t *testing.T) {
	t.Parallel()
	for _, damage := range []string{"UPDATE credentials SET secret = ? WHERE id = ?", "UPDATE credentials SET id = 'x' || id, name = ? WHERE id = ?"} {
		dir := t.TempDir()
		people := seed(t, dir, nil, "ada", 5, true)
		must(t, dir, nil, "", "user", "list")
		db := raw(t, dir, nil)
		var id string
		if err := db.NewRaw("SELECT id FROM credentials WHERE account_id = ? AND secret IS NOT NULL", people[2].id).Scan(context.Background(), &id); err != nil {
			t.Fatal(err)
		}
		if _, err := db.Exec(damage, []byte("garbage that is long enough"), id); err != nil {
			t.Fatal(err)
		}
		db.Close()
		for range 3 {
			r := run(t, dir, nil, "", "key", "rotate")
			if r.code != 1 || !strings.Contains(r.err, id+" cannot be opened") || !strings.Contains(r.err, "credentials/") || strings.Contains(r.err, "garbage") {
				t.Errorf("%+v", r)
			}
			if n := len(keyIDs(t, keyPath(dir))); n != 2 {
				t.Errorf("%d keys", n)
			}
		}
		s := start(t, dir, nil)
		for i, p := range people {
			v := s.visitor()
			v.password(p.login).want(t, "/login/challenge")
			if p := v.post("/login/challenge/totp", "code", code(p.secret, 0)); (p.location == "/profile") != (i != 2) {
				t.Errorf("person %d: %d", i, p.status)
			}
		}
		must(t, dir, nil, "", "factor", "reset", people[2].login, "--reason", "the secret is lost")
		must(t, dir, nil, "", "key", "rotate") // ends the first
		must(t, dir, nil, "", "key", "rotate") // and this is the next
		if n := len(keyIDs(t, keyPath(dir))); n != 3 {
			t.Errorf("%d keys", n)
		}
		must(t, dir, nil, "", "doctor")
	}
}

// A rotation that is killed at any moment and run again ends right, with one key
// more, and everybody gets in at every moment.
func TestARotationThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	people := seed(t, dir, nil, "ada", 300, true)
	s := start(t, dir, nil)
	for i := range 6 {
		before := len(keyIDs(t, keyPath(dir)))
		cmd := command(context.Background(), dir, nil, "key", "rotate")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Duration(rand.IntN(2500)) * time.Millisecond) // anywhere in it; nothing depends on where
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		v := s.visitor()
		v.password(people[i].login).want(t, "/login/challenge")
		v.post("/login/challenge/totp", "code", code(people[i].secret, 0)).want(t, "/profile")
		must(t, dir, nil, "", "key", "rotate")
		if n := len(keyIDs(t, keyPath(dir))) - before; n < 1 || n > 2 { // two when the first had come to its end
			t.Errorf("%d keys more", n)
		}
	}
	must(t, dir, nil, "", "doctor")
}
