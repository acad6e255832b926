package commands_test

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
)

// rules are what an Exim has its own mind about, in the words of its
// configuration. Zero, it takes mail for everybody in people.
type rules struct {
	people           string // local parts that have a mailbox, between colons
	main             string // more of the main part
	helo, from, rcpt string // what is said to EHLO, MAIL and RCPT
	auth             string // the condition under which a sign-in is right
}

// exim is a real Exim with a configuration, queue and mailboxes of its own. It
// is started for each connection, as inetd does; when nobody listens it is down.
type exim struct {
	t             *testing.T
	program, dir  string
	address, conf string
	listener      net.Listener
	busy          sync.WaitGroup
	ctx           context.Context
}

// newExim needs Exim, which .ci/run installs. Elsewhere the test is left out
// where there is none.
func newExim(t *testing.T, r rules) *exim {
	t.Helper()
	program, err := exec.LookPath("exim4")
	if err != nil {
		program, err = exec.LookPath("/usr/sbin/exim4")
	}
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("Exim is missing: apt-get install exim4-daemon-light")
	}
	if err != nil {
		t.Fatal("Exim is missing: apt-get install exim4-daemon-light")
	}
	dir, err := os.MkdirTemp("", "nightlatch-exim-") // not below the folder of the test, which is closed to Exim's own account
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	for _, name := range []string{"", "spool", "log", "mail"} {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	m := &exim{t: t, program: program, dir: dir, conf: filepath.Join(dir, "exim.conf"), address: "127.0.0.1:0", ctx: t.Context()}
	m.follow(r)
	m.open()
	t.Cleanup(m.close)
	return m
}

const eximConf = `primary_hostname = mx.example.com
spool_directory = %[1]s/spool
log_file_path = %[1]s/log/%%slog
keep_environment =
disable_ipv6 = true
deliver_drop_privilege = true
untrusted_set_sender = *
local_from_check = false
acl_smtp_helo = helo
acl_smtp_mail = from
acl_smtp_rcpt = rcpt
%[2]s
%[3]s
begin acl
helo:
%[4]s
  accept
from:
%[5]s
  accept
rcpt:
%[6]s
  require verify = recipient
  accept
begin routers
people:
  driver = accept
  local_parts = %[7]s
  transport = maildir
begin transports
maildir:
  driver = appendfile
  directory = %[1]s/mail/$local_part_data
  maildir_format
  create_directory
begin authenticators
plain:
  driver = plaintext
  public_name = PLAIN
  server_prompts = :
  server_condition = %[8]s
  server_set_id = $auth2
`

// follow makes it follow other rules from the next connection on.
func (m *exim) follow(r rules) {
	m.t.Helper()
	own := ""
	if os.Getuid() != 0 { // else it is the account that the package made
		own = fmt.Sprintf("exim_user = %d\nexim_group = %d", os.Getuid(), os.Getgid())
	}
	if r.auth == "" {
		r.auth = "no"
	}
	text := fmt.Sprintf(eximConf, m.dir, own, r.main, r.helo, r.from, r.rcpt, r.people, r.auth)
	next := m.conf + ".next"
	if err := os.WriteFile(next, []byte(text), 0o644); err != nil {
		m.t.Fatal(err)
	}
	if err := os.Chmod(next, 0o644); err != nil { // whatever the umask
		m.t.Fatal(err)
	}
	if err := os.Rename(next, m.conf); err != nil {
		m.t.Fatal(err)
	}
}

// open listens, always at the same address.
func (m *exim) open() {
	m.t.Helper()
	l, err := net.Listen("tcp", m.address)
	if err != nil {
		m.t.Fatal(err)
	}
	m.listener, m.address = l, l.Addr().String()
	m.busy.Go(func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			m.busy.Go(func() { m.talk(c) })
		}
	})
}

// close takes no connection any more and ends those that there are.
func (m *exim) close() {
	_ = m.listener.Close()
	m.busy.Wait()
}

// talk has Exim answer one connection.
func (m *exim) talk(c net.Conn) {
	defer c.Close()
	here, there, err := socketPair()
	if err != nil {
		m.t.Error(err)
		return
	}
	defer here.Close()
	cmd := exec.CommandContext(m.ctx, m.program, "-C", m.conf, "-odi", "-bs")
	cmd.Stdin, cmd.Stdout = there, there
	err = cmd.Start()
	there.Close()
	if err != nil {
		m.t.Error(err)
		return
	}
	go func() {
		_, _ = io.Copy(here, c)
		here.Close() // the client went away
	}()
	_, _ = io.Copy(c, here)
	_ = c.Close()
	_ = cmd.Wait() // its status says how the client left
}

// socketPair are two ends of one connection: pipes would not do for TLS.
func socketPair() (here net.Conn, there *os.File, err error) {
	syscall.ForkLock.RLock()
	fds, err := syscall.Socketpair(syscall.AF_UNIX, syscall.SOCK_STREAM, 0)
	if err == nil {
		syscall.CloseOnExec(fds[0])
		syscall.CloseOnExec(fds[1])
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, nil, err
	}
	mine := os.NewFile(uintptr(fds[0]), "here")
	defer mine.Close()
	there = os.NewFile(uintptr(fds[1]), "there")
	if here, err = net.FileConn(mine); err != nil {
		there.Close()
	}
	return here, there, err
}

// letters are the mails in somebody's mailbox, as they came.
func (m *exim) letters(who string) (list []string) {
	files, _ := filepath.Glob(filepath.Join(m.dir, "mail", who, "new", "*"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			m.t.Error(err)
		}
		list = append(list, string(text))
	}
	return list
}
