package commands_test

import (
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// nobody is an account without any rights.
const nobody = 65534

// service is a folder of a server, and the environment that has it run as its
// owner: another account than this one where the test is root.
func service(t *testing.T) (dir string, env []string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "nightlatch-service-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	if os.Geteuid() != 0 {
		return dir, nil
	}
	if err := os.Chown(dir, nobody, nobody); err != nil {
		t.Fatal(err)
	}
	return dir, []string{runAs + strconv.Itoa(nobody)}
}

// owned checks that everything below a folder belongs to whom the folder does.
func owned(t *testing.T, dir string) {
	t.Helper()
	top, err := os.Stat(dir)
	if err != nil {
		t.Fatal(err)
	}
	want := top.Sys().(*syscall.Stat_t)
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if s := info.Sys().(*syscall.Stat_t); s.Uid != want.Uid || s.Gid != want.Gid {
			t.Errorf("%s belongs to %d:%d", path, s.Uid, s.Gid)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}

// The first commands may be root's: what they make in the folder of the
// service's account belongs to it, and the server starts and works with it.
func TestFirstCommandsOfRootLeaveNothingClosed(t *testing.T) {
	t.Parallel()
	dir, env := service(t)
	must(t, dir, nil, "", "migrate", "up")
	newAccount(t, dir, nil, "ada@example.com")
	must(t, dir, nil, "", "doctor")
	owned(t, dir)
	s := start(t, dir, env)
	newAccount(t, dir, nil, "bob")
	must(t, dir, nil, "", "backup", filepath.Join("data", "copy.db"))
	must(t, dir, nil, "", "doctor")
	owned(t, dir) // also -wal and -shm, while the server runs
	s.visitor().password("bob").want(t, "/profile")
	s.stop()
	must(t, dir, nil, "", "user", "list") // the last to leave folds the log of the database
	owned(t, dir)
	start(t, dir, env).visitor().password("ada@example.com").want(t, "/profile")
}

// A server made by root in the folder of another account works for that account.
func TestAServerOfRootLeavesNothingClosed(t *testing.T) {
	t.Parallel()
	dir, env := service(t)
	start(t, dir, nil).stop()
	owned(t, dir)
	start(t, dir, env).stop()
}

// Keys rotated by root stay those of the service, in owner and in mode, and the
// server that runs goes on without a fault.
func TestRotationByRootKeepsOwnerAndMode(t *testing.T) {
	t.Parallel()
	dir, env := service(t)
	must(t, dir, env, "", "migrate", "up")
	s := start(t, dir, env)
	newAccount(t, dir, nil, "ada@example.com")
	v := s.visitor()
	v.password("ada@example.com").want(t, "/profile")
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
	before := v.secret()
	path := filepath.Join(dir, "data", "keys.json")
	want := fs.FileMode(0o600)
	if os.Geteuid() == 0 { // of root, and given to the service by way of its group
		want = 0o440
		if err := os.Chown(path, 0, nobody); err != nil {
			t.Fatal(err)
		}
		if err := os.Chmod(path, want); err != nil {
			t.Fatal(err)
		}
	}
	must(t, dir, nil, "", "key", "rotate")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if o := info.Sys().(*syscall.Stat_t); info.Mode().Perm() != want || want == 0o440 && (o.Uid != 0 || o.Gid != nobody) {
		t.Errorf("the new file is %v of %d:%d", info.Mode(), o.Uid, o.Gid)
	}
	waitFor(t, func() bool { return v.get("/readyz").status == http.StatusOK })
	if after := v.secret(); len(before) == 0 || string(after) != string(before) {
		t.Error("what was sealed before does not open any more")
	}
	if os.Geteuid() == 0 { // the service may not give a file to root
		was, _ := os.ReadFile(path)
		if r := run(t, dir, env, "", "key", "rotate"); r.code != 1 || !strings.Contains(r.err, "belongs to another account") || !strings.Contains(r.err, "nothing was changed") {
			t.Errorf("%+v", r)
		}
		if now, _ := os.ReadFile(path); string(now) != string(was) {
			t.Error("the file was changed all the same")
		}
	}
	s.stop()
	must(t, dir, env, "", "doctor")
}

// A key file that the server cannot read any more is red in /readyz, what is in
// memory goes on, and no rotation leaves the server behind.
func TestAKeyFileThatTheServerCannotRead(t *testing.T) {
	t.Parallel()
	dir, env := service(t)
	must(t, dir, env, "", "migrate", "up")
	s := start(t, dir, env)
	newAccount(t, dir, nil, "ada@example.com")
	v := s.visitor()
	v.password("ada@example.com").want(t, "/profile")
	path := filepath.Join(dir, "data", "keys.json")
	s.waitReady()
	if err := os.Chmod(path, 0); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return v.get("/readyz").status == http.StatusServiceUnavailable })
	v.post("/profile/factors/totp").want(t, "/profile/factors/totp")
	if v.secret() == nil {
		t.Error("the keys in memory do not work")
	}
	if r := run(t, dir, nil, "", "key", "rotate"); r.code != 1 || strings.Contains(r.err, "sealed with the newest key") {
		t.Errorf("%+v", r)
	}
	if v.secret() == nil {
		t.Error("something was sealed with a key that the server cannot read")
	}
	if err := os.Chmod(path, 0o600); err != nil {
		t.Fatal(err)
	}
	waitFor(t, func() bool { return v.get("/readyz").status == http.StatusOK })
	must(t, dir, nil, "", "key", "rotate")
	if v.secret() == nil {
		t.Error("the rotation that followed lost a secret")
	}
}
