package password

import (
	"slices"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"

	"github.com/trustelem/zxcvbn/frequency"

	"nightlatch.example/nightlatch/identity"
)

const (
	minPassword = 8   // characters: NIST SP 800-63B-4 §3.1.1.2, with a second factor
	maxPassword = 256 // characters: above the 64 that NIST asks for at least

	minAbout = 3 // characters: shorter parts of a login or name are not looked for
	minOwn   = 4 // different characters a password must add to those parts
)

// What Check answers.
const (
	passwordShort  = "Use at least 8 characters."
	passwordLong   = "Use at most 256 characters."
	passwordText   = "This password contains a character that cannot be used. Please enter it again."
	passwordCommon = "This password is one of the most common ones. Please choose another."
	passwordRow    = "This password is only a repetition or a sequence. Please choose another."
	passwordAbout  = "This password is mostly your login, your name or the name of this site. Please choose another."
)

// Check returns "" when the password may be used, else one sentence for
// the person. about holds what a stranger knows: login, name, address, brand.
// There are no rules of composition (NIST SP 800-63B-4 §3.1.1.2). The time it
// takes grows with the length of the password and no faster.
func Check(password string, about ...string) (problem string) {
	if !utf8.ValidString(password) || strings.ContainsRune(password, 0) {
		return passwordText
	}
	n := utf8.RuneCountInString(normal(password)) // code points: NIST SP 800-63B-4 §3.1.1.2 counts each as one character
	if n < minPassword {
		return passwordShort
	}
	if n > maxPassword {
		return passwordLong
	}
	folded := identity.Fold(password)
	switch _, common := commonPasswords()[folded]; {
	case common:
		return passwordCommon
	case isRow(folded):
		return passwordRow
	case isAbout(folded, about):
		return passwordAbout
	}
	return ""
}

// commonPasswords is the set of leaked passwords, names and words, folded. Short
// ones are left out because length has refused them before.
var commonPasswords = sync.OnceValue(func() map[string]struct{} {
	set := make(map[string]struct{}, 1<<15)
	for _, list := range frequency.FrequencyLists {
		for _, word := range list {
			if utf8.RuneCountInString(word) >= minPassword {
				set[identity.Fold(word)] = struct{}{}
			}
		}
	}
	return set
})

// keyRows are runs of neighbouring keys, on the keyboards of several countries.
var keyRows = []string{
	"qwertyuiopasdfghjklzxcvbnm", "qwertzuiopasdfghjklyxcvbnm", "azertyuiopqsdfghjklmwxcvbn",
	"qwertyuiop[]", "01234567890123456789", "1qaz2wsx3edc4rfv5tgb6yhn7ujm",
}

// isRow tells whether a password is one short piece again and again, characters
// in the order of their codes, or a run of neighbouring keys, either way round.
func isRow(password string) bool {
	runes := []rune(password) // folding may have made it shorter, by half at most
	if len(runes) < 2 {
		return true
	}
	for unit := 1; unit <= min(4, len(runes)/2); unit++ {
		if slices.Equal(runes[unit:], runes[:len(runes)-unit]) {
			return true
		}
	}
	step := runes[1] - runes[0]
	if step == 1 || step == -1 {
		counts := true
		for i := 1; i < len(runes); i++ {
			counts = counts && runes[i]-runes[i-1] == step
		}
		if counts {
			return true
		}
	}
	back := slices.Clone(runes)
	slices.Reverse(back)
	return slices.ContainsFunc(keyRows, func(row string) bool {
		return strings.Contains(row, password) || strings.Contains(row, string(back))
	})
}

// isAbout tells whether a password is made of what is known about the account:
// without those parts, fewer than minOwn different characters are left. Digits
// do not count.
func isAbout(password string, about []string) bool {
	var parts []string
	for _, known := range about {
		for _, part := range strings.FieldsFunc(identity.Fold(known), isJoint) {
			if utf8.RuneCountInString(part) >= minAbout {
				parts = append(parts, part)
			}
		}
	}
	slices.SortFunc(parts, func(a, b string) int { return len(b) - len(a) })
	rest := password
	for _, part := range parts {
		rest = strings.ReplaceAll(rest, part, "")
	}
	if rest == password {
		return false
	}
	own := map[rune]bool{}
	for _, r := range rest {
		if !unicode.IsDigit(r) {
			own[r] = true
		}
	}
	return len(own) < minOwn
}

// isJoint tells at which characters a login, an address or a name is taken
// apart.
func isJoint(r rune) bool { return unicode.IsSpace(r) || strings.ContainsRune("@.-_+", r) }
