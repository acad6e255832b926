package store

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// file is what stat says of a file that need not exist.
type file struct {
	os.FileInfo
	mode     os.FileMode
	uid, gid uint32
}

func (f file) Mode() os.FileMode  { return f.mode }
func (f file) ModTime() time.Time { return time.Time{} }
func (f file) Sys() any           { return &syscall.Stat_t{Uid: f.uid, Gid: f.gid} }

// A key file is private when only its owner has rights to it, or when somebody
// else owns it and lets its group read it. Everything more is refused.
func TestWhichKeyFilesArePrivate(t *testing.T) {
	const us, root, app = 1000, 0, 1000
	for _, c := range []struct {
		mode     os.FileMode
		uid, gid uint32
		as       int
		want     bool
	}{
		{0o600, us, app, us, true}, {0o400, us, app, us, true}, {0o640, us, app, us, false}, {0o440, us, app, us, false},
		{0o604, us, app, us, false}, {0o660, us, app, us, false},
		{0o440, root, app, us, true}, {0o640, root, app, us, true}, {0o444, root, app, us, false}, {0o660, root, app, us, false},
		{0o644, root, app, us, false}, {0o460, root, app, us, false}, {0o441, root, app, us, false},
		{0o440, root, app, root, true}, {0o440, root, root, root, false}, {0o640, root, root, root, false}, {0o600, us, app, root, true},
		{0o640, us, app, root, true}, {0o644, us, app, root, false},
	} {
		if got := private(file{mode: c.mode, uid: c.uid, gid: c.gid}, c.as); got != c.want {
			t.Errorf("%v of %d:%d as %d: %v", c.mode, c.uid, c.gid, c.as, got)
		}
	}
}

// A mount that nobody can write to is told from one that can be written to.
func TestReadOnlyMounts(t *testing.T) {
	if readOnly(t.TempDir()) {
		t.Error("a folder that was just made cannot be written to")
	}
	if readOnly(filepath.Join(t.TempDir(), "nowhere")) {
		t.Error("what does not exist lies on a read-only mount")
	}
}
