package store

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// Errors of Keys. Neither carries a key, a plaintext or a sealed value.
var (
	// ErrSealed says that a sealed value does not open: it was moved from
	// another row, changed, or sealed with a key that the file has lost.
	ErrSealed = errors.New("sealed value does not open")
	// ErrMAC says that a keyed hash does not belong to the data.
	ErrMAC = errors.New("keyed hash does not match")
)

// Keys seals secrets for the database and makes the keyed hashes of emailed
// codes. It follows its file: a rotation by another process is seen by the next
// Seal. Safe for use by many goroutines; printing it shows the path alone.
type Keys struct {
	path  string
	mu    sync.Mutex // held while the file is read or written
	inUse atomic.Pointer[keyring]
}

// keyring is one state of the key file.
type keyring struct {
	sealing, hashing *keyset.Handle
	aead             tink.AEAD // AES-256-GCM with a random nonce, NIST SP 800-38D
	mac              tink.MAC  // HMAC-SHA-256, RFC 2104
	primary          uint32    // id of the AEAD key that seals from now on
	file             os.FileInfo
}

// OpenKeys reads the key file. When there is none and create is true it makes
// one with fresh keys and mode 0600, in a folder that must exist. Create only
// where nothing was sealed yet: new keys open no old rows. The error is one
// sentence for the person who starts the server; a missing file is
// fs.ErrNotExist.
func OpenKeys(path string, create bool) (*Keys, error) {
	k := &Keys{path: path}
	ring, err := readRing(path)
	if errors.Is(err, os.ErrNotExist) && create {
		ring, err = k.make()
	}
	if err != nil {
		return nil, err
	}
	k.inUse.Store(ring)
	return k, nil
}

// make writes the first key file, unless another process was quicker.
func (k *Keys) make() (*keyring, error) {
	unlock, err := lockFile(k.path)
	if err != nil {
		return nil, err
	}
	defer unlock()
	if ring, err := readRing(k.path); !errors.Is(err, os.ErrNotExist) {
		return ring, err
	}
	return addKeys(k.path, keyset.NewManager(), keyset.NewManager())
}

// Rotate adds a new key of each sort, makes it the one that is used from now
// on, and keeps the old ones for reading. Rows sealed before stay readable; see
// SealedWithPrimary for those to seal again.
func (k *Keys) Rotate() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	unlock, err := lockFile(k.path)
	if err != nil {
		return err
	}
	defer unlock()
	old, err := readRing(k.path) // what another process added must not get lost
	if err != nil {
		return err
	}
	ring, err := addKeys(k.path, keyset.NewManagerFromHandle(old.sealing), keyset.NewManagerFromHandle(old.hashing))
	if err != nil {
		return err
	}
	k.inUse.Store(ring)
	return nil
}

// Reload reads the file again if it changed since. On an error the keys in use
// stay in use.
func (k *Keys) Reload() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	now, err := os.Stat(k.path)
	if err != nil {
		return fileFault(k.path, "cannot be read", err)
	}
	was := k.inUse.Load().file
	if os.SameFile(was, now) && was.ModTime().Equal(now.ModTime()) && was.Size() == now.Size() && was.Mode() == now.Mode() {
		return nil
	}
	ring, err := readRing(k.path)
	if err != nil {
		return err
	}
	k.inUse.Store(ring)
	return nil
}

// Seal encrypts plain so that only Open with the same row gives it back. row
// names the place, as "table/id", and may not be empty.
func (k *Keys) Seal(plain []byte, row string) ([]byte, error) {
	if row == "" {
		return nil, errors.New("a sealed value needs the row it belongs to")
	}
	return k.latest().aead.Encrypt(plain, []byte(row))
}

// Open decrypts what Seal made for this row. Anything else is ErrSealed.
func (k *Keys) Open(sealed []byte, row string) (plain []byte, err error) {
	err = k.try(func(ring *keyring) error {
		plain, err = ring.aead.Decrypt(sealed, []byte(row))
		return err
	})
	if err != nil || row == "" {
		return nil, fmt.Errorf("%w (%s)", ErrSealed, row)
	}
	return plain, nil
}

// MAC returns the keyed hash of data, 37 bytes of which five name the key.
func (k *Keys) MAC(data []byte) ([]byte, error) { return k.latest().mac.ComputeMAC(data) }

// CheckMAC tells, in constant time, whether sum was made by MAC from the same
// data, with any key of the file. It answers nil or ErrMAC.
func (k *Keys) CheckMAC(sum, data []byte) error {
	if k.try(func(ring *keyring) error { return ring.mac.VerifyMAC(sum, data) }) != nil {
		return ErrMAC
	}
	return nil
}

// PrimaryID returns the id of the key that seals from now on. It is no secret.
func (k *Keys) PrimaryID() uint32 { return k.inUse.Load().primary }

// SealedWithPrimary tells whether a sealed value needs no sealing again. It
// looks at the key's id alone and opens nothing.
func (k *Keys) SealedWithPrimary(sealed []byte) bool {
	return len(sealed) > cryptofmt.TinkPrefixSize && sealed[0] == cryptofmt.TinkStartByte &&
		binary.BigEndian.Uint32(sealed[1:]) == k.PrimaryID()
}

// String shows which file, and no key.
func (k *Keys) String() string { return "keys of " + k.path }

// Format gives every verb what String gives, %+v and %#v too.
func (k *Keys) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, k.String()) }

// latest is the keyring to write with. A file that cannot be read just now does
// not stop a server whose keys are in memory.
func (k *Keys) latest() *keyring {
	_ = k.Reload()
	return k.inUse.Load()
}

// try reads with the keyring in use and, when that fails, once more if the file
// has newer keys.
func (k *Keys) try(read func(*keyring) error) error {
	ring := k.inUse.Load()
	err := read(ring)
	if err == nil {
		return nil
	}
	if newer := k.latest(); newer != ring {
		return read(newer)
	}
	return err
}

// newRing makes the ready-to-use form of two keysets.
func newRing(sealing, hashing *keyset.Handle) (*keyring, error) {
	primary, err := sealing.Primary()
	if err != nil {
		return nil, err
	}
	ring := &keyring{sealing: sealing, hashing: hashing, primary: primary.KeyID()}
	if ring.aead, err = aead.New(sealing); err != nil {
		return nil, err
	}
	ring.mac, err = mac.New(hashing)
	return ring, err
}
