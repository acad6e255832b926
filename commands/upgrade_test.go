package commands_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/oldsite"
)

// The folder of a site of the first version, and its database on PostgreSQL, are
// served by this program: accounts are listed as before, everybody gets in by
// what they know, and the audit log goes on from its last row. So it is after a
// step back and forth.
func TestASiteOfTheFirstVersionIsServed(t *testing.T) {
	t.Parallel()
	truth := oldsite.Read(t)
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			oldsite.Folder(t, filepath.Join(dir, "data"))
			if name == "postgres" { // it may have other hosts, so it is migrated only when somebody says so
				oldsite.Postgres(t, address(dir, env))
				refuses(t, dir, env, nil, "older than this program", "nightlatch migrate up")
				must(t, dir, env, "", "migrate", "up")
			}
			for round := range 2 {
				s := start(t, dir, env)
				sameList(t, must(t, dir, env, "", "user", "list", "--json"), truth.List)
				sameList(t, must(t, dir, env, "", "factor", "status", "--json"), truth.Status)
				for _, p := range truth.People {
					signsIn(t, s, p, dir, round)
				}
				s.stop()
				must(t, dir, env, "", "doctor")
				if out := must(t, dir, env, "", "audit", "verify"); !strings.Contains(out, "rows") {
					t.Errorf("the audit log: %s", out)
				}
				must(t, dir, env, "", "migrate", "down", "--yes")
				must(t, dir, env, "", "migrate", "up")
			}
		})
	}
}

// passing are the fields that a sign-in changes.
var passing = []string{"last_login", "last_used"}

// sameList compares a list as JSON prints it with what the old program printed.
// This one may say more about each account, but nothing else.
func sameList(t *testing.T, got string, want []byte) {
	t.Helper()
	var now, then []map[string]any
	for _, x := range []struct {
		text []byte
		into *[]map[string]any
	}{{[]byte(got), &now}, {want, &then}} {
		d := json.NewDecoder(bytes.NewReader(x.text))
		if err := d.Decode(x.into); err != nil {
			t.Fatal(err)
		}
	}
	if len(now) != len(then) {
		t.Fatalf("%d accounts instead of %d", len(now), len(then))
	}
	for i, old := range then { // both are sorted by login
		forget(now[i])
		forget(old)
		for key, value := range old {
			if !reflect.DeepEqual(now[i][key], value) {
				t.Errorf("%v: %s is %v instead of %v", old["login"], key, now[i][key], value)
			}
		}
	}
}

// forget drops what a sign-in changes.
func forget(x map[string]any) {
	for _, key := range passing {
		delete(x, key)
	}
	if list, ok := x["factors"].([]any); ok {
		for _, f := range list {
			if item, ok := f.(map[string]any); ok {
				forget(item)
			}
		}
	}
}

// signsIn is one person's sign-in. In each round it takes another of the codes
// that an app shows.
func signsIn(t *testing.T, s *server, p oldsite.Person, dir string, round int) {
	t.Helper()
	v := s.visitor()
	got := v.post("/login", "login", p.Login, "password", p.Password)
	switch {
	case p.Disabled:
		if got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s is disabled: %d", p.Login, got.status)
		}
		return
	case p.Level < 2:
		got.want(t, "/profile")
		return
	}
	got.want(t, "/login/challenge")
	for _, code := range p.Used[min(round, len(p.Used)):min(round+1, len(p.Used))] {
		if got := v.post("/login/challenge/recovery", "code", code); got.status != http.StatusUnprocessableEntity {
			t.Errorf("%s: a used recovery code gave %d", p.Login, got.status)
		}
	}
	switch {
	case len(p.TOTP) > 0:
		got = v.post("/login/challenge/totp", "code", code(p.TOTP[0].Key(), int64(round)))
	case round > 0: // an hour has room for few emailed codes
		return
	default:
		v.post("/login/challenge/email/code").want(t, "/login/challenge?factor=email")
		var codes []string
		name, _, _ := strings.Cut(p.Login, "@")
		waitFor(t, func() bool { codes = mailed(dir, name); return len(codes) > 0 })
		got = v.post("/login/challenge/email", "code", codes[0])
	}
	if p.TOTPOff != (got.location != "/profile") {
		t.Errorf("%s: the factor gave %d to %q", p.Login, got.status, got.location)
	}
}
