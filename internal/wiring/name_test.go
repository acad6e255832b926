package wiring

import (
	"strings"
	"testing"
)

// A name is as long as people count it; what stands in QR codes and headers has
// a limit in bytes as well.
func TestNamesAreCountedAsPeopleCount(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"日本語の会社のとても長い名前のログインサービス", strings.Repeat("日", 64), strings.Repeat("e\u0301", 64), strings.Repeat("x", 64), "👨‍👩‍👧‍👦 Familie"} {
		if _, err := (Options{Name: good}).Check(); err != nil {
			t.Errorf("%s: %v", good, err)
		}
	}
	for bad, want := range map[string]string{
		strings.Repeat("日", 65): "at most 64 characters", strings.Repeat("x", 65): "at most 64 characters", strings.Repeat("e\u0301", 65): "at most 64 characters",
		"\u2800": "shows nothing", "\u0301": "shows nothing", "\u200d": "shows nothing", "A\u202eB": "cannot be seen", "A\u2066B": "cannot be seen",
		"a:b": "without a colon", "a\xff": "at most 64 characters", strings.Repeat("👨‍👩‍👧‍👦", 9): "has 225 bytes", "e" + strings.Repeat("\u0301", 100): "has 201 bytes",
	} {
		if _, err := (Options{Name: bad}).Check(); err == nil || !strings.Contains(err.Error(), "NIGHTLATCH_NAME") || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}
