package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// kindNamed finds a kind of factor called by its name in the program: a
// constant or type of factors, or the name itself. What is called "email" is
// nearly always an address, so that word alone proves nothing.
var kindNamed = regexp.MustCompile(`Kind(TOTP|Email|Recovery)\b|factors\.(TOTP|Recovery)\{|[A-Za-z]+ [!=]= "(totp|recovery)"|case "(totp|recovery|email)"|: *"(totp|recovery)"`)

// mayNameKinds are the places outside factors that may name a kind: the demo's
// fiction, and the made-up states of screens.
func mayNameKinds(path string) bool {
	return strings.HasPrefix(path, "factors/") || strings.HasPrefix(path, "internal/") ||
		strings.HasPrefix(path, "views/fixtures") || path == "internal/wiring/site.go" // the wiring
}

// A kind of factor describes itself: nothing outside factors branches on one.
func TestNobodyElseNamesAKind(t *testing.T) {
	seen := 0
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		name = filepath.ToSlash(name)
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || mayNameKinds(name) {
			return nil
		}
		seen++
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		for i, line := range strings.Split(string(text), "\n") {
			if found := kindNamed.FindString(line); found != "" {
				t.Errorf("%s:%d names a kind of factor: %s", name, i+1, found)
			}
		}
		return nil
	})
	if err != nil || seen < 50 {
		t.Fatalf("%d files were looked at: %v", seen, err)
	}
}
