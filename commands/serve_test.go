package commands_test

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
)

var setupLine = regexp.MustCompile(`^No account exists yet\. Make the first admin here: http://localhost:8080(/setup\?token=[A-Z2-7]{32})$`)

// setupPath is the one line of standard output's link.
func (s *server) setupPath() string {
	s.t.Helper()
	out := s.lines(&s.out)
	if len(out) != 1 || setupLine.FindStringSubmatch(out[0]) == nil {
		s.t.Fatalf("standard output holds %q", out)
	}
	return setupLine.FindStringSubmatch(out[0])[1]
}

// The first start prints one line, makes everything private, and
// leaves no account behind; the link works once.
func TestFirstStart(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir, nil)
	for path, want := range map[string]fs.FileMode{"data": 0o700, "data/keys.json": 0o600, "data/nightlatch.db": 0o600, "data/mail": 0o700} {
		if got := mode(t, filepath.Join(dir, path)); got != want {
			t.Errorf("%s has mode %v", path, got)
		}
	}
	err := filepath.WalkDir(filepath.Join(dir, "data"), func(path string, d fs.DirEntry, err error) error {
		if m := mode(t, path); m&0o077 != 0 {
			t.Errorf("%s can be read by others: %v", path, m)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	s.stop() // also so that all it says was read
	first := s.setupPath()

	s = start(t, dir, nil, "serve")
	v := s.visitor()
	if p := v.get(first); p.status != http.StatusNotFound {
		t.Errorf("the link of the process before: %d", p.status)
	}
	waitFor(t, func() bool { return len(s.lines(&s.out)) == 1 })
	link := s.setupPath()
	token := strings.TrimPrefix(link, "/setup?token=")
	for range 2 { // a preview of the link does not use it up
		if p := v.get(link); p.status != http.StatusOK {
			t.Fatalf("the link: %d", p.status)
		}
	}
	if p := s.visitor().post("/setup", "token", token+"A", "login", "eve", "password", sitetest.Password); p.status != http.StatusNotFound {
		t.Errorf("another token: %d", p.status)
	}
	v.post("/setup", "token", token, "login", "ada@example.com", "password", sitetest.Password).want(t, "/profile/factors")
	for _, p := range []page{s.visitor().get(link), s.visitor().post("/setup", "token", token, "login", "eve", "password", sitetest.Password)} {
		if p.status != http.StatusNotFound {
			t.Errorf("used again: %d", p.status)
		}
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
	s = start(t, dir, nil)
	s.stop()
	if out := s.lines(&s.out); len(out) != 0 {
		t.Errorf("a start with accounts says %q", out)
	}
}

// The setup links make one admin, however many post them at once, also where
// two processes share the database and each has a link of its own.
func TestSetupMakesOneAdmin(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			must(t, dir, env, "", "migrate", "up")
			servers := []*server{start(t, dir, env), start(t, dir, env)}
			var tokens []string
			for _, s := range servers {
				waitFor(t, func() bool { return len(s.lines(&s.out)) == 1 })
				tokens = append(tokens, strings.TrimPrefix(s.setupPath(), "/setup?token="))
			}
			var made atomic.Int32
			var all sync.WaitGroup
			for i := range 50 {
				all.Go(func() {
					p := servers[i%2].visitor().post("/setup", "token", tokens[i%2], "login", fmt.Sprintf("eve%d", i), "password", sitetest.Password)
					switch p.status {
					case http.StatusSeeOther:
						made.Add(1)
					case http.StatusNotFound:
					default:
						t.Errorf("answered %d", p.status)
					}
				})
			}
			all.Wait()
			var list []map[string]any
			if err := json.Unmarshal([]byte(must(t, dir, env, "", "user", "list", "--json")), &list); err != nil || len(list) != 1 || made.Load() != 1 {
				t.Errorf("%d were told yes and %d accounts are there, %v", made.Load(), len(list), err)
			}
		})
	}
}

// A request under way is answered before the process ends; no new one is taken.
func TestStopDrains(t *testing.T) {
	s := start(t, t.TempDir(), nil)
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	body := "login=ada&password=wrong+horse"
	fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(body))
	from := bufio.NewReader(conn)
	if line, err := from.ReadString('\n'); err != nil || !strings.Contains(line, "100") { // the handler reads the body now
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = from.ReadString('\n')
	stopped := make(chan int, 1)
	go func() { stopped <- s.stop() }()
	waitFor(t, func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	select {
	case code := <-stopped:
		t.Fatalf("ended with %d while a request was under way", code)
	default:
	}
	fmt.Fprint(conn, body)
	answer, err := http.ReadResponse(from, nil)
	if err != nil || answer.StatusCode != http.StatusUnprocessableEntity {
		t.Errorf("%v, %v", answer, err)
	}
	if code := <-stopped; code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// databases gives the environment of a fresh database of either sort.
func databases(t *testing.T) map[string][]string {
	return map[string][]string{"sqlite": nil, "postgres": {"NIGHTLATCH_DATABASE=" + pgtest.DSN(t)}}
}
