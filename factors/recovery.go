package factors

import (
	"cmp"
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/crypto/argon2"
)

// The numbers of recovery codes.
const (
	RecoverySet     = 10 // codes in a set
	recoveryWarn    = 3  // left: time for a new set
	recoveryRandom  = 15 // random characters of five bits each: 75 bits
	recoveryLen     = recoveryRandom + 1
	recoveryMemory  = 2 * 1024 // KiB: 75 random bits need no slow hash, but this one costs little
	recoveryLeast   = 8        // KiB: the least that argon2id takes (RFC 9106 §3.1)
	recoverySaltLen = 16
)

// ErrTypo says that a code is shaped like a recovery code but its check
// character does not fit: it was mistyped, and cannot be anybody's code.
var ErrTypo = errors.New("mistyped recovery code")

// recoveryAlphabet is Crockford's base32: no I, L, O or U to mistake.
const recoveryAlphabet = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"

// Recovery is the sheet of one-time codes for the day the phone is lost.
type Recovery struct {
	Memory uint32 // KiB that hashing a new code takes; 0 means 2 MiB, more is not read back
}

// Kind is recovery.
func (Recovery) Kind() Kind { return KindRecovery }

// Traits of recovery codes.
func (Recovery) Traits() Traits {
	return Traits{Kind: KindRecovery, Input: Code, Strength: Strong, Spare: true, Slow: true, Number: -1, Methods: []string{"otp"},
		Words: Words{Label: "Recovery code", Short: "recovery", Many: "recovery codes", Icon: "recovery",
			Ask: "One of your recovery codes", Hint: "Each code works once. Upper or lower case and dashes do not matter."}}
}

// Verify accepts each unused code of the set once, whatever its case, spaces
// and dashes.
func (r Recovery) Verify(_ context.Context, c Ceremony, creds []Credential, _ []byte, a Answer) (Credential, error) {
	code, err := parseRecovery(a.Code)
	if err != nil {
		return Credential{}, err
	}
	found, err := findRecovery(creds, code)
	if err != nil {
		return Credential{}, err
	}
	if !found.Used.IsZero() {
		return Credential{}, ErrReplayed
	}
	found.Used = c.Now
	return found, nil
}

// NewSet draws a whole set for an account. The codes share one salt, so that
// checking an answer costs one hash and not ten.
func (r Recovery) NewSet(c Ceremony) ([]Credential, error) {
	salt := make([]byte, recoverySaltLen)
	if _, err := rand.Read(salt); err != nil {
		return nil, err
	}
	batch, memory := rand.Text(), cmp.Or(r.Memory, recoveryMemory)
	set := make([]Credential, RecoverySet)
	for i := range set {
		code, err := drawRecovery()
		if err != nil {
			return nil, err
		}
		set[i] = Credential{
			AccountID: c.AccountID, Kind: KindRecovery, Batch: batch, Created: c.Now,
			Name: fmt.Sprintf("Recovery code %d", i+1), Secret: []byte(group(code, "-")),
			Hash: recoveryPHC(salt, hashRecovery(code, salt, memory), memory),
		}
	}
	return set, nil
}

// drawRecovery is one code: random characters and a check character.
func drawRecovery() (string, error) {
	raw := make([]byte, recoveryRandom)
	if _, err := rand.Read(raw); err != nil {
		return "", err
	}
	for i, b := range raw {
		raw[i] = recoveryAlphabet[b%32] // 256 is a multiple of 32: no bias
	}
	return string(raw) + string(checkCharacter(string(raw))), nil
}

// checkCharacter is the Luhn algorithm modulo 32: it finds every single
// mistyped character and nearly every swapped pair.
func checkCharacter(s string) byte {
	sum, factor := 0, 2
	for i := len(s) - 1; i >= 0; i-- {
		v := strings.IndexByte(recoveryAlphabet, s[i]) * factor
		sum += v/32 + v%32
		factor = 3 - factor
	}
	return recoveryAlphabet[(32-sum%32)%32]
}

// numbered is the number of a code on its sheet.
var numbered = regexp.MustCompile(`^[0-9]{1,2}[.)]`)

// single removes what is copied along with one code out of a list: its number
// in front, and quotes and commas around it.
func single(typed string) string {
	around := func(r rune) bool { return Around(r) || strings.ContainsRune(quotes, r) }
	return strings.TrimFunc(numbered.ReplaceAllString(strings.TrimFunc(typed, around), ""), around)
}

// parseRecovery brings a typed code to the form that was hashed. It answers
// ErrWrong for text that does not have the shape of a code, and ErrTypo for a
// code whose check character does not fit.
func parseRecovery(typed string) (string, error) {
	code := strings.Map(func(r rune) rune { // not ToUpper: ſ and ı are no letters of ours
		if r >= 'a' && r <= 'z' {
			return r - 'a' + 'A'
		}
		return r
	}, tidy(single(typed)))
	code = strings.NewReplacer("O", "0", "I", "1", "L", "1").Replace(code)
	if len(code) != recoveryLen || strings.Trim(code, recoveryAlphabet) != "" {
		return "", ErrWrong
	}
	if checkCharacter(code[:recoveryRandom]) != code[recoveryRandom] {
		return "", ErrTypo
	}
	return code, nil
}

// findRecovery hashes the code once for each salt among the credentials and
// compares with every code, in constant time each.
func findRecovery(creds []Credential, code string) (Credential, error) {
	var found *Credential
	hashes := map[string][]byte{}
	for i, cred := range creds {
		salt, want, memory, err := parseRecoveryPHC(cred.Hash)
		if err != nil {
			return Credential{}, err
		}
		if hashes[string(salt)] == nil {
			hashes[string(salt)] = hashRecovery(code, salt, memory)
		}
		if subtle.ConstantTimeCompare(hashes[string(salt)], want) == 1 {
			found = &creds[i]
		}
	}
	if found == nil {
		return Credential{}, ErrWrong
	}
	return *found, nil
}

func hashRecovery(code string, salt []byte, memory uint32) []byte {
	return argon2.IDKey([]byte(code), salt, 1, memory, 1, 32)
}

func recoveryPHC(salt, hash []byte, memory uint32) string {
	b := base64.RawStdEncoding
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=1,p=1$%s$%s",
		argon2.Version, memory, b.EncodeToString(salt), b.EncodeToString(hash))
}

func parseRecoveryPHC(phc string) (salt, hash []byte, memory uint32, err error) {
	part := strings.Split(phc, "$")
	if len(part) != 6 || part[1] != "argon2id" {
		return nil, nil, 0, errors.New("stored recovery code is malformed")
	}
	if _, err = fmt.Sscanf(part[3], "m=%d", &memory); err != nil || memory < recoveryLeast || memory > recoveryMemory || part[3] != fmt.Sprintf("m=%d,t=1,p=1", memory) {
		return nil, nil, 0, errors.New("stored recovery code is malformed")
	}
	b := base64.RawStdEncoding
	if salt, err = b.DecodeString(part[4]); err != nil {
		return nil, nil, 0, errors.New("stored recovery code has a malformed salt")
	}
	if hash, err = b.DecodeString(part[5]); err != nil || len(hash) != 32 {
		return nil, nil, 0, errors.New("stored recovery code has a malformed hash")
	}
	return salt, hash, memory, nil
}
