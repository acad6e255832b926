package scratch

import (
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

const (
	memory = "/dev/shm"  // where Linux offers memory as a folder
	room   = 2 << 30     // bytes that must be free there, several times what the tests of a package keep
	begun  = time.Minute // how long a new folder may be without its lock
)

// Use has os.TempDir, and so every t.TempDir, lie in memory from now on, also
// for the programs that are started. end removes what is there. Where TMPDIR is
// set, or memory is short or runs no programs, nothing changes.
func Use() (end func()) {
	if os.Getenv("TMPDIR") != "" || !roomy() {
		return func() {}
	}
	sweep()
	folder, err := os.MkdirTemp(memory, prefix)
	if err != nil {
		return func() {}
	}
	held, err := hold(folder)
	if err == nil {
		err = os.Chmod(folder, 0o777|os.ModeSticky) // as /tmp: tests run programs of other accounts
	}
	if err != nil {
		os.RemoveAll(folder)
		return func() {}
	}
	os.Setenv("TMPDIR", folder)
	return func() {
		os.Unsetenv("TMPDIR")
		os.RemoveAll(folder)
		held.Close()
	}
}

const prefix = "nightlatch-test-"

func roomy() bool {
	var fs unix.Statfs_t
	if unix.Statfs(memory, &fs) != nil {
		return false
	}
	return fs.Type == unix.TMPFS_MAGIC && fs.Flags&unix.ST_NOEXEC == 0 && fs.Bavail*uint64(fs.Bsize) >= room
}

// hold locks a folder for as long as this process lives.
func hold(folder string) (*os.File, error) {
	f, err := os.Open(folder)
	if err != nil {
		return nil, err
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// sweep removes what test processes that were killed left in memory. One that
// has just begun may not hold its folder yet.
func sweep() {
	left, _ := filepath.Glob(filepath.Join(memory, prefix+"*"))
	for _, folder := range left {
		info, err := os.Stat(folder)
		if err != nil || time.Since(info.ModTime()) < begun {
			continue
		}
		if held, err := hold(folder); err == nil {
			os.RemoveAll(folder)
			held.Close()
		}
	}
}
