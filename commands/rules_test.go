package commands_test

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

const accessRules = `rules:
  - host: app.example.com
    path: /public
    allow: true
  - host: app.example.com
    path: /admin
    networks: [10.0.0.0/8]
    level: 2
  - host: app.example.com
    path: /admin
    deny: true
`

// forwardAuth is the environment of a site with applications under example.com.
func forwardAuth(t *testing.T, dir string) (env []string, file string) {
	file = write(t, filepath.Join(dir, "access.yml"), accessRules)
	return []string{"NIGHTLATCH_URL=http://auth.example.com", "NIGHTLATCH_DOMAIN=example.com", "NIGHTLATCH_RULES=" + file, "NIGHTLATCH_TRUSTED_PROXIES=127.0.0.1"}, file
}

// rules test says what /verify would, with the place of the rule.
func TestRulesTest(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env, file := forwardAuth(t, dir)
	newAccount(t, dir, env, "ada")
	for _, r := range []struct {
		args []string
		want string
	}{
		{[]string{"https://app.example.com/public/x?y=1", "ada"}, file + ":2: allowed"},
		{[]string{"http://APP.example.com:8443/public", "ada", "--level", "0"}, file + ":2: allowed"},
		{[]string{"https://app.example.com/admin", "ada"}, file + ":9: denied"},
		{[]string{"https://app.example.com/admin", "ada", "--address", "10.1.2.3"}, file + ":5: second factor"},
		{[]string{"https://app.example.com/admin", "ada", "--address", "10.1.2.3", "--level", "2"}, file + ":5: allowed"},
		{[]string{"https://app.example.com/admin", "ada", "--address", "10.1.2.3", "--level", "0"}, file + ":5: sign in"},
		{[]string{"https://app.example.com/", "ada", "--method", "POST"}, "no rule: second factor"},
		{[]string{"https://app.example.com", "ada", "--level", "2"}, "no rule: allowed"},
		{[]string{"https://evil.example/", "ada"}, "no rule: denied"},
	} {
		if got := run(t, dir, env, "", append([]string{"rules", "test"}, r.args...)...); got.code != 0 || got.out != r.want+"\n" {
			t.Errorf("%q: %d, %q, %q", r.args, got.code, got.out, got.err)
		}
	}
	for _, args := range [][]string{{"https://app.example.com/", "bob"}, {"app.example.com", "ada"}, {"https://app.example.com/", "ada", "--level", "3"}, {"https://app.example.com/", "ada", "--address", "x"}} {
		refuses(t, dir, env, append([]string{"rules", "test"}, args...))
	}
	refuses(t, dir, env[:2], []string{"rules", "test", "https://app.example.com/", "ada"}, "NIGHTLATCH_RULES")
}

// SIGHUP reads the rules again. A file with faults stops the start and leaves the
// rules of a running site as they were.
func TestRulesAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	env, file := forwardAuth(t, dir)
	newAccount(t, dir, env, "ada")
	s := start(t, dir, env)
	ask := func(path string) int {
		r, err := http.NewRequest("GET", s.url+"/verify", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("X-Original-URL", "http://app.example.com"+path)
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		answer.Body.Close()
		return answer.StatusCode
	}
	until := func(path string, want int) {
		t.Helper()
		for late := time.Now().Add(patience); ask(path) != want; time.Sleep(20 * time.Millisecond) {
			if time.Now().After(late) {
				t.Fatalf("%s is %d", path, ask(path))
			}
		}
	}
	until("/public", 200)
	until("/open", 401)
	write(t, file, strings.Replace(accessRules, "path: /public", "path: [/public, /open]", 1))
	_ = s.cmd.Process.Signal(syscall.SIGHUP)
	until("/open", 200)
	write(t, file, "rules:\n  - path: open\n    hots: x\n    deny: true\n")
	_ = s.cmd.Process.Signal(syscall.SIGHUP)
	for late := time.Now().Add(patience); !strings.Contains(strings.Join(s.lines(&s.log), "\n"), "the rules stay as they were"); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("nothing is said: %s", strings.Join(s.lines(&s.log), "\n"))
		}
	}
	until("/open", 200)
	if !strings.Contains(strings.Join(s.lines(&s.log), "\n"), "access.yml:2: ") || !strings.Contains(strings.Join(s.lines(&s.log), "\n"), "access.yml:3: ") {
		t.Errorf("the faults are not all named: %s", strings.Join(s.lines(&s.log), "\n"))
	}
	r := run(t, dir, env, "", "serve", "--addr=127.0.0.1:0")
	if r.code != 1 || !strings.Contains(r.err, file+":2: ") || !strings.Contains(r.err, file+":3: ") || !strings.Contains(r.err, "NIGHTLATCH_RULES") {
		t.Errorf("it starts with faults: %d %q", r.code, r.err)
	}
	if r := run(t, dir, env, "", "doctor"); r.code != 1 || !strings.Contains(r.out, "fault  rules: ") || !strings.Contains(r.out, file+":3: ") {
		t.Errorf("doctor: %q", r.out)
	}
	if err := os.Remove(file); err != nil {
		t.Fatal(err)
	}
	refuses(t, dir, env, []string{"serve", "--addr=127.0.0.1:0"}, "NIGHTLATCH_RULES")
}
