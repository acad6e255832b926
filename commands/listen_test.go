package commands_test

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// over asks a server by a socket in the file system, as a proxy for a visitor.
func over(t *testing.T, path, route, visitor string) int {
	t.Helper()
	c := http.Client{Transport: &http.Transport{DisableKeepAlives: true, DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", path)
	}}}
	r, _ := http.NewRequest("GET", "http://localhost"+route, nil)
	r.Header.Set("X-Forwarded-For", visitor)
	answer, err := c.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	answer.Body.Close()
	return answer.StatusCode
}

// visitors are the visitors of the requests to a route that were logged.
func visitors(s *server, route string) (list []string) {
	for _, l := range s.lines(&s.log) {
		var line struct{ Msg, Route, Address string }
		if json.Unmarshal([]byte(l), &line) == nil && line.Msg == "request" && line.Route == route {
			list = append(list, line.Address)
		}
	}
	return list
}

// By a socket the server is for whom the mode lets in; a proxy on it is believed
// when the settings say so; what a killed server left is taken over.
func TestASocketInTheFileSystem(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "http.sock")
	for _, x := range []struct {
		query string
		want  os.FileMode
	}{{"", 0o660}, {"?mode=600", 0o600}, {"?mode=0666", 0o666}} { // the first is killed, and the last is stopped
		query, want := x.query, x.want
		s := start(t, dir, []string{"NIGHTLATCH_ADDR=unix:" + path + query, "NIGHTLATCH_TRUSTED_PROXIES=unix"})
		if got := mode(t, path); got != want {
			t.Errorf("%q: mode %v", query, got)
		}
		if got := over(t, path, "/login", "192.0.2.7"); got != http.StatusOK {
			t.Errorf("answered %d", got)
		}
		refuses(t, t.TempDir(), []string{"NIGHTLATCH_LOG=error", "NIGHTLATCH_ADDR=unix:" + path}, nil, "NIGHTLATCH_ADDR", "taken")
		if query == "" {
			s.kill() // its socket stays
		} else {
			s.stop()
		}
		if got := visitors(s, "/login"); len(got) != 1 || got[0] != "192.0.2.7" {
			t.Errorf("%q: the visitors are %v", query, got)
		}
	}
	if _, err := os.Lstat(path); err == nil {
		t.Error("a stopped server leaves its socket")
	}
	s := start(t, dir, []string{"NIGHTLATCH_ADDR=unix:http.sock"})
	over(t, path, "/login", "192.0.2.7")
	s.stop()
	if got := visitors(s, "/login"); len(got) != 1 || got[0] == "192.0.2.7" || !strings.Contains(strings.Join(s.lines(&s.log), ""), "NIGHTLATCH_TRUSTED_PROXIES") {
		t.Errorf("a proxy that is not trusted is believed: %v", got)
	}
	writeFile(t, path, []byte("precious"))
	for _, bad := range []string{path, "lost/http.sock", "http.sock?mode=999", "http.sock?mode=", "http.sock?mode=1777", "http.sock?x=1", "", strings.Repeat("x", 108)} {
		refuses(t, dir, []string{"NIGHTLATCH_LOG=error", "NIGHTLATCH_ADDR=unix:" + bad}, nil, "NIGHTLATCH_ADDR")
	}
	if string(readFile(t, path)) != "precious" {
		t.Error("a file was taken for a socket")
	}
}

// systemd passes a socket, is told when the site is ready, that it lives, and
// that it stops.
func TestUnderSystemd(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	told, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: filepath.Join(dir, "notify"), Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	defer told.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	passed, err := l.(*net.TCPListener).File()
	if err != nil {
		t.Fatal(err)
	}
	defer passed.Close()
	cmd := exec.Command("/bin/sh", "-c", "LISTEN_PID=$$ exec "+program)
	cmd.Dir, cmd.ExtraFiles = dir, []*os.File{passed}
	cmd.Env = []string{"NIGHTLATCH_ADDR=systemd", "LISTEN_FDS=1", "NOTIFY_SOCKET=" + filepath.Join(dir, "notify"), "WATCHDOG_USEC=20000"}
	s := begin(t, cmd)
	if s.url != "http://"+l.Addr().String() {
		t.Errorf("it serves %s and was passed %s", s.url, l.Addr())
	}
	hear := func(want string) {
		t.Helper()
		waitFor(t, func() bool {
			text := make([]byte, 100)
			n, err := told.Read(text)
			return err == nil && string(text[:n]) == want
		})
	}
	hear("READY=1")
	hear("WATCHDOG=1")
	hear("WATCHDOG=1")
	s.visitor().get("/login")
	go s.stop()
	hear("STOPPING=1")
	if code := ended(t, s); code != 0 {
		t.Errorf("exit status %d", code)
	}
	refuses(t, dir, []string{"NIGHTLATCH_LOG=error", "NIGHTLATCH_ADDR=systemd"}, nil, "NIGHTLATCH_ADDR", "systemd passed no socket")
}

// Probes of machines are no lines of the log unless it is asked for everything.
func TestProbesAreDebugLines(t *testing.T) {
	t.Parallel()
	for level, want := range map[string]int{"info": 0, "debug": 1} {
		s := start(t, t.TempDir(), []string{"NIGHTLATCH_LOG=" + level})
		routes := []string{"/healthz", "/readyz", "/verify"}
		for _, r := range routes {
			s.visitor().get(r)
		}
		s.stop()
		for _, r := range routes {
			if got := len(visitors(s, r)); got != want {
				t.Errorf("%s: %d lines about %s", level, got, r)
			}
		}
	}
}
