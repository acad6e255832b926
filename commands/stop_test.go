package commands_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"
)

const halfSent = "login=ada&password=wrong+horse"

// underWay sends a request but for its body, and waits until the server reads it.
func underWay(t *testing.T, s *server) (net.Conn, *bufio.Reader) {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	fmt.Fprintf(conn, "POST /login HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", len(halfSent))
	from := bufio.NewReader(conn)
	if line, err := from.ReadString('\n'); err != nil || !strings.Contains(line, "100") {
		t.Fatalf("%q, %v", line, err)
	}
	_, _ = from.ReadString('\n')
	return conn, from
}

// closed waits until the server takes no more connections.
func closed(t *testing.T, s *server) {
	t.Helper()
	waitFor(t, func() bool {
		c, err := net.Dial("tcp", strings.TrimPrefix(s.url, "http://"))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
}

// ended waits for the end of a server, and gives its exit status.
func ended(t *testing.T, s *server) int {
	t.Helper()
	select {
	case <-s.exited:
	case <-time.After(patience):
		t.Fatal("the server does not stop")
	}
	return s.cmd.ProcessState.ExitCode()
}

// The end of a terminal stops a server as SIGTERM does, and right after SIGTERM
// it hurries nothing.
func TestTheEndOfATerminalDrains(t *testing.T) {
	t.Parallel()
	for name, signals := range map[string][]syscall.Signal{"alone": {syscall.SIGHUP}, "after SIGTERM": {syscall.SIGTERM, syscall.SIGHUP}, "before SIGTERM": {syscall.SIGHUP, syscall.SIGTERM}, "twice": {syscall.SIGHUP, syscall.SIGHUP}} {
		t.Run(name, func(t *testing.T) {
			s := start(t, t.TempDir(), nil)
			conn, from := underWay(t, s)
			for _, x := range signals {
				_ = s.cmd.Process.Signal(x)
				closed(t, s)
			}
			fmt.Fprint(conn, halfSent)
			if answer, err := http.ReadResponse(from, nil); err != nil || answer.StatusCode != http.StatusUnprocessableEntity {
				t.Errorf("%v, %v", answer, err)
			}
			if code := ended(t, s); code != 0 {
				t.Errorf("exit status %d", code)
			}
		})
	}
}

// A second SIGTERM does not wait for requests under way.
func TestASecondSignalHurries(t *testing.T) {
	t.Parallel()
	s := start(t, t.TempDir(), nil)
	_, from := underWay(t, s)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	closed(t, s)
	_ = s.cmd.Process.Signal(syscall.SIGTERM)
	if line, err := from.ReadString('\n'); err == nil {
		t.Errorf("answered %q", line)
	}
	if code := ended(t, s); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// What exists once and cannot be printed is told of, with the way to another;
// nothing that was printed in part looks as if it were whole.
func TestWhatCannotBePrintedIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newAccount(t, dir, nil, "root", "--admin")
	must(t, dir, nil, "", "user", "add", "bob")
	full := func(args ...string) result {
		t.Helper()
		to, err := os.OpenFile("/dev/full", os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer to.Close()
		cmd := command(t.Context(), dir, nil, args...)
		var complaint strings.Builder
		cmd.Stdout, cmd.Stderr = to, &complaint
		_ = cmd.Run()
		return result{err: complaint.String(), code: cmd.ProcessState.ExitCode()}
	}
	for want, args := range map[string][]string{
		"nightlatch user invite ada":    {"user", "add", "ada"},
		"nightlatch user invite bob":    {"user", "invite", "bob", "--reason", "lost"},
		"nightlatch user password root": {"user", "password", "root", "--reason", "lost"},
		"nightlatch audit verify":       {"audit", "verify"},
		"start the server again":        {"demo"},
		"no space left":                 {"doctor"},
	} {
		if r := full(args...); r.code != 1 || !strings.Contains(r.err, want) || strings.Contains(r.err, "token=") {
			t.Errorf("%v: %+v", args, r)
		}
	}
	for _, args := range [][]string{{"version"}, {"--version"}, {"--help"}, {"user", "list", "--json"}, {"factor", "status"}, {"key", "rotate"}, {"migrate", "status"}} {
		if r := full(args...); r.code == 0 {
			t.Errorf("%v: %+v", args, r)
		}
	}
	if r := full("--data", "new"); r.code != 1 || !strings.Contains(r.err, "start the server again to get another") {
		t.Errorf("the setup link: %+v", r)
	}
}

// So it is where standard output was closed from the beginning. What is thrown
// away on purpose, and what can be printed at any time, is no failure; a server
// serves, and its log says how the first admin is made.
func TestWhatClosedOutputLosesIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	newAccount(t, dir, nil, "root", "--admin")
	must(t, dir, nil, "", "user", "add", "bob")
	under := func(redirect string, args ...string) result {
		t.Helper()
		cmd := command(t.Context(), dir, nil)
		cmd.Path, cmd.Args = "/bin/sh", append([]string{"sh", "-c", `"$0" "$@" ` + redirect, program}, args...)
		var complaint strings.Builder
		cmd.Stderr = &complaint
		_ = cmd.Run()
		return result{err: complaint.String(), code: cmd.ProcessState.ExitCode()}
	}
	for want, args := range map[string][]string{
		"nightlatch user invite ada":    {"user", "add", "ada"},
		"nightlatch user invite bob":    {"user", "invite", "bob", "--reason", "lost"},
		"nightlatch user password root": {"user", "password", "root", "--reason", "lost"},
		"nightlatch audit verify":       {"audit", "verify"},
		"start the server again":        {"demo"},
	} {
		if r := under(">&-", args...); r.code != 1 || !strings.Contains(r.err, want) {
			t.Errorf("%v: %+v", args, r)
		}
	}
	for _, redirect := range []string{">&-", ">/dev/null"} {
		if r := under(redirect, "user", "list"); r.code != 0 {
			t.Errorf("a list, %s: %+v", redirect, r)
		}
	}
	if r := under(">/dev/null", "user", "invite", "bob", "--reason", "lost"); r.code != 0 {
		t.Errorf("thrown away: %+v", r)
	}
	cmd := command(t.Context(), t.TempDir(), nil)
	cmd.Path, cmd.Args = "/bin/sh", []string{"sh", "-c", `exec "$0" >&-`, program}
	s := begin(t, cmd)
	if log := strings.Join(s.lines(&s.log), "\n"); !strings.Contains(log, "nightlatch user add LOGIN --admin") {
		t.Errorf("the log says %s", log)
	}
	s.stop()
}
