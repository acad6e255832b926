package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path"
	"path/filepath"
	"slices"
)

// faultVariable names, in the environment of a program that has all faults, the
// one that is on.
const faultVariable = "SIM_FAULT"

// switched is the code with many faults in it, each asleep until it is named: a
// function that faults change begins with its other bodies.
type switched struct {
	files map[string]string // as they are built, by their names from the root
	apart map[string]bool   // faults that change more than what functions do, and need a program of their own
}

// switchAll makes one code of all faults.
func switchAll(root string, all []fault) (s switched, err error) {
	s.apart = map[string]bool{}
	bodies := map[string]map[int]string{} // what a function begins with, by its file and where its body begins
	for _, f := range all {
		here, err := f.bodies(root)
		if err != nil {
			return s, fmt.Errorf("%s: %w", f.name, err)
		}
		if here == nil {
			s.apart[f.name] = true
			continue
		}
		for file, at := range here {
			if bodies[file] == nil {
				bodies[file] = map[int]string{}
			}
			for n, text := range at {
				bodies[file][n] += text
			}
		}
	}
	s.files = map[string]string{}
	for file, at := range bodies {
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return s, err
		}
		places := []int{}
		for n := range at {
			places = append(places, n)
		}
		slices.Sort(places)
		for _, n := range slices.Backward(places) {
			text = slices.Insert(text, n, []byte(at[n])...)
		}
		s.files[file] = string(text)
		dir := path.Dir(file)
		s.files[path.Join(dir, "the_fault.go")] = fmt.Sprintf("package %s\n\nimport \"os\"\n\nvar theFault = os.Getenv(%q)\n", path.Base(dir), faultVariable)
	}
	return s, nil
}

// bodies are what a fault puts before the bodies of functions, by file and
// place; nil when it changes something else as well.
func (f fault) bodies(root string) (map[string]map[int]string, error) {
	files, err := f.apply(root)
	if err != nil {
		return nil, err
	}
	all := map[string]map[int]string{}
	for name, after := range files {
		before, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			return nil, err
		}
		old, oldRest, err := functions(name, string(before))
		if err != nil {
			return nil, err
		}
		fresh, freshRest, err := functions(name, after)
		if err != nil {
			return nil, err
		}
		if oldRest != freshRest {
			return nil, nil
		}
		all[name] = map[int]string{}
		for i, x := range fresh {
			if x.body == old[i].body {
				continue
			}
			call := fmt.Sprintf("func() %s {%s}()", x.results, x.body)
			if x.results == "" {
				call += "; return"
			} else {
				call = "return " + call
			}
			all[name][old[i].at] = fmt.Sprintf(" if theFault == %q { %s }; ", f.name, call)
		}
	}
	return all, nil
}

// function is what one function does.
type function struct {
	body, results string
	at            int // where its body begins
}

// functions takes a file apart: its functions, and all else.
func functions(name, text string) (list []function, rest string, err error) {
	set := token.NewFileSet()
	parsed, err := parser.ParseFile(set, name, text, parser.SkipObjectResolution)
	if err != nil {
		return nil, "", err
	}
	at := func(p token.Pos) int { return set.Position(p).Offset }
	from := 0
	for _, d := range parsed.Decls {
		f, ok := d.(*ast.FuncDecl)
		if !ok || f.Body == nil {
			continue
		}
		x := function{at: at(f.Body.Lbrace) + 1}
		x.body = text[x.at:at(f.Body.Rbrace)]
		if r := f.Type.Results; r != nil {
			x.results = text[at(r.Pos()):at(r.End())]
		}
		rest += text[from:x.at]
		from = at(f.Body.Rbrace)
		list = append(list, x)
	}
	return list, rest + text[from:], nil
}
