package commands_test

import (
	"context"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// The keys are rotated while the server runs. Whoever enrolled
// before signs in afterwards, and nothing is left that the old key sealed.
func TestKeysAreRotatedWhileTheServerRuns(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			people := seed(t, dir, env, "ada", 3, true)
			sealed := func() (all string) {
				t.Helper()
				db := raw(t, dir, env)
				defer db.Close()
				var rows [][]byte
				if err := db.NewRaw("SELECT secret FROM credentials WHERE secret IS NOT NULL ORDER BY id").Scan(context.Background(), &rows); err != nil || len(rows) == 0 {
					t.Fatal(len(rows), err)
				}
				for _, r := range rows {
					all += string(r[:5]) // which key sealed it
				}
				return all
			}
			s := start(t, dir, env)
			before := sealed()
			waiting := s.visitor()
			waiting.password(people[0].login).want(t, "/login/challenge")
			must(t, dir, env, "", "key", "rotate")
			if after := sealed(); after == before || strings.Contains(after, before[:5]) {
				t.Error("something is still sealed with the old key")
			}
			waiting.post("/login/challenge/totp", "code", code(people[0].secret, 0)).want(t, "/profile")
			v := s.visitor()
			v.password(people[1].login).want(t, "/login/challenge")
			v.post("/login/challenge/totp", "code", code(people[1].secret, 0)).want(t, "/profile")
			if mode(t, filepath.Join(dir, "data", "keys.json")) != 0o600 {
				t.Error("others can read the new key file")
			}
			s.stop()
			must(t, dir, env, "", "key", "rotate")
			v = start(t, dir, env).visitor()
			v.password(people[2].login).want(t, "/login/challenge")
			v.post("/login/challenge/totp", "code", code(people[2].secret, 0)).want(t, "/profile")
			must(t, dir, env, "", "doctor")
		})
	}
}

// The doctor finds a moved secret and other keys, and says so with status 1.
func TestTheDoctorFindsWhatIsWrong(t *testing.T) {
	dir := t.TempDir()
	seed(t, dir, nil, "ada", 2, true)
	if out := must(t, dir, nil, "", "doctor"); strings.Contains(out, "fault") {
		t.Errorf("healthy, and it says %s", out)
	}
	db := raw(t, dir, nil)
	if _, err := db.Exec("UPDATE credentials SET id = 'x' || id WHERE rowid = 1"); err != nil {
		t.Fatal(err)
	}
	db.Close()
	if r := run(t, dir, nil, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "1 of 2 sealed values cannot be opened") {
		t.Errorf("a moved secret: %+v", r)
	}
	if err := os.Remove(filepath.Join(dir, "data", "keys.json")); err != nil {
		t.Fatal(err)
	}
	if r := run(t, dir, nil, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "fault  keys") {
		t.Errorf("no keys: %+v", r)
	}
	if _, err := os.Stat(filepath.Join(dir, "data", "keys.json")); err == nil {
		t.Error("the doctor made new keys")
	}
	env := []string{"NIGHTLATCH_DATABASE=postgres://ada:" + secret + "@127.0.0.1:1/x?sslmode=disable", "NIGHTLATCH_MAIL=smtp://ada:" + secret + "@127.0.0.1:1"}
	r := run(t, dir, env, "", "doctor")
	if r.code != 1 || strings.Count(r.out, "fault") != 2 || strings.Contains(r.out+r.err, secret) {
		t.Errorf("no database and no mail server: %+v", r)
	}
}

// A PostgreSQL that is in use is migrated only when somebody says so.
func TestAnOlderDatabaseIsNotMigratedByTheWay(t *testing.T) {
	env := databases(t)["postgres"]
	dir := t.TempDir()
	must(t, dir, env, "", "migrate", "up")
	db := raw(t, dir, env)
	defer db.Close()
	if _, err := db.Exec("DELETE FROM bun_migrations WHERE id = (SELECT max(id) FROM bun_migrations)"); err != nil {
		t.Fatal(err)
	}
	refuses(t, dir, env, nil, "run nightlatch migrate up")
	must(t, dir, env, "", "migrate", "up")
	v := start(t, dir, env).visitor()
	waitFor(t, func() bool { return v.get("/readyz").status == http.StatusOK }) // the mail worker looks at its folder first
}
