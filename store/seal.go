package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"

	"nightlatch.example/nightlatch/identity"
)

// Errors of Keys. Neither carries a key, a plaintext or a sealed value.
var (
	// errSealed says that a sealed value does not open: it was moved from
	// another row, changed, or sealed with a key that the file does not hold.
	errSealed = identity.ErrSealed
	// errMAC says that a keyed hash does not belong to the data.
	errMAC = errors.New("keyed hash does not match")
)

// foreign is the sentence about keys that are not those of the site.
type foreign struct{ path string }

func (f foreign) Error() string {
	return "the key file " + f.path + " is not the one that this site's secrets are sealed with: it is of another site, older than the last rotation, or one that this host made for itself; put the newest copy of the site's key file in its place"
}

func (foreign) Unwrap() error { return errSealed }

// Keys seals secrets for the database and makes the keyed hashes of emailed
// codes. It follows its file: a rotation by another process is seen by the next
// Seal. Which of the file's keys seals is said by the site's check value, see
// Follow; without one it is the newest. Safe for use by many goroutines;
// printing it shows the path alone.
type Keys struct {
	path  string
	mu    sync.Mutex // held while the file is read or written
	inUse atomic.Pointer[keyring]
	check []byte      // of the site; nil until Follow, guarded by mu
	wrong atomic.Bool // the keys in use do not open the check value
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
	return addKeys(k.path, keyset.NewManager(), keyset.NewManager(), nil)
}

// Add puts a new key of each sort into the file and keeps the old ones. It
// seals nothing until the site's check value is made with it, see Store.Lead.
// When the file holds such a key already, it adds none and tells so.
func (k *Keys) Add() (added bool, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	unlock, err := lockFile(k.path)
	if err != nil {
		return false, err
	}
	defer unlock()
	ring, err := k.read() // what another process added must not get lost
	if err != nil {
		return false, err
	}
	if ring.newest == ring.lead {
		added = true
		old := ring
		ring, err = addKeys(k.path, keyset.NewManagerFromHandle(old.sealing), keyset.NewManagerFromHandle(old.hashing), old.file)
		if err == nil && k.check != nil {
			ring, err = ring.led(k.check)
		}
		if err != nil {
			return false, err
		}
	}
	k.inUse.Store(ring)
	return added, nil
}

// read reads the file and puts the site's key in front.
func (k *Keys) read() (*keyring, error) {
	ring, err := readRing(k.path)
	if err != nil || k.check == nil {
		return ring, err
	}
	if ring, err = ring.led(k.check); err != nil {
		return nil, foreign{k.path}
	}
	return ring, nil
}

// Reload reads the file again if it changed since. One that lacks a key in use
// is not taken: on an error the keys in use stay in use.
func (k *Keys) Reload() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	was := k.inUse.Load()
	same, err := unchanged(k.path, was.file)
	if err != nil {
		return err
	}
	if same {
		return k.fit()
	}
	ring, err := k.read()
	if err != nil {
		return err
	}
	for _, id := range was.ids() {
		if !k.wrong.Load() && !slices.Contains(ring.ids(), id) {
			return foreign{k.path}
		}
	}
	k.inUse.Store(ring)
	k.wrong.Store(false)
	return nil
}

func (k *Keys) fit() error {
	if k.wrong.Load() {
		return foreign{k.path}
	}
	return nil
}

// Follow takes over the site's check value, which is sealed with the key that
// is to seal from now on. Keys that do not open it are not the site's: until
// they do they seal nothing.
func (k *Keys) Follow(check []byte) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if bytes.Equal(k.check, check) && !k.wrong.Load() {
		return nil
	}
	k.check = bytes.Clone(check)
	ring, err := k.inUse.Load().led(check)
	if err != nil { // the file may hold the key by now
		ring, err = k.read()
	}
	k.wrong.Store(err != nil)
	if err != nil {
		return foreign{k.path}
	}
	k.inUse.Store(ring)
	return nil
}

// checks makes a check value with the newest keys of the file, or with those
// that lead.
func (k *Keys) checks(newest bool) ([]byte, error) {
	ring := k.latest()
	if newest {
		var err error
		if ring, err = newRing(ring.sealing, ring.hashing); err != nil {
			return nil, err
		}
	}
	return ring.check()
}

// Seal encrypts plain so that only Open with the same row gives it back. row
// names the place, as "table/id", and may not be empty.
func (k *Keys) Seal(plain []byte, row string) ([]byte, error) {
	if row == "" {
		return nil, errors.New("a sealed value needs the row it belongs to")
	}
	ring := k.latest()
	if err := k.fit(); err != nil {
		return nil, err
	}
	return ring.aead.Encrypt(plain, []byte(row))
}

// Open decrypts what Seal made for this row. Anything else is ErrSealed.
func (k *Keys) Open(sealed []byte, row string) (plain []byte, err error) {
	err = k.try(func(ring *keyring) error {
		plain, err = ring.aead.Decrypt(sealed, []byte(row))
		return err
	})
	if err != nil || row == "" {
		return nil, fmt.Errorf("%w (%s)", errSealed, row)
	}
	return plain, nil
}

// MAC returns the keyed hash of data, 37 bytes of which five name the key.
func (k *Keys) MAC(data []byte) ([]byte, error) { return k.latest().mac.ComputeMAC(data) }

// CheckMAC tells, in constant time, whether sum was made by MAC from the same
// data, with any key of the file. It answers nil or ErrMAC.
func (k *Keys) CheckMAC(sum, data []byte) error {
	if k.try(func(ring *keyring) error { return ring.mac.VerifyMAC(sum, data) }) != nil {
		return errMAC
	}
	return nil
}

// LeadID returns the id of the key that seals from now on. It is no secret.
func (k *Keys) LeadID() uint32 { return k.inUse.Load().lead }

// NewestID returns the id of the key that was added last. It differs from
// LeadID between the two steps of a rotation.
func (k *Keys) NewestID() uint32 { return k.inUse.Load().newest }

// IDs returns the ids of all keys that seal or sealed, oldest first.
func (k *Keys) IDs() []uint32 { return k.inUse.Load().ids() }

// Shared says that others than its owner can read the file. It was taken all
// the same, because nobody can write to its mount.
func (k *Keys) Shared() bool { return k.inUse.Load().shared }

// SealedWithLead tells whether a sealed value needs no sealing again. It looks
// at the key's id alone and opens nothing.
func (k *Keys) SealedWithLead(sealed []byte) bool {
	return len(sealed) > cryptofmt.TinkPrefixSize && keyID(sealed) == k.LeadID()
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
