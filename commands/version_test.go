package commands_test

import (
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// The command and the flag print the same line, wherever they run and whatever
// the environment holds, and make nothing.
func TestVersion(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	line := must(t, dir, []string{"NIGHTLATCH_DATABASE=nonsense"}, "", "version")
	if !regexp.MustCompile(`^nightlatch \S+, commit [0-9a-z ]+, go1\.\S+\n$`).MatchString(line) {
		t.Errorf("%q", line)
	}
	if flag := must(t, dir, nil, "", "--version"); flag != line {
		t.Errorf("--version says %q, version %q", flag, line)
	}
	if names := contents(t, dir); len(names) > 0 {
		t.Errorf("it made %v", names)
	}
}

// A release is built with its number.
func TestAReleaseKnowsItsNumber(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "nightlatch")
	build := exec.Command("go", "build", "-ldflags", "-X nightlatch.example/nightlatch/commands.release=1.2.3", "-o", path, "nightlatch.example/nightlatch")
	build.Env = append(build.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	out, err := exec.Command(path, "version").Output()
	if err != nil || !strings.HasPrefix(string(out), "nightlatch 1.2.3, commit ") {
		t.Errorf("%q, %v", out, err)
	}
}
