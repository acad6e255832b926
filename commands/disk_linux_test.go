package commands_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// limitFiles makes every write of a running server past n bytes of a file fail,
// as a full disk does; 0 takes the limit back.
func (s *server) limitFiles(n uint64) {
	s.t.Helper()
	limit := unix.Rlimit{Cur: n, Max: unix.RLIM_INFINITY}
	if n == 0 {
		limit.Cur = unix.RLIM_INFINITY
	}
	if err := unix.Prlimit(s.cmd.Process.Pid, unix.RLIMIT_FSIZE, &limit, nil); err != nil {
		s.t.Fatal(err)
	}
}

// When the disk is full, whatever writes is answered with 503 and can be tried
// again; what was acknowledged stays, and the site comes back by itself.
func TestFullDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := seed(t, dir, nil, "ada", 1, true)[0]
	s := start(t, dir, nil)
	v := s.visitor()
	v.password(p.login).want(t, "/login/challenge")
	v.post("/login/challenge/totp", "code", lastCode(p.secret)).want(t, "/profile")
	v.get("/profile") // the first request of a session ends what was kept for a second click, by a write
	half := s.visitor()
	half.password(p.login).want(t, "/login/challenge")
	s.waitReady()
	info, err := os.Stat(filepath.Join(dir, "data", "nightlatch.db-wal"))
	if err != nil {
		t.Fatal(err)
	}
	s.limitFiles(uint64(info.Size()))
	waitFor(t, func() bool { return s.visitor().get("/readyz").status == http.StatusServiceUnavailable })
	for what, got := range map[string]page{
		"password": s.visitor().password(p.login),
		"code":     half.post("/login/challenge/totp", "code", code(p.secret, 0)),
		"name":     v.post("/profile/name", "name", "Countess"),
		"ready":    s.visitor().get("/readyz"),
	} {
		if got.status != http.StatusServiceUnavailable || got.header.Get("Retry-After") == "" {
			t.Errorf("%s with a full disk: %d", what, got.status)
		}
	}
	if got := v.get("/verify?level=2"); got.status != http.StatusOK {
		t.Errorf("an acknowledged session: %d", got.status)
	}
	s.limitFiles(0)
	waitFor(t, func() bool { return s.visitor().get("/readyz").status == http.StatusOK })
	half.post("/login/challenge/totp", "code", code(p.secret, 0)).want(t, "/profile")
	if got := v.get("/verify?level=2"); got.status != http.StatusOK {
		t.Errorf("an acknowledged session, afterwards: %d", got.status)
	}
	must(t, dir, nil, "", "audit", "verify")
}

// The program alone in a folder with nothing but its data: no /tmp, no system.
// Hundreds of accounts make SQLite want temporary files.
func TestNoFolderForTemporaryFiles(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := exec.Command("cp", program, filepath.Join(root, "nightlatch")).Run(); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(root, "data"), 0o700); err != nil {
		t.Fatal(err)
	}
	alone := bare(t, root)
	start := func(args ...string) *server { return begin(t, alone(args...)) }
	s := start("serve")
	v := s.visitor()
	waitFor(t, func() bool { return len(s.lines(&s.out)) == 1 })
	v.post("/setup", "token", strings.TrimPrefix(s.setupPath(), "/setup?token="), "login", "root", "password", sitetest.Password).want(t, "/profile/factors")
	v.post("/profile/factors/totp")
	secret := v.secret()
	if got := v.post("/profile/factors/totp/confirm", "code", lastCode(secret)); got.status != http.StatusSeeOther {
		t.Fatalf("enrollment: %d", got.status)
	}
	var lines strings.Builder
	for i := range 300 {
		fmt.Fprintf(&lines, "person%d@example.com,Very Long Name of a person number %d,user\n", i, i)
	}
	if got := v.post("/admin/import", "csv", lines.String(), "do", "1"); got.status != http.StatusOK {
		t.Fatalf("import: %d", got.status)
	}
	for i := range 40 {
		if out, err := alone("user", "add", fmt.Sprintf("late%d@example.com", i), "--name", fmt.Sprint("Very Long Name of a late person number ", i)).CombinedOutput(); err != nil {
			t.Fatalf("user add %d: %v %s", i, err, out)
		}
	}
	if out, err := alone("user", "list", "--json").Output(); err != nil || strings.Count(string(out), `"login"`) != 341 {
		t.Errorf("%d accounts, %v", strings.Count(string(out), `"login"`), err)
	}
	for i := range 20 {
		if got := v.post("/profile/name", "name", fmt.Sprintf("Root %d", i)); got.status != http.StatusSeeOther {
			t.Fatalf("renaming: %d", got.status)
		}
	}
	waitFor(t, func() bool { return v.get("/readyz").status == http.StatusOK })
	if out, err := alone("doctor").CombinedOutput(); err != nil {
		t.Errorf("doctor: %v %s", err, out)
	}
	if code := s.stop(); code != 0 {
		t.Errorf("exit status %d", code)
	}
}

// bare makes commands that see nothing of the machine but a folder. Where that
// is not allowed, they get no folder for temporary files that can be written.
func bare(t *testing.T, root string) func(args ...string) *exec.Cmd {
	t.Helper()
	const somebody = 65534
	jail := &syscall.SysProcAttr{Chroot: root}
	if os.Geteuid() == 0 {
		jail.Credential = &syscall.Credential{Uid: somebody, Gid: somebody}
		if err := os.Chown(filepath.Join(root, "data"), somebody, somebody); err != nil {
			t.Fatal(err)
		}
	} else {
		jail.Cloneflags = syscall.CLONE_NEWUSER
		jail.UidMappings = []syscall.SysProcIDMap{{ContainerID: somebody, HostID: os.Getuid(), Size: 1}}
		jail.GidMappings = []syscall.SysProcIDMap{{ContainerID: somebody, HostID: os.Getgid(), Size: 1}}
	}
	if err := os.Chmod(root, 0o555); err != nil { // SQLite would take the folder that it is started in
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(root, 0o700) })
	path, data, env := "/nightlatch", "/data", []string{}
	try := exec.Command(path, "--help")
	try.SysProcAttr, try.Dir = jail, "/"
	if try.Run() != nil {
		jail, path, data = nil, filepath.Join(root, "nightlatch"), filepath.Join(root, "data")
		env = []string{"TMPDIR=/proc", "SQLITE_TMPDIR=/proc"}
	}
	return func(args ...string) *exec.Cmd {
		cmd := exec.Command(path, args...)
		cmd.SysProcAttr, cmd.Dir = jail, "/"
		cmd.Env = append(env, "NIGHTLATCH_ADDR=127.0.0.1:0", "NIGHTLATCH_DATA="+data)
		return cmd
	}
}
