package commands_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// listed is one account of `user list --json`.
type listed struct {
	Login, Name, Email, Role, Status string
	Factors                          []string
	RecoveryLeft                     int `json:"recovery_left"`
}

func list(t *testing.T, dir string, env []string) map[string]listed {
	t.Helper()
	var all []listed
	if err := json.Unmarshal([]byte(must(t, dir, env, "", "user", "list", "--json")), &all); err != nil {
		t.Fatal(err)
	}
	by := map[string]listed{}
	for _, a := range all {
		by[a.Login] = a
	}
	if len(by) != len(all) {
		t.Errorf("%d accounts share %d logins", len(all), len(by))
	}
	return by
}

// Accounts made on the command line: by password, or by a link that works once.
func TestUserAdd(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, dir, env, "", "migrate", "up")
			if got := must(t, dir, env, "", "user", "list", "--json"); strings.TrimSpace(got) != "[]" {
				t.Errorf("nobody is %q", got)
			}
			if out := must(t, dir, env, sitetest.Password+"\n", "user", "add", "ada@example.com", "--admin", "--name", "Ada L", "--password-stdin"); out != "" {
				t.Errorf("said %q", out)
			}
			newAccount(t, dir, env, "bob")
			link := must(t, dir, env, "", "user", "add", "carol@example.com")
			path, ok := strings.CutPrefix(strings.TrimSuffix(link, "\n"), "http://localhost:8080")
			if !ok || !strings.HasPrefix(path, "/invite/") || strings.Contains(path, "\n") {
				t.Fatalf("the link is %q", link)
			}
			all := list(t, dir, env)
			want := map[string]listed{
				"ada@example.com":   {Login: "ada@example.com", Name: "Ada L", Email: "ada@example.com", Role: "admin", Status: "active"},
				"bob":               {Login: "bob", Role: "user", Status: "active"},
				"carol@example.com": {Login: "carol@example.com", Email: "carol@example.com", Role: "user", Status: "invited"},
			}
			for login, w := range want {
				if g := all[login]; g.Login != w.Login || g.Name != w.Name || g.Email != w.Email || g.Role != w.Role || g.Status != w.Status || len(g.Factors) != 0 {
					t.Errorf("%s is %+v", login, g)
				}
			}

			s := start(t, dir, env)
			s.visitor().password("ada@example.com").want(t, "/profile")
			v := s.visitor()
			if p := v.password("carol@example.com"); p.status != http.StatusUnprocessableEntity {
				t.Errorf("an invited account signs in: %d", p.status)
			}
			if p := v.get(path); p.status != http.StatusOK {
				t.Fatalf("the invite: %d", p.status)
			}
			if p := v.post(path, "password", "carol"); p.status != http.StatusUnprocessableEntity {
				t.Errorf("a weak password: %d", p.status)
			}
			if p := v.post(path, "password", sitetest.Password, "name", "Carol"); p.status != http.StatusSeeOther {
				t.Fatalf("the invite is not taken: %d", p.status)
			}
			v.password("carol@example.com").want(t, "/profile")
			if p := s.visitor().post(path, "password", "another "+sitetest.Password); p.status == http.StatusSeeOther {
				t.Error("the invite works twice")
			}
			if status := list(t, dir, env)["carol@example.com"].Status; status != "active" { // while the server runs
				t.Errorf("carol is %s", status)
			}
			table := must(t, dir, env, "", "user", "list")
			if strings.Count(table, "\n") != 4 || !strings.Contains(table, "ada@example.com") || strings.Contains(table, "argon2") {
				t.Errorf("the table is %q", table)
			}
		})
	}
}

func TestUserAddRefuses(t *testing.T) {
	dir := t.TempDir()
	newAccount(t, dir, nil, "ada@example.com")
	for name, c := range map[string]struct {
		input string
		args  []string
		want  string
	}{
		"weak":       {"password1\n", []string{"bob", "--password-stdin"}, "one of the most common ones"},
		"short":      {"abc\n", []string{"bob", "--password-stdin"}, "at least 8"},
		"the login":  {"bob.bobson@example.com", []string{"bob.bobson@example.com", "--password-stdin"}, "your login"},
		"no input":   {"", []string{"bob", "--password-stdin"}, "no password"},
		"a newline":  {"\n", []string{"bob", "--password-stdin"}, "no password"},
		"two lines":  {"kx8#mPq2 zz\nkx8#mPq2 zz\n", []string{"bob", "--password-stdin"}, "more than one line"},
		"UTF-16":     {"\xff\xfek\x00x\x008\x00#\x00m\x00P\x00q\x002\x00", []string{"bob", "--password-stdin"}, "not text in UTF-8"},
		"a BOM":      {"\ufeff\r\n", []string{"bob", "--password-stdin"}, "no password"},
		"not UTF-8":  {"kx8#mPq2\xff\n", []string{"bob", "--password-stdin"}, "cannot be used"},
		"taken":      {"", []string{"ada@example.com"}, "taken"},
		"taken, odd": {"", []string{" ADA@Example.COM "}, "taken"},
		"wide":       {"", []string{"\uff41da@example.com"}, "taken"},
		"spaces":     {"", []string{"ada lovelace"}, "login"},
		"empty":      {"", []string{""}, "login"},
		"a name":     {"", []string{"bob", "--name", "two\nlines"}, "visible characters"},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, dir, nil, c.input, append([]string{"user", "add"}, c.args...)...)
			if r.code == 0 || r.out != "" || strings.Count(r.err, "\n") != 1 || !strings.Contains(r.err, c.want) {
				t.Errorf("%+v", r)
			}
			if p := strings.TrimSpace(c.input); len(p) > 8 && strings.Contains(r.err, p) {
				t.Errorf("the complaint shows the password: %q", r.err)
			}
		})
	}
	if all := list(t, dir, nil); len(all) != 1 {
		t.Errorf("accounts were made: %v", all)
	}
}

func TestMigrateCommands(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			says := func(word string, args ...string) string {
				t.Helper()
				out := must(t, dir, env, "", append([]string{"migrate"}, args...)...)
				for l := range strings.Lines(out) {
					if !strings.HasPrefix(l, word) {
						t.Errorf("%v says %q", args, out)
					}
				}
				return out
			}
			if env == nil { // there is no file yet, and to ask makes none
				refuses(t, dir, env, []string{"migrate", "status"}, "there is no database")
			} else {
				says("pending  ", "status")
			}
			says("up  ", "up")
			says("applied  ", "status")
			says("nothing to do", "up")
			newAccount(t, dir, env, "ada")
			down := func(how ...string) (steps int) {
				t.Helper()
				for {
					out := must(t, dir, env, "", append([]string{"migrate", "down"}, how...)...)
					if out == "nothing to do\n" {
						return steps
					}
					if steps++; !strings.HasPrefix(out, "down  ") || strings.Count(out, "\n") != 1 {
						t.Fatalf("one step is %q", out)
					}
				}
			}
			if got, want := down("--yes"), strings.Count(says("pending  ", "status"), "\n"); got != want {
				t.Errorf("%d of %d steps went down", got, want)
			}
			says("up  ", "up")
			if all := list(t, dir, env); len(all) != 0 {
				t.Errorf("left: %v", all)
			}
			down() // nobody is in it
			says("pending  ", "status")

			var all sync.WaitGroup // several processes at once
			outs := make([]result, 4)
			for i := range outs {
				all.Go(func() { outs[i] = run(t, dir, env, "", "migrate", "up") })
			}
			all.Wait()
			ups := 0
			for _, r := range outs {
				if r.code != 0 {
					t.Errorf("%+v", r)
				}
				if strings.HasPrefix(r.out, "up  ") {
					ups++
				}
			}
			if ups != 1 {
				t.Errorf("%d processes migrated", ups)
			}
		})
	}
}

func TestHelpAndMistakes(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"user", "add", "--help"}, {"migrate", "--help"}} {
		if r := run(t, dir, nil, "", args...); r.code != 0 || r.err != "" || !strings.Contains(r.out, "Usage: nightlatch") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	help := must(t, dir, nil, "", "--help")
	for short := range bad {
		if short != "NAME" && !strings.Contains(help, "NIGHTLATCH_"+short) {
			t.Errorf("--help does not tell of NIGHTLATCH_%s", short)
		}
	}
	for _, args := range [][]string{{"paint"}, {"--colour=red"}, {"user"}, {"user", "add"}, {"migrate", "sideways"}, {"serve", "now"}} {
		r := run(t, dir, nil, "", args...)
		if r.code != 2 || strings.Count(r.err, "nightlatch: ") != 1 {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if left := contents(t, dir); len(left) != 0 {
		t.Errorf("help and mistakes made %v", left)
	}
}
