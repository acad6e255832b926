package sim

import (
	"errors"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
)

// sentences is the catalogue of messages: what the packages that refuse something say in
// their source, and what the screens say. Whatever else stands on a page came from elsewhere:
// from the database, a library, or a person.
type sentences struct {
	said    map[string]bool
	begins  []string // of those to which something is added
	screens string
}

// rooms are where sentences come from.
var rooms = strings.Fields("routes login accounts password identity factors")

// shortest is the length below which a literal is no beginning of a sentence.
const shortest = 9

var catalogue = sync.OnceValues(func() (c sentences, err error) {
	c.said = map[string]bool{}
	for _, room := range rooms {
		names, _ := filepath.Glob(filepath.Join("..", "..", room, "*.go"))
		if len(names) == 0 {
			return c, errors.New("the source is not beside this test: run it in its folder")
		}
		for _, name := range names {
			if !strings.HasSuffix(name, "_test.go") {
				err = errors.Join(err, c.read(name))
			}
		}
	}
	screens, err2 := fs.Glob(os.DirFS("../.."), "views/templates/*.html")
	for _, name := range screens {
		text, err := os.ReadFile(filepath.Join("..", "..", name))
		err2 = errors.Join(err2, err)
		c.screens += string(text)
	}
	return c, errors.Join(err, err2)
})

// read takes in what one file says.
func (c *sentences) read(name string) error {
	f, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if lit, ok := n.(*ast.BasicLit); ok && lit.Kind == token.STRING {
			if s, err := strconv.Unquote(lit.Value); err == nil && len(s) >= shortest {
				c.said[strings.TrimSpace(s)] = true
				c.begins = append(c.begins, s)
			}
		}
		return true
	})
	return nil
}

// has says whether a message is one of them.
func (c sentences) has(said string) bool {
	if c.said[said] || strings.Contains(c.screens, said) {
		return true
	}
	for _, begin := range c.begins {
		if strings.HasPrefix(said, begin) {
			return true
		}
	}
	return false
}
