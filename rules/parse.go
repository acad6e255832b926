package rules

import (
	"errors"
	"fmt"
	"strings"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// Parse reads a file of rules. The error lists every fault, each on a line as
// "FILE:LINE: what". within says whether a host, with "*." before it for those
// under a name, belongs to the site.
func Parse(name string, text []byte, within func(host string) bool) (*Set, error) {
	r := &reader{name: name, within: within}
	s := &Set{name: name}
	root := r.root(text)
	if root == nil {
		return nil, r.err()
	}
	found := false
	r.entries(root, func(key string, at int, value ast.Node) {
		list, ok := value.(*ast.SequenceNode)
		switch {
		case key != "rules":
			r.bad(at, "%q is not known: a file of rules has nothing but rules", key)
		case !ok:
			r.bad(at, "rules must be a list")
		default:
			found = true
			for _, node := range list.Values {
				s.rules = append(s.rules, r.rule(node))
			}
		}
	})
	if !found && len(r.faults) == 0 {
		r.bad(1, "the file has no rules")
	}
	s.capitals = r.capitals
	s.index()
	return s, r.err()
}

// reader walks through a file and collects its faults.
type reader struct {
	name     string
	within   func(host string) bool
	capitals bool // a path is written with capitals
	faults   []error
}

func (r *reader) bad(line int, format string, args ...any) {
	r.faults = append(r.faults, fmt.Errorf("%s:%d: %s", r.name, line, fmt.Sprintf(format, args...)))
}

func (r *reader) err() error { return errors.Join(r.faults...) }

// root is the file's one mapping; nil with a fault where there is none.
func (r *reader) root(text []byte) (root ast.Node) {
	defer func() {
		if p := recover(); p != nil { // the parser's own fault must not take the site with it
			root = nil
			r.bad(1, "the file cannot be read: %v", p)
		}
	}()
	file, err := parser.ParseBytes(text, 0, parser.AllowDuplicateMapKey()) // repeated keys are found here, all of them
	var wrong *yaml.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Token != nil:
		r.bad(wrong.Token.Position.Line, "this is no YAML: %s", wrong.Message)
		return nil
	case err != nil:
		r.bad(1, "this is no YAML: %v", err)
		return nil
	}
	for _, doc := range file.Docs {
		switch {
		case doc.Body == nil:
		case root != nil:
			r.bad(line(doc.Body), "the file holds a second document")
			return nil
		default:
			root = doc.Body
		}
	}
	if root == nil {
		r.bad(1, "the file has no rules")
	}
	return root
}

func line(n ast.Node) int {
	if t := n.GetToken(); t != nil && t.Position != nil {
		return t.Position.Line
	}
	return 1
}

// entries gives the entries of a mapping. A repeated key is a fault.
func (r *reader) entries(n ast.Node, each func(key string, at int, value ast.Node)) {
	var list []*ast.MappingValueNode
	switch n := n.(type) {
	case *ast.MappingNode:
		list = n.Values
	case *ast.MappingValueNode:
		list = []*ast.MappingValueNode{n}
	default:
		r.bad(line(n), "here must be names with values, such as host: app.example.com")
		return
	}
	seen := map[string]int{}
	for _, entry := range list {
		at := line(entry.Key)
		key, ok := entry.Key.(*ast.StringNode)
		if !ok {
			r.bad(at, "%q is not known", entry.Key.String())
			continue
		}
		if first := seen[key.Value]; first > 0 {
			r.bad(at, "%s is here twice, first in line %d", key.Value, first)
			continue
		}
		seen[key.Value] = at
		each(key.Value, at, entry.Value)
	}
}

// texts reads a text or a list of texts, which may not be empty.
func (r *reader) texts(key string, at int, n ast.Node, each func(text string, at int)) {
	nodes := []ast.Node{n}
	if list, ok := n.(*ast.SequenceNode); ok {
		nodes = list.Values
		if len(nodes) == 0 {
			r.bad(at, "%s is an empty list: leave it out", key)
		}
	}
	for _, x := range nodes {
		text, ok := x.(*ast.StringNode)
		if x == nil || !ok || text.Value == "" {
			if x != nil {
				at = line(x)
			}
			r.bad(at, "%s must be a text or a list of texts; put it in quotes where YAML takes it for something else", key)
			continue
		}
		each(text.Value, line(x))
	}
}

// truth reads the value of allow and deny, which is true or a fault.
func (r *reader) truth(key string, at int, n ast.Node) {
	if b, ok := n.(*ast.BoolNode); !ok || !b.Value {
		r.bad(at, "%s can only be true: leave it out otherwise", key)
	}
}

// text reads a single text; empty with a fault.
func (r *reader) text(key string, at int, n ast.Node) string {
	if s, ok := n.(*ast.StringNode); ok && strings.TrimSpace(s.Value) != "" {
		return s.Value
	}
	r.bad(at, "%s must be a text", key)
	return ""
}
