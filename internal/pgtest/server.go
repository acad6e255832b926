package pgtest

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// server is one PostgreSQL of our own.
type server struct {
	dir    string // data folder, socket and log
	port   int
	cmd    *exec.Cmd
	exited chan struct{} // closed once the process has ended
}

// start makes a data folder and runs a server on it.
func start() (*server, error) {
	dir, err := os.MkdirTemp("", "nightlatch-postgres-")
	if err != nil {
		return nil, err
	}
	s := &server{dir: dir}
	if err := s.boot(); err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return s, nil
}

func (s *server) boot() error {
	initdb, err := find("initdb")
	if err != nil {
		return err
	}
	if err := s.giveAway(); err != nil {
		return err
	}
	cmd, err := s.command(initdb, "-D", s.path("data"), "-U", "postgres", "--auth=trust",
		"--encoding=UTF8", "--locale=C", "--no-sync")
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	// Another process may take the free port before the server does.
	for range 3 {
		if err = s.serve(); err == nil {
			return nil
		}
	}
	return err
}

// serve starts the process and waits until it answers. Nothing is written
// safely to disk, which makes it quick; apart from that, commits are real.
func (s *server) serve() error {
	postgres, err := find("postgres")
	if err != nil {
		return err
	}
	if s.port, err = freePort(); err != nil {
		return err
	}
	s.cmd, err = s.command(postgres, "-D", s.path("data"), "-k", s.dir, "-p", strconv.Itoa(s.port),
		"-c", "listen_addresses=127.0.0.1", "-c", "max_connections=200", "-c", "synchronous_commit=on",
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "max_wal_size=128MB", "-c", "timezone=UTC")
	if err != nil {
		return err
	}
	var log bytes.Buffer // read only after the process has ended
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	dieWithUs(s.cmd.SysProcAttr)
	if err := s.cmd.Start(); err != nil {
		return err
	}
	s.exited = make(chan struct{})
	go func() { s.cmd.Wait(); close(s.exited) }()
	return s.ready(&log)
}

// ready waits until the server answers.
func (s *server) ready(log fmt.Stringer) error {
	late := time.After(patience)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		select {
		case <-s.exited:
			return fmt.Errorf("PostgreSQL did not start:\n%s", log)
		case <-late:
			s.halt()
			return fmt.Errorf("PostgreSQL did not answer within %v:\n%s", patience, log)
		case <-again.C:
			if execSQL(s.dsn(), "SELECT 1") == nil {
				return nil
			}
		}
	}
}

// dsn is the address of the server's own database.
func (s *server) dsn() string {
	return fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", s.port)
}

// halt ends the process at once and waits until it is gone. SIGQUIT is
// PostgreSQL's immediate shutdown: no checkpoint, and no child stays behind.
func (s *server) halt() {
	s.cmd.Process.Signal(syscall.SIGQUIT)
	select {
	case <-s.exited:
	case <-time.After(patience):
		s.cmd.Process.Kill()
		<-s.exited
	}
}

func (s *server) stop() {
	s.halt()
	os.RemoveAll(s.dir)
}

func (s *server) path(name string) string { return filepath.Join(s.dir, name) }

// find looks for a server program on the path and where Debian keeps it.
func find(name string) (string, error) {
	if path, err := exec.LookPath(name); err == nil {
		return path, nil
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/" + name)
	if err != nil {
		return "", err
	}
	if len(found) == 0 {
		return "", fmt.Errorf("tests with PostgreSQL need its server: apt-get install postgresql (%s was not found)", name)
	}
	return found[len(found)-1], nil
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, err
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port, nil
}
