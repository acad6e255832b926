package sitetest

import (
	"os"
	"path/filepath"

	"nightlatch.example/nightlatch/internal/wiring"
)

// RulesFile is where the access rules of a site are, in its folder.
const RulesFile = "rules.yml"

// rulesOf writes the rules of a test to a file and names it.
func rulesOf(c Config) (*wiring.Rules, error) {
	path := filepath.Join(c.Folder, RulesFile)
	if err := os.WriteFile(path, []byte(c.Rules), 0o600); err != nil {
		return nil, err
	}
	set, err := wiring.Options{URL: c.Login.URL, Domain: c.Domain, Rules: path}.Check()
	return set.Rules, err
}
