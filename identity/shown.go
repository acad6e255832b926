package identity

import (
	"strings"
	"unicode"

	"golang.org/x/text/unicode/norm"

	"nightlatch.example/nightlatch/factors"
)

// maxMarks is how many marks may stand on one character of a name: no living
// script has more in a row once it is composed.
const maxMarks = 4

// joiners hold letters apart or together, as Persian and emoji need it.
const (
	nonJoiner = '\u200c'
	joiner    = '\u200d'
)

// Name gives a name of a person or a thing as it is kept: composed (NFC), and
// without what comes along when it is copied. fit is false for what is no name
// that others can read; nothing at all is fit.
func Name(s string) (kept string, fit bool) {
	kept = norm.NFC.String(Trim(s))
	if kept == "" {
		return "", strings.TrimSpace(s) == ""
	}
	return kept, readable(kept)
}

// visible says whether a text shows anything: a letter, a digit or another
// character that is neither a mark nor a blank.
func visible(s string) bool {
	for _, r := range s {
		if base(r) {
			return true
		}
	}
	return false
}

// Shown is a name as it is shown: one that shows nothing, as older versions took
// it, is none, and the login stands in.
func Shown(name string) string {
	if !visible(name) {
		return ""
	}
	return name
}

// readable says whether a name reads as what it is: something in it can be seen,
// nothing breaks its line, turns it round or hides in it, and no character
// carries a heap of marks. Joiners stand between characters only.
func readable(name string) bool {
	marks, before := 0, rune(0)
	all := []rune(name)
	for i, r := range all {
		switch {
		case unicode.In(r, unicode.Cc, unicode.Zl, unicode.Zp, unicode.Bidi_Control):
			return false
		case r == joiner || r == nonJoiner:
			if !joined(before) || i+1 == len(all) || !joined(all[i+1]) {
				return false
			}
			before = r
			continue
		case unicode.Is(unicode.Variation_Selector, r):
			if before == 0 || unicode.IsSpace(before) || factors.Unseen(before) {
				return false
			}
		case factors.Unseen(r):
			return false
		case unicode.Is(unicode.M, r):
			if marks++; marks > maxMarks || before == 0 {
				return false
			}
		default:
			marks = 0
		}
		before = r
	}
	return visible(name)
}

// joined says whether a joiner may stand beside a character.
func joined(r rune) bool {
	return unicode.In(r, unicode.L, unicode.M, unicode.S, unicode.N) && (!factors.Unseen(r) || unicode.Is(unicode.Variation_Selector, r))
}

// base says whether a character can be seen by itself.
func base(r rune) bool {
	const blankPattern, nullNote = '\u2800', '\U0001d159' // symbols that show nothing
	return unicode.IsGraphic(r) && !unicode.IsSpace(r) && !unicode.Is(unicode.M, r) && !factors.Unseen(r) && r != blankPattern && r != nullNote
}
