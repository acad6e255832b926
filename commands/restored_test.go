package commands_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/uptrace/bun"
)

// kept makes a backup with the tools of the database, and gives what puts it
// back and ends what must not live again.
func kept(t *testing.T, dir string, env []string) (back func() string) {
	t.Helper()
	if env == nil {
		must(t, dir, nil, "", "backup", "copy.db")
		return func() string { return must(t, dir, nil, "", "restore", "copy.db") }
	}
	tool := func(name string, args ...string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), name, args...).CombinedOutput(); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, out)
		}
	}
	file, url := filepath.Join(dir, "copy.dump"), address(dir, env)
	tool("pg_dump", "--format=custom", "--file="+file, url)
	return func() string {
		refuses(t, dir, env, []string{"restore", file}, "pg_restore", "--after")
		tool("pg_restore", "--clean", "--if-exists", "--dbname="+url, file)
		return must(t, dir, env, "", "restore", "--after")
	}
}

// count is the number that a query gives.
func count(t *testing.T, db *bun.DB, query string) (n int) {
	t.Helper()
	if err := db.NewRaw(query).Scan(context.Background(), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

// saying says whether any mail on the disk has some words.
func saying(dir, words string) bool {
	files, _ := filepath.Glob(filepath.Join(dir, "data", "mail", "*.eml"))
	for _, f := range files {
		if text, _ := os.ReadFile(f); strings.Contains(string(text), words) {
			return true
		}
	}
	return false
}

// enrolled sets up an app in a session and gives its secret and the recovery codes.
func (v *visitor) enrolled(t *testing.T) (secret []byte, codes []string) {
	t.Helper()
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
	secret = v.secret()
	if p := v.post("/profile/factors/totp/confirm", "code", lastCode(secret)); p.status != http.StatusSeeOther {
		t.Fatalf("enrolled with %d", p.status)
	}
	if codes = shownCode.FindAllString(v.get("/profile/factors/recovery.txt").body, -1); len(codes) != 10 {
		t.Fatalf("%d codes", len(codes))
	}
	return secret, codes
}

// What was ended or spent after a backup does not live again with it: sessions,
// trusted browsers, codes of an app, and recovery codes, which are all void,
// since nobody knows which were used. Owners are told, and make new ones.
func TestRestoreVoidsWhatMayHaveBeenUsed(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			newAccount(t, dir, env, "ada", "--email", "ada@example.com")
			s := start(t, dir, env)
			v := s.visitor()
			v.password("ada").want(t, "/profile")
			secret, codes := v.enrolled(t)
			back := kept(t, dir, env)
			other := s.visitor()
			other.password("ada").want(t, "/login/challenge")
			other.post("/login/challenge/recovery", "code", codes[0], "trust", "on").want(t, "/profile")
			third := s.visitor()
			third.password("ada").want(t, "/login/challenge")
			spent := code(secret, 0)
			third.post("/login/challenge/totp", "code", spent).want(t, "/profile")
			newAccount(t, dir, env, "later")
			s.stop()

			out := back()
			for _, w := range []string{"with 1 accounts", "recovery codes of 1 accounts no longer work", "accounts that were deleted, disabled or demoted"} {
				if !strings.Contains(out, w) {
					t.Errorf("%q is not in %q", w, out)
				}
			}
			must(t, dir, env, "", "audit", "verify")
			must(t, dir, env, "", "doctor")
			db := raw(t, dir, env)
			defer db.Close()
			if n := count(t, db, "SELECT count(*) FROM events WHERE kind = 'database.restored' AND detail LIKE '%not known: passwords, factors%'"); n != 1 {
				t.Errorf("%d rows in the log", n)
			}
			s = start(t, dir, env)
			v.base, other.base, third.base = s.url, s.url, s.url
			for _, x := range []*visitor{v, other, third} {
				if p := x.get("/profile"); p.status != http.StatusSeeOther || !strings.HasPrefix(p.location, "/login") {
					t.Errorf("an old session leads to %q with %d", p.location, p.status)
				}
			}
			other.password("ada").want(t, "/login/challenge") // no trust
			v.password("ada").want(t, "/login/challenge")
			for what, p := range map[string]page{
				"the code of the app": v.post("/login/challenge/totp", "code", spent),
				"the spent one":       v.post("/login/challenge/recovery", "code", codes[0]),
				"another of the set":  v.post("/login/challenge/recovery", "code", codes[1]),
			} {
				if p.status != http.StatusUnprocessableEntity {
					t.Errorf("%s leads to %q with %d", what, p.location, p.status)
				}
			}
			waitFor(t, func() bool { return saying(dir, "no longer work") })
			if saying(dir, "second time") || count(t, db, "SELECT count(*) FROM events WHERE kind = 'factor.replayed'") > 1 {
				t.Error("an alarm about an old recovery code")
			}
			// What cannot be had back is made anew: an admin's reset, and a new set.
			must(t, dir, env, "", "factor", "reset", "ada", "--reason", "nothing but old codes left")
		})
	}
}

// A restore that is killed anywhere leaves the old database or the restored one,
// whole, and never one in which what was ended lives. Run again, it ends right.
func TestARestoreThatIsKilledIsFinishedByTheNext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	people := seed(t, dir, nil, "ada", 200, true)
	live := func() {
		db := raw(t, dir, nil)
		defer db.Close()
		if _, err := db.Exec("INSERT INTO sessions (id, token_hash, account_id, level, factor, address, browser, warning, created_at, last_seen_at, confirmed_at) VALUES ('s', 'h', ?, 2, 'totp', '', '', '', 1, 1, 0) ON CONFLICT DO NOTHING", people[0].id); err != nil {
			t.Fatal(err)
		}
	}
	live()
	must(t, dir, nil, "", "backup", "copy.db")
	begun := time.Now()
	must(t, dir, nil, "", "restore", "copy.db")
	takes := time.Since(begun)
	for i := range 12 {
		newAccount(t, dir, nil, "later")
		live()
		cmd := command(context.Background(), dir, nil, "restore", "copy.db")
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		time.Sleep(rand.N(takes)) // anywhere in it; nothing depends on where
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		db := raw(t, dir, nil)
		var whole string
		if err := db.NewRaw("PRAGMA integrity_check").Scan(context.Background(), &whole); err != nil || whole != "ok" {
			t.Fatalf("round %d: %s, %v", i, whole, err)
		}
		all, alive := count(t, db, "SELECT count(*) FROM accounts"), count(t, db, "SELECT count(*) FROM sessions")
		db.Close()
		if !(all == 201 && alive == 1) && !(all == 200 && alive == 0) {
			t.Fatalf("round %d: %d accounts and %d sessions", i, all, alive)
		}
		must(t, dir, nil, "", "restore", "copy.db")
		db = raw(t, dir, nil)
		all, alive = count(t, db, "SELECT count(*) FROM accounts"), count(t, db, "SELECT count(*) FROM sessions")
		db.Close()
		if all != 200 || alive != 0 {
			t.Fatalf("round %d, run again: %d accounts and %d sessions", i, all, alive)
		}
	}
	must(t, dir, nil, "", "doctor")
	if left, _ := filepath.Glob(filepath.Join(dir, "data", "*.restoring*")); len(left) > 0 {
		t.Errorf("left behind: %v", left)
	}
}

// A database that is damaged or gone does not keep a backup from being put back.
// What was there is kept as it was, and it is said what it was.
func TestRestoreOfALostDatabase(t *testing.T) {
	t.Parallel()
	rubbish := []byte(strings.Repeat("rubbish ", 2000))
	for name, x := range map[string]struct {
		spoil func(t *testing.T, path string)
		says  string
	}{
		"rubbish": {func(t *testing.T, path string) { writeFile(t, path, rubbish); writeFile(t, path+"-wal", rubbish) }, "is damaged"},
		"cut": {func(t *testing.T, path string) {
			if err := os.Truncate(path, 64<<10); err != nil {
				t.Fatal(err)
			}
		}, "is damaged"},
		"torn": {func(t *testing.T, path string) {
			text := readFile(t, path)
			copy(text[5*4096:], rubbish)
			writeFile(t, path, text)
		}, "is damaged"},
		"emptied":               {func(t *testing.T, path string) { writeFile(t, path, nil) }, ".before-"},
		"deleted":               {func(t *testing.T, path string) { _ = os.Remove(path) }, "There was no database here"},
		"deleted, its log left": {func(t *testing.T, path string) { _ = os.Remove(path); writeFile(t, path+"-wal", rubbish) }, "There was no database here"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			seed(t, dir, nil, "ada", 50, true)
			must(t, dir, nil, "", "backup", "copy.db")
			path := filepath.Join(dir, "data", "nightlatch.db")
			x.spoil(t, path)
			out := must(t, dir, nil, "", "restore", "copy.db")
			if !strings.Contains(out, x.says) || !strings.Contains(out, "cannot know what else happened") {
				t.Errorf("it says %q", out)
			}
			if name == "rubbish" {
				aside, _ := filepath.Glob(path + ".before-*")
				if len(aside) == 0 || string(readFile(t, aside[0])) != string(rubbish) {
					t.Errorf("kept aside: %v", aside)
				}
			}
			if all := list(t, dir, nil); len(all) != 50 || mode(t, path) != 0o600 {
				t.Errorf("%d accounts, %v", len(all), mode(t, path))
			}
			must(t, dir, nil, "", "doctor")
		})
	}
}
