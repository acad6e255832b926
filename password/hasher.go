package password

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"runtime"
	"strconv"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Errors of a Hasher.
var (
	// ErrBusy says that the queue for hashing is full. The caller answers 503
	// with Retry-After; nothing was hashed.
	ErrBusy = errors.New("too many passwords are being checked at once")
	// errHash says that a stored hash is malformed or asks for more work than
	// is sane. It never carries the hash.
	errHash = errors.New("stored password hash is not a usable argon2id string")
)

// Cost is the work one argon2id hash takes (RFC 9106).
type Cost struct {
	MemoryKiB uint32 // memory in KiB
	Time      uint32 // passes over the memory
	Threads   uint8  // lanes
}

// DefaultCost is 19 MiB, two passes, one lane: OWASP Password Storage Cheat
// Sheet, argon2id. It takes about 25 ms on one core.
var DefaultCost = Cost{MemoryKiB: 19 * 1024, Time: 2, Threads: 1}

const (
	saltBytes = 16 // RFC 9106 §3.1: recommended for password hashing
	keyBytes  = 32 // RFC 9106 §4: the tag of the recommended options

	maxMemoryKiB = 256 * 1024 // most that a stored hash may ask for, so that one sign-in cannot take all memory
	maxTime      = 16
	maxThreads   = 16
	minSalt      = 8 // RFC 9106 §3.1: the shortest allowed
	minKey       = 16
	maxPart      = 64 // longest salt or key that is read

	queuePerSlot = 64 // about 1.6 s of waiting at DefaultCost
)

// Hasher makes and checks password hashes, and limits how many are made at a
// time: without a limit, twenty sign-ins at once would take twenty times the
// memory.
type Hasher struct {
	cost  Cost
	queue *queue
	dummy string
}

// NewHasher returns a hasher that runs at most slots jobs at a time and lets
// queue more wait. Below one, slots is one per core and queue 64 per slot. The
// zero Cost means DefaultCost. It panics on a cost that Verify would refuse.
func NewHasher(cost Cost, slots, queue int) *Hasher {
	if cost == (Cost{}) {
		cost = DefaultCost
	}
	if !cost.sane() {
		panic("password: argon2id cost out of range")
	}
	if slots < 1 {
		slots = runtime.GOMAXPROCS(0)
	}
	if queue < 1 {
		queue = queuePerSlot * slots
	}
	return &Hasher{
		cost:  cost,
		queue: newQueue(slots, queue),
		// Random bytes in place of the key: nobody knows a password for them, and
		// checking one against it takes the same work as any other.
		dummy: phc{cost: cost, salt: randomBytes(saltBytes), key: randomBytes(keyBytes)}.String(),
	}
}

// Do runs job in one of the slots, and returns its error. from is the address
// range that asks, as in Client.Range; empty for this machine itself. Do waits
// for its turn. It answers ErrBusy when the queue has no place for that
// address, and the context's error when the caller has gone; then job was not
// run.
func (h *Hasher) Do(ctx context.Context, from string, job func() error) error {
	if err := h.queue.enter(ctx, from); err != nil {
		return err
	}
	defer h.queue.leave()
	return job()
}

// Waiting is how many wait for a slot now.
func (h *Hasher) Waiting() int { return h.queue.length() }

// Hash returns the PHC string of a password at the current cost. It refuses
// text that is not UTF-8. Run it inside Do.
func (h *Hasher) Hash(password string) (string, error) {
	if !utf8.ValidString(password) {
		return "", errors.New("password is not valid UTF-8")
	}
	p := phc{cost: h.cost, salt: randomBytes(saltBytes)}
	p.key = p.derive(password, keyBytes)
	return p.String(), nil
}

// Verify tells whether password belongs to the stored hash, and whether the
// hash should be made anew because it was made at another cost. It answers
// ErrHash, before any work, when the hash cannot be used. Run it inside Do.
func (h *Hasher) Verify(stored, password string) (ok, rehash bool, err error) {
	p, err := parsePHC(stored)
	if err != nil {
		return false, false, err
	}
	ok = subtle.ConstantTimeCompare(p.key, p.derive(password, len(p.key))) == 1
	rehash = p.cost != h.cost || len(p.salt) != saltBytes || len(p.key) != keyBytes
	return ok, ok && rehash, nil
}

// Dummy returns a hash at the current cost that no password fits. Check against
// it when the account is unknown, so that the answer takes as long.
func (h *Hasher) Dummy() string { return h.dummy }

// phc is a parsed argon2id hash in the PHC string format.
type phc struct {
	cost      Cost
	salt, key []byte
}

var (
	phcShape = regexp.MustCompile(`^\$argon2id\$v=19\$m=([1-9][0-9]{0,8}),t=([1-9][0-9]?),p=([1-9][0-9]?)\$([A-Za-z0-9+/]+)\$([A-Za-z0-9+/]+)$`)
	phcText  = base64.RawStdEncoding.Strict()
)

// parsePHC reads only the form that String writes: this order, no leading
// zeros, no padding, argon2 version 1.3, and sizes within the limits above.
func parsePHC(s string) (phc, error) {
	m := phcShape.FindStringSubmatch(s)
	if m == nil {
		return phc{}, errHash
	}
	memory, _ := strconv.ParseUint(m[1], 10, 32) // cannot fail: the pattern lets only digits through
	time, _ := strconv.ParseUint(m[2], 10, 32)
	threads, _ := strconv.ParseUint(m[3], 10, 8)
	p := phc{cost: Cost{uint32(memory), uint32(time), uint8(threads)}}
	var errSalt, errKey error
	p.salt, errSalt = phcText.DecodeString(m[4])
	p.key, errKey = phcText.DecodeString(m[5])
	if errSalt != nil || errKey != nil || !p.cost.sane() ||
		len(p.salt) < minSalt || len(p.salt) > maxPart || len(p.key) < minKey || len(p.key) > maxPart {
		return phc{}, errHash
	}
	return p, nil
}

// String writes the PHC form that is stored.
func (p phc) String() string {
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version,
		p.cost.MemoryKiB, p.cost.Time, p.cost.Threads,
		phcText.EncodeToString(p.salt), phcText.EncodeToString(p.key))
}

// derive hashes the password with p's salt and cost.
func (p phc) derive(password string, size int) []byte {
	text := []byte(normal(password))
	return argon2.IDKey(text, p.salt, p.cost.Time, p.cost.MemoryKiB, p.cost.Threads, uint32(size))
}

// sane checks a cost against RFC 9106 (at least 8 KiB for each lane) and our
// limits.
func (c Cost) sane() bool {
	return c.Threads >= 1 && c.Threads <= maxThreads && c.Time >= 1 && c.Time <= maxTime &&
		c.MemoryKiB >= 8*uint32(c.Threads) && c.MemoryKiB <= maxMemoryKiB
}

// normal is the form in which a password is counted, compared and hashed: NFKC,
// so that keyboards that compose characters differently agree (NIST SP
// 800-63B-4 §3.1.1.2).
func normal(password string) string { return norm.NFKC.String(password) }

func randomBytes(n int) []byte {
	b := make([]byte, n)
	rand.Read(b) // never fails: crypto/rand ends the process instead
	return b
}
