package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// readFound reads what is kept, by the names of the faults.
func readFound(root string) (map[string]found, error) {
	list := map[string]found{}
	text, err := os.ReadFile(filepath.Join(root, kept))
	if errors.Is(err, os.ErrNotExist) {
		return list, nil
	}
	var rows []found
	if err == nil {
		err = json.Unmarshal(text, &rows)
	}
	for _, x := range rows {
		list[x.Fault] = x
	}
	return list, err
}

// writeFound keeps what came of the faults that are there, a line each.
func writeFound(root string, all []fault, list map[string]found) error {
	var lines []string
	for _, f := range all {
		if x, ok := list[f.name]; ok {
			line, err := json.Marshal(x)
			if err != nil {
				return err
			}
			lines = append(lines, string(line))
		}
	}
	return os.WriteFile(filepath.Join(root, kept), []byte("[\n"+strings.Join(lines, ",\n")+"\n]\n"), 0o644)
}

// Where the table stands.
const (
	begins = "<!-- faults -->\n"
	ends   = "<!-- /faults -->\n"
)

// writeTable puts the table where it stands.
func writeTable(root string, all []fault, list map[string]found) error {
	path := filepath.Join(root, page)
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	before, rest, ok := strings.Cut(string(text), begins)
	_, after, ok2 := strings.Cut(rest, ends)
	if !ok || !ok2 {
		return fmt.Errorf("%s has no place for the table", page)
	}
	return os.WriteFile(path, []byte(before+begins+table(all, list)+ends+after), 0o644)
}

// table tells of each fault by which rule it was found, and how soon.
func table(all []fault, list map[string]found) string {
	var b strings.Builder
	n := 0
	b.WriteString("| fault | from | found by the rule | after steps |\n|---|---|---|---|\n")
	for _, f := range all {
		x := list[f.name]
		rule, steps := x.Rule, fmt.Sprint(x.Total)
		switch {
		case rule != "":
			n++
		case f.why != "":
			rule, steps = "not found: "+f.why, "–"
		default:
			rule, steps = "not found", "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s |\n", f.what, f.from, rule, steps)
	}
	return fmt.Sprintf("%d of %d are found.\n\n", n, len(all)) + b.String()
}
