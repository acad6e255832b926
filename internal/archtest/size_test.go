package archtest

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// Bounds in lines. Beyond them there is a noun to split along.
const (
	longestFile     = 300
	longestTestFile = 600
	longestFunction = 60 // tables of tests may be longer
	mostParameters  = 5  // without the receiver; more are a struct that means something
)

// faults lists what is too long or unexplained in one file of source.
func faults(name string, source any) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.ParseComments)
	if err != nil {
		return nil, err
	}
	lines := set.File(file.FileStart).LineCount()
	if strings.HasSuffix(name, "_test.go") {
		if lines > longestTestFile {
			return []string{fmt.Sprintf("%s has %d lines, more than %d", name, lines, longestTestFile)}, nil
		}
		return nil, nil
	}
	var found []string
	if lines > longestFile {
		found = append(found, fmt.Sprintf("%s has %d lines, more than %d", name, lines, longestFile))
	}
	ast.Inspect(file, func(n ast.Node) bool {
		if f, ok := n.(*ast.FuncType); ok && f.Params.NumFields() > mostParameters {
			found = append(found, fmt.Sprintf("%s: %d parameters, more than %d", set.Position(f.Pos()), f.Params.NumFields(), mostParameters))
		}
		return true
	})
	for i, decl := range file.Decls {
		at := set.Position(decl.Pos())
		if f, ok := decl.(*ast.FuncDecl); ok {
			if n := set.Position(f.End()).Line - at.Line + 1; n > longestFunction {
				found = append(found, fmt.Sprintf("%s: %s has %d lines, more than %d", at, f.Name.Name, n, longestFunction))
			}
		}
		if file.Name.Name == "main" || i > 0 && sharesComment(set, file.Decls[i-1], decl) {
			continue
		}
		for _, ident := range unexplained(decl) {
			found = append(found, fmt.Sprintf("%s: %s has no comment", set.Position(ident.Pos()), ident.Name))
		}
	}
	return found, nil
}

// unexplained lists the exported names of a declaration that have no comment,
// neither their own nor, for a block of constants or variables, the block's.
func unexplained(decl ast.Decl) (names []*ast.Ident) {
	keep := func(doc bool, ids ...*ast.Ident) {
		for _, id := range ids {
			if !doc && id.IsExported() {
				names = append(names, id)
			}
		}
	}
	switch d := decl.(type) {
	case *ast.FuncDecl:
		if d.Recv == nil || receiver(d).IsExported() {
			keep(d.Doc != nil, d.Name)
		}
	case *ast.GenDecl:
		for _, spec := range d.Specs {
			switch s := spec.(type) {
			case *ast.TypeSpec:
				keep(s.Doc != nil || d.Doc != nil && len(d.Specs) == 1, s.Name)
			case *ast.ValueSpec:
				keep(s.Doc != nil || s.Comment != nil || d.Doc != nil, s.Names...)
			}
		}
	}
	return names
}

// sharesComment is whether a method without a comment stands right below one
// of the same name: a run of such methods is explained once, at its top.
func sharesComment(set *token.FileSet, before, decl ast.Decl) bool {
	above, ok := before.(*ast.FuncDecl)
	method, too := decl.(*ast.FuncDecl)
	return ok && too && above.Recv != nil && method.Recv != nil && method.Doc == nil &&
		above.Name.Name == method.Name.Name &&
		set.Position(above.End()).Line+1 == set.Position(method.Pos()).Line
}

// receiver is the name of the type that a method belongs to.
func receiver(method *ast.FuncDecl) *ast.Ident {
	found := &ast.Ident{}
	ast.Inspect(method.Recv.List[0].Type, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok && found.Name == "" {
			found = id
		}
		return true
	})
	return found
}

func TestFilesAreShortAndExplained(t *testing.T) {
	files := 0
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			if name := entry.Name(); path != root && (strings.HasPrefix(name, ".") || name == "node_modules" || name == "data") {
				return filepath.SkipDir
			}
			return nil
		}
		if filepath.Ext(path) != ".go" {
			return nil
		}
		files++
		found, err := faults(path, nil)
		for _, fault := range found {
			t.Error(fault)
		}
		return err
	})
	if err != nil || files == 0 {
		t.Fatalf("read %d files: %v", files, err)
	}
}

func TestFaultsAreFound(t *testing.T) {
	long := "// Package a is one.\npackage a\n\nfunc long() {" + strings.Repeat("\n", longestFunction) + "}\n"
	for name, c := range map[string]struct {
		file, source string
		want         int
	}{
		"long function":          {"a.go", long, 1},
		"long test function":     {"a_test.go", long, 0},
		"long file":              {"a.go", "package a\n" + strings.Repeat("\n", longestFile), 1},
		"longest file":           {"a.go", "package a\n" + strings.Repeat("\n", longestFile-1), 0},
		"long test file":         {"a_test.go", "package a\n" + strings.Repeat("\n", longestTestFile), 1},
		"six parameters":         {"a.go", "package a\nfunc (b) a(c, d, e, f, g, h int) {}\n", 1},
		"five parameters":        {"a.go", "package a\nfunc (b) a(c, d, e, f, g int) {}\ntype h interface{ i(c, d, e, f, g int) }\n", 0},
		"no comments":            {"a.go", "package a\nfunc A() {}\ntype B int\nfunc (b *B) C() {}\nconst D, E = 1, 2\nvar f, G int\n", 6},
		"not exported":           {"a.go", "package a\nfunc a() {}\ntype b[T any] int\nfunc (b b[T]) C() {}\n", 0},
		"main explains itself":   {"a.go", "package main\nfunc A() {}\n", 0},
		"one comment for a list": {"a.go", "package a\n// These are two.\nconst (\n\tA = 1\n\tB = 2\n)\n", 0},
		"one for a run":          {"a.go", "package a\n// A is one.\nfunc (B) A() {}\nfunc (C) A() {}\n", 0},
		"no run":                 {"a.go", "package a\n// A is one.\nfunc (B) A() {}\n\nfunc (C) A() {}\nfunc (B) D() {}\n", 2},
		"each with its own":      {"a.go", "package a\ntype (\n\t// A is one.\n\tA int\n\tB int\n)\nvar C int // C is one.\n", 1},
	} {
		t.Run(name, func(t *testing.T) {
			found, err := faults(c.file, c.source)
			if err != nil || len(found) != c.want {
				t.Errorf("%d faults, want %d: %q (%v)", len(found), c.want, found, err)
			}
		})
	}
}
