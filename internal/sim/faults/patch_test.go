package main

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const root = "../../.."

// Each patch fits the code of today, in one place for each of its changes, and
// what comes of it is Go.
func TestFaultPatchesApply(t *testing.T) {
	t.Parallel()
	all, err := readFaults(filepath.Join(root, patches))
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range all {
		files, err := f.apply(root)
		if err != nil {
			t.Errorf("%s does not fit any more: %v", f.name, err)
		}
		for name, text := range files {
			if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
				t.Errorf("%s: %v", f.name, err)
			}
		}
	}
}

// The table in the documentation is that of what is kept.
func TestTableOfFaultsIsUpToDate(t *testing.T) {
	t.Parallel()
	all, err := readFaults(filepath.Join(root, patches))
	if err != nil {
		t.Fatal(err)
	}
	list, err := readFound(root)
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(root, page))
	if err != nil || !strings.Contains(string(text), begins+table(all, list)+ends) {
		t.Errorf("go run ./internal/sim/faults -table writes it anew (%v)", err)
	}
}

// One code has all faults but the few that change more than what functions do, and
// each function begins with what the faults make of it.
func TestFaultsSleepInOneCode(t *testing.T) {
	t.Parallel()
	all, err := readFaults(filepath.Join(root, patches))
	if err != nil {
		t.Fatal(err)
	}
	s, err := switchAll(root, all)
	if err != nil {
		t.Fatal(err)
	}
	text := ""
	for name, file := range s.files {
		if _, err := parser.ParseFile(token.NewFileSet(), name, file, parser.SkipObjectResolution); err != nil {
			t.Error(err)
		}
		text += file
	}
	for _, f := range all {
		if in := strings.Contains(text, `if theFault == "`+f.name+`" {`); in == s.apart[f.name] {
			t.Errorf("%s: in the one code %t, apart %t", f.name, in, s.apart[f.name])
		}
	}
	if len(s.apart) > 4 {
		t.Errorf("%d faults need a program of their own: %v", len(s.apart), s.apart)
	}
}
