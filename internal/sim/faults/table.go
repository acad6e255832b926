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

// The simulation is measured by so many faults that this project really had, and by so many
// from other sites: the first of each by name. A change that no test noticed, and what a standard
// asks for, was no fault that anybody had.
const (
	ours   = 25
	others = 15
)

// measured are the faults by which the simulation is measured, by their names.
func measured(all []fault) map[string]bool {
	names := map[string]bool{}
	own, strange := 0, 0
	for _, f := range all {
		switch {
		case strings.HasPrefix(f.from, "this project, until"):
			own++
			names[f.name] = own <= ours
		case !strings.HasPrefix(f.from, "this project") && !strings.HasPrefix(f.from, "asked for"):
			strange++
			names[f.name] = strange <= others
		}
	}
	return names
}

// table tells of each fault by which rule it was found, and how soon.
func table(all []fault, list map[string]found) string {
	var b strings.Builder
	n, of := 0, 0
	by := measured(all)
	b.WriteString("| fault | from | counts | found by the rule | after steps |\n|---|---|---|---|---|\n")
	for _, f := range all {
		x, counts := list[f.name], ""
		if by[f.name] {
			counts = "yes"
		}
		rule, steps := x.Rule, fmt.Sprint(x.Total)
		switch {
		case rule != "":
			n++
			if by[f.name] {
				of++
			}
		case f.why != "":
			rule, steps = "not found: "+f.why, "–"
		default:
			rule, steps = "not found", "–"
		}
		fmt.Fprintf(&b, "| %s | %s | %s | %s | %s |\n", f.what, f.from, counts, rule, steps)
	}
	return fmt.Sprintf("%d of %d are found; of the %d that count, %d.\n\n", n, len(all), ours+others, of) + b.String()
}
