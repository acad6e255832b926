package store

import (
	"encoding/binary"
	"os"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/core/cryptofmt"
	"github.com/tink-crypto/tink-go/v2/keyset"
	"github.com/tink-crypto/tink-go/v2/mac"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// keyring is one state of the key file, ready to use.
type keyring struct {
	sealing, hashing *keyset.Handle // as the file has them: the newest key of each is its primary
	aead             tink.AEAD      // AES-256-GCM with a random nonce, NIST SP 800-38D
	mac              tink.MAC       // HMAC-SHA-256, RFC 2104
	lead             uint32         // id of the AEAD key that seals from now on
	newest           uint32         // id of the AEAD key that was added last
	file             os.FileInfo
	shared           bool // others can read the file, whose mount is read-only
}

// newRing makes the ready-to-use form of two keysets; the newest keys lead.
func newRing(sealing, hashing *keyset.Handle) (*keyring, error) {
	primary, err := sealing.Primary()
	if err != nil {
		return nil, err
	}
	ring := &keyring{sealing: sealing, hashing: hashing, lead: primary.KeyID(), newest: primary.KeyID()}
	if ring.aead, err = aead.New(sealing); err != nil {
		return nil, err
	}
	ring.mac, err = mac.New(hashing)
	return ring, err
}

// checkRow is what the check value of a site is bound to.
const checkRow = "keyset/check"

// check makes a check value: a keyed hash, sealed. It opens only with the keys
// of both sorts that made it, and its five first bytes name the sealing one.
func (r *keyring) check() ([]byte, error) {
	tag, err := r.mac.ComputeMAC([]byte(checkRow))
	if err != nil {
		return nil, err
	}
	return r.aead.Encrypt(tag, []byte(checkRow))
}

// led gives the same keys, with those in front that made a check value.
func (r *keyring) led(check []byte) (*keyring, error) {
	tag, err := r.aead.Decrypt(check, []byte(checkRow))
	if err != nil {
		return nil, err
	}
	if err := r.mac.VerifyMAC(tag, []byte(checkRow)); err != nil {
		return nil, err
	}
	sealing, err := inFront(r.sealing, keyID(check))
	if err != nil {
		return nil, err
	}
	hashing, err := inFront(r.hashing, keyID(tag))
	if err != nil {
		return nil, err
	}
	front, err := newRing(sealing, hashing)
	if err != nil {
		return nil, err
	}
	front.sealing, front.hashing, front.newest, front.file, front.shared = r.sealing, r.hashing, r.newest, r.file, r.shared
	return front, nil
}

// inFront gives a keyset with another primary key.
func inFront(h *keyset.Handle, id uint32) (*keyset.Handle, error) {
	m := keyset.NewManagerFromHandle(h)
	if err := m.SetPrimary(id); err != nil {
		return nil, err
	}
	return m.Handle()
}

// keyID is the id of the key that made a sealed value or a keyed hash; 0 when
// it is too short to name one.
func keyID(made []byte) uint32 {
	if len(made) < cryptofmt.TinkPrefixSize || made[0] != cryptofmt.TinkStartByte {
		return 0
	}
	return binary.BigEndian.Uint32(made[1:])
}

// ids are the ids of the sealing keys, oldest first. They are no secret.
func (r *keyring) ids() (list []uint32) {
	for i := range r.sealing.Len() {
		if e, err := r.sealing.Entry(i); err == nil {
			list = append(list, e.KeyID())
		}
	}
	return list
}
