package commands_test

import (
	"strings"
	"testing"
)

// One step goes at a time, with --yes where there are accounts, and never under
// a server.
func TestMigrateDown(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			p := seed(t, dir, env, "ada", 2, true)[0]
			if r := run(t, dir, env, "", "migrate", "down"); r.code == 0 || !strings.Contains(r.err, "2 accounts") || !strings.Contains(r.err, "--yes") {
				t.Errorf("without --yes: %+v", r)
			}
			s := start(t, dir, env)
			s.visitor().password(p.login).want(t, "/login/challenge")
			waitFor(t, func() bool { return s.visitor().get("/readyz").status == 200 })
			if r := run(t, dir, env, "", "migrate", "down", "--yes"); r.code == 0 || !strings.Contains(r.err, "in use") {
				t.Errorf("under a server: %+v", r)
			}
			if strings.Contains(must(t, dir, env, "", "migrate", "status"), "pending") {
				t.Error("a refused step was undone")
			}
			s.stop()
			if out := must(t, dir, env, "", "migrate", "down", "--yes"); strings.Count(out, "down  ") != 1 {
				t.Errorf("one step is %q", out)
			}
			if n := strings.Count(must(t, dir, env, "", "migrate", "status"), "pending"); n != 1 {
				t.Errorf("%d steps are pending", n)
			}
			must(t, dir, env, "", "migrate", "up")
			v := start(t, dir, env).visitor()
			v.password(p.login).want(t, "/login/challenge")
			v.post("/login/challenge/totp", "code", code(p.secret, 0)).want(t, "/profile")
		})
	}
}

// A database that a newer version has migrated stops every command with a
// sentence, and is left as it is.
func TestDatabaseOfANewerVersion(t *testing.T) {
	t.Parallel()
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			seed(t, dir, env, "ada", 1, false)
			db := raw(t, dir, env)
			if _, err := db.Exec("INSERT INTO bun_migrations (name, group_id) VALUES ('20991231000001', 9)"); err != nil {
				t.Fatal(err)
			}
			db.Close()
			for _, args := range [][]string{nil, {"migrate", "up"}, {"migrate", "down", "--yes"}, {"user", "list"}, {"user", "add", "eve"}, {"key", "rotate"}, {"audit", "verify"}} {
				refuses(t, dir, env, args, "newer version of Nightlatch (step 20991231000001)")
			}
			if r := run(t, dir, env, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "newer version of Nightlatch") {
				t.Errorf("doctor: %+v", r)
			}
			if out := must(t, dir, env, "", "migrate", "status"); !strings.Contains(out, "unknown  20991231000001") {
				t.Errorf("status: %s", out)
			}
		})
	}
}
