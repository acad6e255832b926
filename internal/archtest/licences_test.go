package archtest

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

var write = flag.Bool("write", false, "write THIRD_PARTY.md anew")

// licences are those that the program may be built of: all let it be used,
// changed and passed on when their text goes with it. Each is known by words
// that its text has; the first that fits counts.
var licences = []struct{ name, words string }{
	{"Apache-2.0", "Apache License"},
	{"FTL", "FreeType License"},
	{"MIT", "Permission is hereby granted, free of charge"},
	{"ISC", "Permission to use, copy, modify, and/or distribute this software for any purpose with or without fee is hereby granted, provided"},
	{"0BSD", "Permission to use, copy, modify, and/or distribute this software"},
	{"BSD-3-Clause", "specific prior written permission"},
	{"BSD-2-Clause", "Redistributions in binary form must reproduce"},
	{"Unlicense", "This is free and unencumbered software"},
}

// licenceOf names the licence that stands in a folder; empty when there is none
// that is known.
func licenceOf(folder string) string {
	entries, _ := os.ReadDir(folder)
	for _, e := range entries {
		name := strings.ToUpper(e.Name())
		if e.IsDir() || !strings.HasPrefix(name, "LICEN") && !strings.HasPrefix(name, "COPYING") && !strings.HasPrefix(name, "UNLICENSE") {
			continue
		}
		if found := licenceIn(filepath.Join(folder, e.Name())); found != "" {
			return found
		}
	}
	return ""
}

func licenceIn(file string) string {
	text, err := os.ReadFile(file)
	if err != nil {
		return ""
	}
	words := strings.Join(strings.Fields(string(text)), " ")
	for _, l := range licences {
		if strings.Contains(words, l.words) {
			return l.name
		}
	}
	return ""
}

// builtOf are the modules of the program, each as a row of the list.
func builtOf(t *testing.T) (rows []string) {
	t.Helper()
	cmd := exec.Command("go", "list", "-deps", "-f", "{{with .Module}}{{if not .Main}}{{.Path}}\t{{.Version}}\t{{.Dir}}{{end}}{{end}}", ".")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	slices.Sort(lines)
	for _, line := range slices.Compact(lines) {
		f := strings.Split(line, "\t")
		if len(f) != 3 {
			continue
		}
		name := licenceOf(f[2])
		if name == "" {
			t.Errorf("%s %s has no licence that is known to be permissive", f[0], f[1])
		}
		rows = append(rows, fmt.Sprintf("| %s | %s | %s |", f[0], f[1], name))
	}
	return rows
}

// vendored are the files of others that the program carries.
func vendored(t *testing.T) (rows []string) {
	t.Helper()
	found, err := filepath.Glob(filepath.Join(root, "static", "vendor", "*.LICENSE"))
	if err != nil || len(found) == 0 {
		t.Fatalf("%v, %v", found, err)
	}
	for _, file := range found {
		name := licenceIn(file)
		if name == "" {
			t.Errorf("%s is no licence that is known to be permissive", file)
		}
		what := strings.TrimSuffix(filepath.Base(file), ".LICENSE")
		rows = append(rows, fmt.Sprintf("| %s | static/vendor | %s |", what, name))
	}
	return rows
}

// Every module that the program is built of has a permissive licence, and
// THIRD_PARTY.md lists them as they are.
func TestLicences(t *testing.T) {
	text := "# What Nightlatch is built of\n\n" +
		"Written by `task licences`, and held against the build by a test: every module that ends up in the program, with its licence.\n" +
		"The Go standard library is under BSD-3-Clause.\n\n" +
		"| module | version | licence |\n|---|---|---|\n" + strings.Join(append(builtOf(t), vendored(t)...), "\n") + "\n"
	file := filepath.Join(root, "THIRD_PARTY.md")
	if *write {
		if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if kept, err := os.ReadFile(file); err != nil || string(kept) != text {
		t.Errorf("THIRD_PARTY.md is not what the program is built of: run task licences (%v)", err)
	}
}
