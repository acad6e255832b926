package archtest

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// Each kind of mail that the rules can send has its templates, and each template
// is of a kind: a name that exists on one side only would be noticed when
// somebody needs the mail.
func TestEveryKindOfMailHasItsTemplates(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "identity", "mail.go"))
	if err != nil {
		t.Fatal(err)
	}
	var kinds []string
	for _, m := range regexp.MustCompile(`MailKind = "([a-z-]+)"`).FindAllSubmatch(text, -1) {
		kinds = append(kinds, string(m[1]))
	}
	slices.Sort(kinds)
	for _, form := range []string{".txt", ".html"} {
		files, err := filepath.Glob(filepath.Join(root, "mail", "templates", "*"+form))
		if err != nil || len(files) == 0 {
			t.Fatalf("%d templates: %v", len(files), err)
		}
		var found []string
		for _, f := range files {
			if name := strings.TrimSuffix(filepath.Base(f), form); name != "shared" {
				found = append(found, name)
			}
		}
		slices.Sort(found)
		if !slices.Equal(found, kinds) {
			t.Errorf("kinds %v\ntemplates%s %v", kinds, form, found)
		}
	}
}
