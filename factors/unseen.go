package factors

import "unicode"

// Unseen says whether a character shows nothing, or changes only how others are
// displayed. Such characters come along with a copied code or name, and are not
// part of it.
func Unseen(r rune) bool {
	return unicode.Is(unicode.Cf, r) || unicode.In(r, unicode.Other_Default_Ignorable_Code_Point, unicode.Variation_Selector)
}

// minus is the sign that word processors make of a dash between digits.
const minus = '\u2212'

// Around says whether a character may stand around copied text without being
// part of it: a space, one that shows nothing, or a minus sign made of a dash.
func Around(r rune) bool { return unicode.IsSpace(r) || Unseen(r) || r == minus }

// quotes are what stands around a code that was copied out of a list, a table
// or a file.
const quotes = "\"'`,;“”„‟‘’‚‛«»‹›•*()[]"
