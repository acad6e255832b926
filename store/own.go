package store

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// private says whether a key file is only for us: either nobody else has any
// right to it, or another owner gives it to our group, or root gives it to the
// group of the service.
func private(info os.FileInfo, uid int) bool {
	perm := info.Mode().Perm()
	theirs, group, known := owner(info)
	given := theirs != uid || uid == 0 && group != 0
	return !known || perm&0o077 == 0 || given && perm&0o027 == 0
}

// inheritOwner gives a file or folder that was just made to the owner of the folder
// it lies in, when the process is root: a command by root must leave nothing
// that the service's own account cannot read. Everyone else's stays theirs.
func inheritOwner(f *os.File) error {
	if os.Geteuid() != 0 {
		return nil
	}
	folder, err := os.Stat(filepath.Dir(filepath.Clean(f.Name())))
	if err != nil {
		return err
	}
	if uid, gid, known := owner(folder); known && uid != 0 {
		return f.Chown(uid, gid)
	}
	return nil
}

// touch makes an empty private file where there is none.
func touch(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	return errors.Join(inheritOwner(f), f.Close())
}

// MakeFolder makes a folder that only its owner may open, unless it exists.
// When root makes it, it gets the owner of the folder above.
func MakeFolder(path string) error {
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return nil
	}
	above := filepath.Dir(filepath.Clean(path))
	if above != path {
		if err := MakeFolder(above); err != nil {
			return err
		}
	}
	if err := os.Mkdir(path, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("the folder cannot be created: %s", strings.TrimPrefix(err.Error(), "mkdir "))
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	if info, err := f.Stat(); err == nil && !info.IsDir() {
		return fmt.Errorf("the folder cannot be created: %s is a file", path)
	}
	return inheritOwner(f)
}

// NotOurs says, in one sentence, that the folder of a path belongs to another
// account, to which files that we make there would be closed. It is silent for
// root, see inheritOwner, and about folders of root, which are shared by intent.
func NotOurs(path string) error {
	folder := filepath.Dir(filepath.Clean(path))
	info, err := os.Stat(folder)
	if err != nil {
		return nil // whoever makes the file says what is wrong
	}
	if uid, _, known := owner(info); known && uid != 0 && os.Geteuid() != 0 && uid != os.Geteuid() {
		return fmt.Errorf("the folder %s belongs to another account (%d), which could not read what this command creates there: run it as that account or as root", folder, uid)
	}
	return nil
}
