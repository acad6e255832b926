package commands_test

import (
	"encoding/json"
	"slices"
	"testing"
)

// Groups are given by user add and user group, and user list tells them.
func TestUserGroup(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada", "--group", "ops", "--group", "Zürich ops")
	newAccount(t, dir, nil, "bob")
	of := func(login string) []string {
		t.Helper()
		r := run(t, dir, nil, "", "user", "list", "--json")
		var rows []struct {
			Login  string
			Groups []string
		}
		if err := json.Unmarshal([]byte(r.out), &rows); err != nil {
			t.Fatal(err, r.err)
		}
		for _, x := range rows {
			if x.Login == login {
				return x.Groups
			}
		}
		t.Fatalf("no %s", login)
		return nil
	}
	if g := of("ada"); !slices.Equal(g, []string{"Zürich ops", "ops"}) {
		t.Errorf("%q", g)
	}
	if g := of("bob"); g == nil || len(g) != 0 {
		t.Errorf("%#v", g)
	}
	done := func(args ...string) {
		t.Helper()
		if r := run(t, dir, nil, "", append([]string{"user", "group"}, args...)...); r.code != 0 {
			t.Errorf("%q: %q", args, r.err)
		}
	}
	done("ada", "--add", "dev", "--add", "staff", "--remove", "ops", "--remove", "none", "--reason", "moves")
	done("ada", "--add", "dev", "--reason", "again")
	if g := of("ada"); !slices.Equal(g, []string{"Zürich ops", "dev", "staff"}) {
		t.Errorf("%q", g)
	}
	for _, args := range [][]string{{"ada", "--add", "dev"}, {"ada", "--reason", "x"}, {"ada", "--add", "a,b", "--reason", "x"}, {"ada", "--add", " a", "--reason", "x"}, {"eve", "--add", "a", "--reason", "x"}} {
		refuses(t, dir, nil, append([]string{"user", "group"}, args...))
	}
	refuses(t, dir, nil, []string{"user", "add", "carl", "--group", "a;b"})
}
