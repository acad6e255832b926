package pgtest

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"strconv"
	"syscall"
)

// PostgreSQL refuses to run as root, so root runs it as the account that
// Debian's package makes. Everybody else runs it as themselves.
const account = "postgres"

// giveAway makes the server's account the owner of the folder.
func (s *server) giveAway() error {
	who, err := credential()
	if err != nil || who == nil {
		return err
	}
	return os.Chown(s.dir, int(who.Uid), int(who.Gid))
}

// command prepares a program to run in the server's folder as its account.
func (s *server) command(path string, args ...string) (*exec.Cmd, error) {
	who, err := credential()
	if err != nil {
		return nil, err
	}
	cmd := exec.Command(path, args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who}
	return cmd, nil
}

// credential is the account that the server runs as; nil is the current one.
func credential() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	u, err := user.Lookup(account)
	if err != nil {
		return nil, errors.New("tests with PostgreSQL, run as root, need the account postgres: apt-get install postgresql")
	}
	uid, errUID := strconv.ParseUint(u.Uid, 10, 32)
	gid, errGID := strconv.ParseUint(u.Gid, 10, 32)
	if err := errors.Join(errUID, errGID); err != nil {
		return nil, fmt.Errorf("account %s: %w", account, err)
	}
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
}
