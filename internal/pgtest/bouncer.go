package pgtest

import (
	"bytes"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// Bounced starts a pgbouncer before a database and gives the address to come in
// by. It lends a connection for one transaction, out of two. It ends with the test.
func Bounced(t testing.TB, dsn string) string {
	t.Helper()
	path, err := exec.LookPath("pgbouncer")
	if err != nil {
		path = "/usr/sbin/pgbouncer"
	}
	if _, err := os.Stat(path); err != nil {
		if os.Getenv("CI") != "" {
			t.Fatal("pgbouncer is missing: apt-get install pgbouncer")
		}
		t.Skip("pgbouncer is missing: apt-get install pgbouncer")
	}
	u, err := url.Parse(dsn)
	if err != nil {
		t.Fatal(err)
	}
	port, err := freePort()
	if err != nil {
		t.Fatal(err)
	}
	s := &server{dir: t.TempDir(), port: port}
	for name, text := range map[string]string{
		"pgbouncer.ini": fmt.Sprintf("[databases]\n* = host=127.0.0.1 port=%s\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = %d\nunix_socket_dir =\n"+
			"auth_type = trust\nauth_file = %s\npool_mode = transaction\ndefault_pool_size = 2\nmax_client_conn = 100\n", u.Port(), port, s.path("users")),
		"users": fmt.Sprintf("%q \"\"\n", u.User.Username()),
	} {
		if err := os.WriteFile(s.path(name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	for dir := s.dir; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		_ = os.Chmod(dir, 0o755) // its account is not ours
	}
	cmd, err := s.command(path, s.path("pgbouncer.ini"))
	if err != nil {
		t.Fatal(err)
	}
	var log bytes.Buffer // read only after the process has ended
	cmd.Stderr = &log
	dieWithUs(cmd.SysProcAttr)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	exited := make(chan struct{})
	go func() { _ = cmd.Wait(); close(exited) }()
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGQUIT); <-exited })
	u.Host = s.address()
	for late := time.Now().Add(patience); execSQL(u.String(), "SELECT 1") != nil; time.Sleep(20 * time.Millisecond) {
		select {
		case <-exited:
			t.Fatalf("pgbouncer did not start:\n%s", log.String())
		default:
		}
		if time.Now().After(late) {
			t.Fatal("pgbouncer does not answer")
		}
	}
	return u.String()
}
