package commands

import (
	"os"
	"regexp"
	"slices"
	"testing"
)

// The guides name no variable that does nothing.
func TestGuidesNameKnownVariables(t *testing.T) {
	t.Parallel()
	var known []string
	for name, field := range variables() {
		if known = append(known, name); secret(field) {
			known = append(known, name+inFile)
		}
	}
	for _, guide := range []string{"../README.md", "../docs/operating.md", "../docs/settings.md", "../docs/commands.md", "../docs/applications.md", "../docs/backups.md", "../SECURITY.md"} {
		text, err := os.ReadFile(guide)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`NIGHTLATCH_[A-Z0-9_]+`).FindAllString(string(text), -1) {
			if !slices.Contains(known, name) && !kubernetes.MatchString(name) && name != "NIGHTLATCH_TEST_ONLY" && name != "NIGHTLATCH_TEST_POSTGRES" {
				t.Errorf("%s names %s", guide, name)
			}
		}
	}
	if len(known) < 20 {
		t.Errorf("only %d variables are known", len(known))
	}
}
