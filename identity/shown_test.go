package identity

import (
	"strings"
	"testing"
)

func TestFitName(t *testing.T) {
	for _, name := range []string{"Ada", "Ada Lovelace", "Ångström", "Nguyễn Thị Ánh", "می\u200cخواهم", "क्\u200dष", "👩\u200d💻", "❤\ufe0f\u200d🔥", "葛\U000e0100城",
		"O’Brien", "X Æ A-12", "42", "李", "שָׁלוֹם", "ก็", "👍🏽", "J. R."} {
		if kept, fit := Name(name); !fit || kept == "" {
			t.Errorf("%+q is refused", name)
		}
	}
	for _, name := range []string{"\u3164", "\u2800", "\u2800\u2800", "\U000e0041", "\u115f", "\uffa0", "a" + strings.Repeat("\u0310", 99), "a" + strings.Repeat("\u0489", 5),
		"a" + strings.Repeat("\u0489", 9), "\u200b", "a\u2028b", "a\u2029b", "a\nb", "a\u202eb", "a\u2066b", "a\u200bb", "a\u200d b", "a\u200d\u200db", "a \u200db", "a\u00adb", "a\u3164b", "A\U000e0041b",
		"\U0001d159", "a\tb", "\u034f", "\u2064"} {
		if kept, fit := Name(name); fit {
			t.Errorf("%+q is kept as %+q", name, kept)
		}
	}
	for given, want := range map[string]string{"e\u0301": "é", "\u200bAda\u200b": "Ada", "\ufeff Ada\u00a0": "Ada", " \u00a0": "", "": ""} {
		if got, fit := Name(given); got != want || !fit {
			t.Errorf("%+q is kept as %+q", given, got)
		}
	}
}
