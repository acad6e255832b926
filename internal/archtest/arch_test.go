// Package archtest holds the house to its plan: who may import whom, how long
// a file and a function may be, and that what is exported is explained.
package archtest

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

const (
	module = "nightlatch.example/nightlatch"
	root   = "../.."
)

// rooms says what each room may import of ours. A room is a folder at the top,
// or one below internal that the program is built with; "main" is the top itself.
// Imports within a room are its own matter.
var rooms = map[string][]string{
	"main":       {"commands"},
	"commands":   {"rules", "internal/wiring", "login", "accounts", "password", "directory", "identity", "store", "mail", "internal/demo"},
	"site":       {"routes", "login", "identity", "internal/wiring"},
	"routes":     {"rules", "login", "accounts", "directory", "identity", "views", "static", "factors"},
	"accounts":   {"login", "password", "directory", "identity", "factors"},
	"login":      {"password", "identity", "factors"},
	"store":      {"login", "accounts", "directory", "identity", "mail", "factors", "migrations"},
	"password":   {"identity"},
	"directory":  {"identity", "factors"},
	"identity":   {"factors"},
	"factors":    {},
	"views":      {},
	"mail":       {},
	"static":     {},
	"migrations": {},
	"rules":      {},

	"internal/wiring": {"rules", "routes", "login", "accounts", "password", "identity", "factors", "store", "mail", "views", "static"},
	"internal/demo":   {"login", "accounts", "identity", "factors", "store", "mail"},
	"browser":         {"internal"},                                                                                                                                   // tests only
	"internal":        {"internal/wiring", "site", "routes", "login", "accounts", "password", "directory", "identity", "factors", "store", "mail", "views", "static"}, // harnesses for tests; the built program has none of them
}

type listed struct {
	ImportPath string
	Imports    []string // of the files that are built, not of tests
}

// packages are all of ours as the go command sees them, whether they build or not.
func packages(t *testing.T) []listed {
	t.Helper()
	cmd := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...")
	cmd.Dir = root
	var complaint bytes.Buffer
	cmd.Stderr = &complaint
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("go list: %v\n%s", err, &complaint)
	}
	var all []listed
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// room is where a package of ours lives; ours is false for all others.
func room(path string) (name string, ours bool) {
	if path == module {
		return "main", true
	}
	rest, ours := strings.CutPrefix(path, module+"/")
	if rooms[rest] != nil {
		return rest, ours
	}
	name, _, _ = strings.Cut(rest, "/")
	return name, ours
}

// breaches lists the imports of a package that the plan does not allow.
func breaches(p listed) (found []string) {
	from, _ := room(p.ImportPath)
	allowed, known := rooms[from]
	if !known {
		return []string{p.ImportPath + " is in a room that the plan does not know"}
	}
	for _, path := range p.Imports {
		to, ours := room(path)
		if ours && to != from && !slices.Contains(allowed, to) {
			found = append(found, p.ImportPath+" may not import "+path)
		}
	}
	return found
}

func TestImportsRunOneWay(t *testing.T) {
	all := packages(t)
	if len(all) == 0 {
		t.Fatal("go list found no package")
	}
	for _, p := range all {
		for _, breach := range breaches(p) {
			t.Error(breach)
		}
	}
}

func TestBreachesAreFound(t *testing.T) {
	for path, imports := range map[string][]string{
		"nightlatch.example/nightlatch":          {"nightlatch.example/nightlatch/routes"},
		"nightlatch.example/nightlatch/login":    {"nightlatch.example/nightlatch/store"},
		"nightlatch.example/nightlatch/factors":  {"nightlatch.example/nightlatch/login"},
		"nightlatch.example/nightlatch/routes":   {"nightlatch.example/nightlatch/store"},
		"nightlatch.example/nightlatch/commands": {"nightlatch.example/nightlatch/internal/chrome"},
		"nightlatch.example/nightlatch/attic":    nil,
	} {
		if len(breaches(listed{path, imports})) != 1 {
			t.Errorf("%s importing %v was let through", path, imports)
		}
	}
	fine := listed{"nightlatch.example/nightlatch/routes", []string{"net/http", "nightlatch.example/nightlatch/login", "nightlatch.example/nightlatch/routes/sub"}}
	if found := breaches(fine); found != nil {
		t.Error(found)
	}
}
