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

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// inPlace are the settings of a server on another database, with the keys and
// all else as they were.
func inPlace(url string) []string { return []string{"NIGHTLATCH_DATABASE=" + url} }

// moves are from SQLite to PostgreSQL and back: the settings of the source, and the
// address of the target.
func moves(t *testing.T) map[string]struct {
	env []string
	to  string
} {
	return map[string]struct {
		env []string
		to  string
	}{
		"to PostgreSQL": {nil, pgtest.DSN(t)},
		"to SQLite":     {inPlace(pgtest.DSN(t)), "sqlite:copy/nightlatch.db"},
	}
}

// A site goes on in another database: who was signed in still is, who has an app
// uses it, a code that was used is not taken again, what was mailed is not mailed
// anew, and the old database is as it was.
func TestASiteGrowsOutOfItsFile(t *testing.T) {
	for name, move := range moves(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "copy"), 0o700); err != nil {
				t.Fatal(err)
			}
			people := seed(t, dir, move.env, "ada", 30, true)
			s := start(t, dir, move.env)
			v := s.visitor()
			used := code(people[0].secret, 0)
			v.password(people[0].login)
			v.post("/login/challenge/totp", "code", used).want(t, "/profile")
			if r := run(t, dir, move.env, "", "database", "copy", "--to", move.to); r.code == 0 || !strings.Contains(r.err, "in use: stop the server") {
				t.Errorf("while a server runs: %d, %s", r.code, r.err)
			}
			s.stop()
			before := must(t, dir, move.env, "", "user", "list", "--json")
			head := must(t, dir, move.env, "", "audit", "verify")
			if out := must(t, dir, move.env, "", "database", "copy", "--to", move.to); !strings.Contains(out, "Copied 30 accounts") {
				t.Errorf("it says %q", out)
			}
			there := inPlace(move.to)
			for _, env := range [][]string{move.env, there} {
				if got := must(t, dir, env, "", "user", "list", "--json"); got != before {
					t.Errorf("%v: the accounts are\n%s\ninstead of\n%s", env, got, before)
				}
				if got := must(t, dir, env, "", "audit", "verify"); got != head {
					t.Errorf("%v: the audit log is\n%s\ninstead of\n%s", env, got, head)
				}
			}
			must(t, dir, there, "", "doctor")
			if r := run(t, dir, move.env, "", "database", "copy", "--to", move.to); r.code != 1 || !strings.Contains(r.err, "the target is not empty") {
				t.Errorf("into a site: %d, %s", r.code, r.err)
			}
			moved := start(t, dir, there)
			again := moved.visitor()
			if p := again.with("nightlatch_session", v.cookie("nightlatch_session")).get("/verify?level=2"); p.status != 200 {
				t.Errorf("who was signed in: %d", p.status)
			}
			replay := moved.visitor()
			replay.password(people[0].login).want(t, "/login/challenge")
			if p := replay.post("/login/challenge/totp", "code", used); p.status != 422 {
				t.Errorf("a used code: %d, %s", p.status, p.location)
			}
			other := moved.visitor()
			other.password(people[1].login).want(t, "/login/challenge")
			other.post("/login/challenge/totp", "code", code(people[1].secret, 0)).want(t, "/profile")
		})
	}
}

// A copy that is killed at any moment leaves an empty target, or a whole one, and is
// finished by the next.
func TestACopyThatIsKilledIsMadeByTheNext(t *testing.T) {
	for name, move := range moves(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			if err := os.Mkdir(filepath.Join(dir, "copy"), 0o700); err != nil {
				t.Fatal(err)
			}
			seed(t, dir, move.env, "ada", 400, true)
			before := must(t, dir, move.env, "", "user", "list", "--json")
			var done result
			for range 6 {
				ctx, cancel := context.WithTimeout(t.Context(), time.Duration(rand.IntN(300))*time.Millisecond)
				_ = command(ctx, dir, move.env, "database", "copy", "--to", move.to).Run() // is killed at the end of ctx
				cancel()
			}
			if done = run(t, dir, move.env, "", "database", "copy", "--to", move.to); done.code != 0 && !strings.Contains(done.err, "the target is not empty") {
				t.Errorf("after kills: %d, %s", done.code, done.err)
			}
			for _, env := range [][]string{move.env, inPlace(move.to)} {
				if got := must(t, dir, env, "", "user", "list", "--json"); got != before {
					t.Errorf("%v: %d lines instead of %d", env, strings.Count(got, "\n"), strings.Count(before, "\n"))
				}
				must(t, dir, env, "", "audit", "verify")
			}
		})
	}
}

// What cannot be copied, or not to there, is said in a sentence, without a secret, and
// makes nothing.
func TestACopyRefuses(t *testing.T) {
	t.Parallel()
	empty, dir := t.TempDir(), t.TempDir()
	must(t, dir, nil, "", "migrate", "up")
	must(t, dir, nil, sitetest.Password+"\n", "user", "add", "ada@example.com", "--password-stdin")
	for _, x := range []struct{ dir, to, want string }{
		{empty, "sqlite:new.db", "there is no database"},
		{dir, "sqlite:data/nightlatch.db", "in use"},
		{dir, "new.db", "must be sqlite:PATH or postgres://"},
		{dir, "sqlite:none/new.db", "--to: "},
		{dir, "postgres://ada:hunter2@127.0.0.1:1/x", "does not answer"},
	} {
		r := run(t, x.dir, nil, "", "database", "copy", "--to", x.to)
		if r.code != 1 || !strings.Contains(r.err, x.want) || strings.Contains(r.err, "hunter2") || strings.Count(r.err, "\n") != 1 {
			t.Errorf("%s: %d, %q", x.to, r.code, r.err)
		}
	}
	for _, d := range []string{empty, dir} {
		made, err := os.ReadDir(d)
		if err != nil || slices.ContainsFunc(made, func(e os.DirEntry) bool { return e.Name() != "data" }) {
			t.Errorf("%s: %v, %v", d, made, err)
		}
	}
}
