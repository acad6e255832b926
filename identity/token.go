package identity

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
)

// NewToken draws an opaque token and the form in which it is kept: whoever
// reads the database cannot use what is found there.
func NewToken() (token, hash string) {
	token = rand.Text() + rand.Text()[:6] // 160 bits
	return token, HashToken(token)
}

// HashToken is the stored form of a token. The token is random, so a plain
// hash is enough.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return TokenHash(sum[:])
}

// TokenHash is the stored form of a token's SHA-256.
func TokenHash(sum []byte) string { return hex.EncodeToString(sum) }

// NewID draws an opaque id.
func NewID() string { return rand.Text() }
