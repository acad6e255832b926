package identity

import (
	"math"

	"github.com/rivo/uniseg"
)

// bytesEach is how many bytes a character may take on average: as many as the
// emoji of a family of four. Some take more, but the size of a row must have a
// limit.
const bytesEach = 25

// TooLong says whether a text has more than most characters, as people count
// them, or more bytes than there is room for.
func TooLong(s string, most int) bool { return len(Cut(s, most)) < len(s) }

// Cut gives as much of a text as is not too long.
func Cut(s string, most int) string { return cut(s, most, bytesEach*most) }

// CutBytes gives as much of a text as there is room for, in bytes.
func CutBytes(s string, room int) string { return cut(s, math.MaxInt, room) }

// cut takes characters while there are some left and there is room. None is cut
// in two.
func cut(s string, most, room int) string {
	rest, state := s, -1
	for ; most > 0 && rest != ""; most-- {
		one, after, _, next := uniseg.FirstGraphemeClusterInString(rest, state)
		if room -= len(one); room < 0 {
			break
		}
		rest, state = after, next
	}
	return s[:len(s)-len(rest)]
}
