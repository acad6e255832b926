package main

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// fault is something that a site did wrong, as a patch that brings it back.
type fault struct {
	name  string   // of its file
	what  string   // what the site did, in a sentence
	from  string   // whose site it was
	rules []string // that are broken by it; any of them fits
	why   string   // it cannot be found; empty for most
	hunks []hunk
}

// hunk is one change of one file.
type hunk struct {
	file     string
	old, new []string
}

// readFaults reads all patches of a folder, in the order of their names.
func readFaults(dir string) (list []fault, err error) {
	paths, err := filepath.Glob(filepath.Join(dir, "*.patch"))
	if err != nil {
		return nil, err
	}
	slices.Sort(paths)
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		f, err := parse(string(text))
		f.name = strings.TrimSuffix(filepath.Base(path), ".patch")
		if err != nil {
			return nil, fmt.Errorf("%s: %w", f.name, err)
		}
		list = append(list, f)
	}
	return list, nil
}

// parse reads a unified diff with a few lines before it that say what it is.
// Line numbers are not looked at: what a hunk changes is found by its text.
func parse(text string) (f fault, err error) {
	var file string
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		key, value, _ := strings.Cut(line, ": ")
		switch {
		case strings.HasPrefix(line, "+++ b/"):
			file = strings.TrimPrefix(line, "+++ b/")
		case strings.HasPrefix(line, "--- "):
		case strings.HasPrefix(line, "@@"):
			f.hunks = append(f.hunks, hunk{file: file})
		case len(f.hunks) > 0:
			err = errors.Join(err, f.hunks[len(f.hunks)-1].add(line))
		case key == "Fault":
			f.what = value
		case key == "From":
			f.from = value
		case key == "Rule":
			f.rules = strings.Split(value, "; ")
		case key == "Unseen":
			f.why = value
		case line != "":
			err = errors.Join(err, fmt.Errorf("what is %q?", line))
		}
	}
	if f.what == "" || f.from == "" || len(f.rules) == 0 || len(f.hunks) == 0 {
		err = errors.Join(err, errors.New("a patch says Fault, From and Rule, and changes something"))
	}
	return f, err
}

// add takes one line of a hunk.
func (h *hunk) add(line string) error {
	mark, rest := " ", ""
	if line != "" {
		mark, rest = line[:1], line[1:]
	}
	switch mark {
	case " ":
		h.old, h.new = append(h.old, rest), append(h.new, rest)
	case "-":
		h.old = append(h.old, rest)
	case "+":
		h.new = append(h.new, rest)
	default:
		return fmt.Errorf("what is %q?", line)
	}
	return nil
}

// apply gives the files that a fault changes, as they are with it.
func (f fault) apply(root string) (map[string]string, error) {
	files := map[string]string{}
	for _, h := range f.hunks {
		text, ok := files[h.file]
		if !ok {
			read, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(h.file)))
			if err != nil {
				return nil, err
			}
			text = "\n" + string(read)
		}
		old, fresh := "\n"+strings.Join(h.old, "\n")+"\n", "\n"+strings.Join(h.new, "\n")+"\n"
		if n := strings.Count(text, old); n != 1 {
			return nil, fmt.Errorf("%s has %d places for\n%s", h.file, n, strings.Join(h.old, "\n"))
		}
		files[h.file] = strings.Replace(text, old, fresh, 1)
	}
	for name, text := range files {
		files[name] = strings.TrimPrefix(text, "\n")
	}
	return files, nil
}
