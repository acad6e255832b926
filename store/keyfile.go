package store

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/gofrs/flock"
	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/insecurecleartextkeyset"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	tinkpb "github.com/tink-crypto/tink-go/v2/proto/tink_go_proto"
)

// maxKeyFile is how many bytes of a key file are read: enough for thousands of
// rotations, and a limit in case the path names something else.
const maxKeyFile = 1 << 20

// keyFile is the file's form: two keysets in Tink's own JSON.
type keyFile struct {
	AEAD json.RawMessage `json:"aead"`
	MAC  json.RawMessage `json:"mac"`
}

// readRing reads and checks the key file. Its errors about the content give no
// details, because those would quote the keys.
func readRing(path string) (*keyring, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fileFault(path, "cannot be read", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, fileFault(path, "cannot be read", err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("the key file %s is not a file", path)
	}
	shared := false
	if !private(info, os.Geteuid()) {
		if shared = readOnly(path); !shared {
			return nil, fmt.Errorf("the key file %s can be read by others; chmod 600 it", path)
		}
	}
	text, err := io.ReadAll(io.LimitReader(f, maxKeyFile+1))
	if err != nil {
		return nil, fileFault(path, "cannot be read", err)
	}
	if len(text) == 0 {
		return nil, fmt.Errorf("the key file %s is empty; restore it from its backup", path)
	}
	ring, err := parseRing(text)
	if err != nil {
		return nil, fmt.Errorf("the key file %s is damaged; restore it from its backup", path)
	}
	ring.file, ring.shared = info, shared
	return ring, nil
}

// unchanged says whether path still is the file that was read, and can be read.
// It opens the file, since its name alone does not tell whether it may.
func unchanged(path string, was os.FileInfo) (bool, error) {
	f, err := os.Open(path)
	if err != nil {
		return false, fileFault(path, "cannot be read", err)
	}
	defer f.Close()
	now, err := f.Stat()
	if err != nil {
		return false, fileFault(path, "cannot be read", err)
	}
	return os.SameFile(was, now) && was.ModTime().Equal(now.ModTime()) && was.Size() == now.Size() && was.Mode() == now.Mode(), nil
}

// parseRing reads the content of a key file. Its errors may quote keys and stay
// in this file.
func parseRing(text []byte) (*keyring, error) {
	var file keyFile
	if len(text) > maxKeyFile {
		return nil, errors.New("too long")
	}
	if err := json.Unmarshal(text, &file); err != nil {
		return nil, err
	}
	sealing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file.AEAD)))
	if err != nil {
		return nil, err
	}
	hashing, err := insecurecleartextkeyset.Read(keyset.NewJSONReader(bytes.NewReader(file.MAC)))
	if err != nil {
		return nil, err
	}
	return newRing(sealing, hashing)
}

// addKeys gives both keysets a new primary key and writes them to path, with
// owner, group and mode of the file that was there; nil when there was none.
func addKeys(path string, sealing, hashing *keyset.Manager, like os.FileInfo) (*keyring, error) {
	var file keyFile
	for _, part := range []struct {
		manager *keyset.Manager
		sort    *tinkpb.KeyTemplate
		text    *json.RawMessage
	}{
		{sealing, aead.AES256GCMKeyTemplate(), &file.AEAD},
		{hashing, mac.HMACSHA256Tag256KeyTemplate(), &file.MAC},
	} {
		id, err := part.manager.Add(part.sort)
		if err != nil {
			return nil, err
		}
		if err := part.manager.SetPrimary(id); err != nil {
			return nil, err
		}
		handle, err := part.manager.Handle()
		if err != nil {
			return nil, err
		}
		var text bytes.Buffer
		if err := insecurecleartextkeyset.Write(handle, keyset.NewJSONWriter(&text)); err != nil {
			return nil, err
		}
		*part.text = text.Bytes()
	}
	text, err := json.MarshalIndent(file, "", "  ")
	if err != nil {
		return nil, err
	}
	if err := writeWhole(behindLinks(path), append(text, '\n'), like); err != nil {
		return nil, unreplaced(path, "cannot be replaced", err)
	}
	return readRing(path)
}

// behindLinks follows symbolic links to the file itself, also to one that does
// not exist yet.
func behindLinks(path string) string {
	for range 40 { // as many as Linux follows
		to, err := os.Readlink(path)
		if err != nil {
			break
		}
		if !filepath.IsAbs(to) {
			to = filepath.Join(filepath.Dir(path), to)
		}
		path = to
	}
	return path
}

// writeWhole puts text at path, so that whoever reads finds the old content or
// the new, also after a power cut. The file has owner, group and mode of like,
// or is private to the owner of its folder.
func writeWhole(path string, text []byte, like os.FileInfo) (err error) {
	folder := filepath.Dir(path)
	f, err := os.CreateTemp(folder, ".keys-*") // made with mode 0600
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(f.Name())
		}
	}()
	if err = ownAs(f, like); err != nil {
		return err
	}
	if _, err = f.Write(text); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = os.Rename(f.Name(), path); err != nil {
		return err
	}
	if d, err := os.Open(folder); err == nil { // the new name is to last too
		_ = d.Sync() // not every system can
		d.Close()
	}
	return nil
}

// ownAs gives a new file owner, group and mode of the one that it replaces.
func ownAs(f *os.File, like os.FileInfo) error {
	if like == nil {
		return inheritOwner(f)
	}
	now, err := f.Stat()
	if err != nil {
		return err
	}
	uid, gid, _ := owner(like)
	if u, g, _ := owner(now); u != uid || g != gid {
		if err := f.Chown(uid, gid); err != nil {
			return fmt.Errorf("it belongs to another account (%d:%d), which this one cannot give the new file to", uid, gid)
		}
	}
	return f.Chmod(like.Mode().Perm())
}

// lockFile waits until no other process writes the key file. The empty file
// beside it stays: removing it would let two in.
func lockFile(path string) (unlock func(), err error) {
	name := behindLinks(path) + ".lock"
	if err := touch(name); err != nil {
		return nil, unreplaced(path, "cannot be replaced: its lock "+name+" cannot be made", err)
	}
	lock := flock.New(name, flock.SetFlag(os.O_RDWR))
	if err := lock.Lock(); err != nil {
		return nil, fileFault(path, "cannot be locked", err)
	}
	return func() { _ = lock.Close() }, nil
}

// unreplaced is a fault of a key file that cannot be replaced where it lies.
func unreplaced(path, what string, err error) error {
	return fmt.Errorf("%w; nothing was changed. If the file is mounted by itself or read-only, change it at its source", fileFault(path, what, err))
}

// fileFault is a sentence about the key file that names it once.
func fileFault(path, what string, err error) error {
	var at *fs.PathError
	var move *os.LinkError
	if errors.As(err, &at) {
		err = at.Err
	} else if errors.As(err, &move) {
		err = move.Err
	}
	return fmt.Errorf("the key file %s %s: %w", path, what, err)
}
