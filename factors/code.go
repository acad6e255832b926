package factors

import (
	"crypto/rand"
	"math/big"
	"strings"
	"unicode"
)

// tidy drops what people and password managers put between the characters of a
// code: spaces, dashes of any sort, and characters that show nothing.
// Everything else stays, and makes the code wrong.
func tidy(code string) string {
	return strings.Map(func(r rune) rune {
		if Around(r) || unicode.Is(unicode.Pd, r) {
			return -1
		}
		return r
	}, code)
}

// digits gives a code as exactly six ASCII digits, or says that it is none.
func digits(code string) (string, bool) {
	code = tidy(code)
	if len(code) != codeDigits {
		return "", false
	}
	for i := range codeDigits {
		if code[i] < '0' || code[i] > '9' {
			return "", false
		}
	}
	return code, true
}

// codeDigits is how long a typed code is (RFC 4226 §5.3 asks for six at least).
const codeDigits = 6

// randomDigits draws six digits from the operating system's generator, every
// value equally likely.
func randomDigits() (string, error) {
	n, err := rand.Int(rand.Reader, big.NewInt(1_000_000))
	if err != nil {
		return "", err
	}
	s := n.String()
	return strings.Repeat("0", codeDigits-len(s)) + s, nil
}

// Mask hides an address so that its owner recognises it and a stranger does not
// learn it: a•••@example.com.
func Mask(address string) string {
	at := strings.LastIndexByte(address, '@')
	if at < 1 {
		return "•••"
	}
	first := []rune(address[:at])[0]
	return string(first) + "•••" + address[at:]
}
