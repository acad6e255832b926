package archtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	named    = regexp.MustCompile(`\b(?:Test|Fuzz)[A-Z][A-Za-z0-9]*\b`)
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Z][A-Za-z0-9]*)\(\w+ \*testing\.[TF]\)`)
	shownBy  = regexp.MustCompile("`(?:Test|Fuzz)|README|ARCHITECTURE|there (?:is|are) none|unless given|code is typed")
)

// tests are the names of all tests and fuzz targets.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(text, -1) {
			all[string(m[1])] = true
		}
		return err
	})
	if err != nil || len(all) == 0 {
		t.Fatalf("%d tests: %v", len(all), err)
	}
	return all
}

// Every test that SECURITY.md names exists, and every requirement that it says
// is met names what shows it.
func TestSecurityNamesTests(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "SECURITY.md"))
	if err != nil {
		t.Fatal(err)
	}
	all, rows := tests(t), 0
	for n, line := range strings.Split(string(text), "\n") {
		for _, name := range named.FindAllString(line, -1) {
			if !all[name] && !prefixes(all, line, name) {
				t.Errorf("line %d names %s, which is no test", n+1, name)
			}
		}
		cells := strings.Split(line, "|")
		if len(cells) != 6 || !strings.Contains("yes partly no n/a", strings.TrimSpace(cells[3])) || strings.TrimSpace(cells[3]) == "" {
			continue
		}
		rows++
		if strings.TrimSpace(cells[3]) == "yes" && !shownBy.MatchString(cells[4]) {
			t.Errorf("line %d says yes and names nothing that shows it: %s", n+1, line)
		}
	}
	if rows < 100 {
		t.Errorf("only %d requirements were read", rows)
	}
}

// prefixes says whether a name is the pattern of a command that runs tests.
func prefixes(all map[string]bool, line, name string) bool {
	if !strings.Contains(line, "-run "+name) {
		return false
	}
	for test := range all {
		if strings.HasPrefix(test, name) {
			return true
		}
	}
	return false
}
