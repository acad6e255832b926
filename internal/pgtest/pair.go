package pgtest

import (
	"fmt"
	"os"
	"strconv"
	"testing"
)

// Pair is two servers of a test's own: a primary, and a standby that streams
// from it. A commit is answered when the standby has it too.
type Pair struct{ primary, standby *server }

// NewPair starts both. They are gone at the end of the test.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	p := &Pair{}
	var err error
	if p.primary, err = start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.primary.stop)
	if p.standby, err = p.primary.follower(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.standby.stop)
	for _, statement := range []string{"ALTER SYSTEM SET synchronous_commit = remote_apply", "ALTER SYSTEM SET synchronous_standby_names = '*'", "SELECT pg_reload_conf()"} {
		if err := execSQL(p.primary.dsn(), statement); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// Primary is HOST:PORT of the server that takes writes at first.
func (p *Pair) Primary() string { return p.primary.address() }

// Standby is HOST:PORT of the server that follows.
func (p *Pair) Standby() string { return p.standby.address() }

// LosePrimary ends the primary as a power cut would.
func (p *Pair) LosePrimary() { p.primary.halt() }

// Promote makes a primary of the standby.
func (p *Pair) Promote(t testing.TB) {
	t.Helper()
	// What the new primary read of the old one's settings: it has no standby to wait for.
	for _, statement := range []string{"SELECT pg_promote(true, 60)", "ALTER SYSTEM RESET ALL", "SELECT pg_reload_conf()"} {
		if err := execSQL(p.standby.dsn(), statement); err != nil {
			t.Fatal(err)
		}
	}
}

func (s *server) address() string { return fmt.Sprintf("127.0.0.1:%d", s.port) }

// follower copies a running server and starts the copy as its standby.
func (s *server) follower() (*server, error) {
	copied, err := find("pg_basebackup")
	if err != nil {
		return nil, err
	}
	dir, err := os.MkdirTemp("", "nightlatch-postgres-")
	if err != nil {
		return nil, err
	}
	f := &server{dir: dir}
	err = f.giveAway()
	if err == nil {
		err = f.copyOf(copied, s)
	}
	if err == nil {
		err = f.serve()
	}
	if err != nil {
		os.RemoveAll(dir)
		return nil, err
	}
	return f, nil
}

func (s *server) copyOf(program string, of *server) error {
	cmd, err := s.command(program, "--host=127.0.0.1", "--port="+strconv.Itoa(of.port), "--username=postgres", "--pgdata="+s.path("data"),
		"--write-recovery-conf", "--wal-method=stream", "--checkpoint=fast", "--no-sync")
	if err != nil {
		return err
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pg_basebackup: %w\n%s", err, out)
	}
	return nil
}
