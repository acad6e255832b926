package identity

import (
	"strings"
	"testing"

	"github.com/rivo/uniseg"
	"pgregory.net/rapid"
)

const family = "👨‍👩‍👧‍👦" // one character of seven code points and 25 bytes

// A text is as long as people count it, and has a limit in bytes too.
func TestLengthsAreCountedAsPeopleCount(t *testing.T) {
	for s, want := range map[string]bool{
		"": false, "abcde": false, "abcdef": true, "日本語です": false, "日本語ですね": true, "e\u0301e\u0301e\u0301e\u0301e\u0301": false,
		"🇩🇪🇫🇷🇯🇵": false, "🇩🇪🇫🇷🇯🇵🇦🇹🇨🇭🇮🇹": true, "👍🏽👍🏽": false, strings.Repeat(family, 5): false, strings.Repeat(family, 6): true, strings.Repeat(family+"\u200d👶", 5): true, // room for 125 bytes
		"\xff\xfe": false, strings.Repeat("\xff", 6): true,
	} {
		if got := TooLong(s, 5); got != want {
			t.Errorf("%q is too long: %t", s, got)
		}
	}
	if got := CutBytes("a"+family+"b", 25); got != "a" {
		t.Errorf("in 25 bytes it is %q", got)
	}
	for n, want := range []string{"", "a", "a" + family, "a" + family + "b", "a" + family + "b"} {
		if got := Cut("a"+family+"b", n); got != want {
			t.Errorf("%d of them are %q", n, got)
		}
	}
}

// What is cut is whole characters, as many as there is room for.
func TestNoCharacterIsCutInTwo(t *testing.T) {
	part := rapid.SampledFrom([]string{"a", "é", "e\u0301", "日", family, "🇩🇪", "👍🏽", "\xff", "\r\n", "می\u200cخ", "\u0301"})
	rapid.Check(t, func(t *rapid.T) {
		s := strings.Join(rapid.SliceOfN(part, 0, 12).Draw(t, "parts"), "")
		most := rapid.IntRange(0, 15).Draw(t, "most")
		got := Cut(s, most)
		count := uniseg.GraphemeClusterCount(got)
		if !strings.HasPrefix(s, got) || count > most || len(got) > 25*most || TooLong(got, most) {
			t.Fatalf("%q cut to %d is %q", s, most, got)
		}
		if count+uniseg.GraphemeClusterCount(s[len(got):]) != uniseg.GraphemeClusterCount(s) {
			t.Fatalf("%q is cut inside a character: %q", s, got)
		}
	})
}
