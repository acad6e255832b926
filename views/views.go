// Package views turns the typed data of a screen into HTML.
//
// Each screen of screens.go has one file, templates/NAME.html, that defines
// "main". The layout around it and the partials that several screens share
// are layout.html and partials.html. New tries every state of every screen
// once, so that a template that does not fit is found at the start.
package views

import (
	"embed"
	"errors"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"path"
	"slices"
	"strings"
	"time"
)

//go:embed templates
var builtin embed.FS

// shared are the files that belong to every screen.
var shared = []string{"layout", "partials", "partials_admin"}

// Options are what the templates need from outside.
type Options struct {
	Overrides fs.FS                    // a folder whose templates/NAME.html replaces the built-in one; nil for none
	Asset     func(name string) string // "app.css" to its address; empty when there is no such file
	Now       func() time.Time         // for "5 minutes ago"
	Prefix    string                   // path under which the site lives; empty for the root
	Host      string                   // shown below a sign-in so that people check the address
}

// Views renders screens. It is safe for use by many requests at once.
type Views struct {
	screens map[string]*template.Template
	host    string
}

// page is what the layout sees; "main" sees only the Screen.
type page struct {
	Frame
	Screen Screen
	Host   string
}

// New reads the templates and tries each on its fixtures. The error is one
// sentence that names the file.
func New(o Options) (*Views, error) {
	v := &Views{screens: map[string]*template.Template{}, host: o.Host}
	fixtures := Fixtures()
	var names []string
	for _, f := range fixtures {
		if n := o.template(f.Screen); !slices.Contains(names, n) {
			names = append(names, n)
		}
	}
	if err := checkNames(o.Overrides, append(names, shared...)); err != nil {
		return nil, err
	}
	base := template.New("").Funcs(o.funcs())
	for _, n := range shared {
		if err := o.parse(base, n); err != nil {
			return nil, err
		}
	}
	for _, n := range names {
		t := template.Must(base.Clone()) // fails only for a template that was executed
		if err := o.parse(t, n); err != nil {
			return nil, err
		}
		if t.Lookup("main") == nil {
			return nil, fmt.Errorf("templates/%s.html does not define \"main\"", n)
		}
		v.screens[n] = t
	}
	for _, f := range fixtures {
		if err := v.Page(io.Discard, f.Frame, f.Screen); err != nil {
			return nil, err
		}
	}
	return v, nil
}

// template is the name of a screen's template: the one of its kind, or the
// general one for a kind that has none.
func (o Options) template(s Screen) string {
	name := s.Template()
	if !strings.HasPrefix(name, enrollPrefix) {
		return name
	}
	for _, tree := range []fs.FS{o.Overrides, builtin} {
		if tree == nil {
			continue
		}
		if _, err := fs.Stat(tree, "templates/"+name+".html"); err == nil {
			return name
		}
	}
	return "enroll"
}

// checkNames refuses a template that no screen would ever show.
func checkNames(overrides fs.FS, known []string) error {
	for _, tree := range []fs.FS{builtin, overrides} {
		if tree == nil {
			continue
		}
		files, err := fs.Glob(tree, "templates/*.html")
		if err != nil {
			return err
		}
		for _, f := range files {
			if !slices.Contains(known, strings.TrimSuffix(path.Base(f), ".html")) {
				return fmt.Errorf("%s belongs to no screen", f)
			}
		}
	}
	return nil
}

// parse adds templates/NAME.html, the override if there is one, to t.
func (o Options) parse(t *template.Template, name string) error {
	file := "templates/" + name + ".html"
	text, err := []byte(nil), fs.ErrNotExist
	if o.Overrides != nil {
		text, err = fs.ReadFile(o.Overrides, file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		text, err = fs.ReadFile(builtin, file)
	}
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the screen %q has no template: %s is missing", name, file)
	}
	if err != nil {
		return fmt.Errorf("%s cannot be read: %w", file, err)
	}
	if _, err := t.New(name).Parse(o.prefixed(string(text))); err != nil {
		return fmt.Errorf("%s is not a valid template: %w", file, err)
	}
	return nil
}

// Page writes the whole page. On an error a part may already be written, so the
// caller buffers it.
func (v *Views) Page(w io.Writer, f Frame, s Screen) error { return v.write(w, "page", f, s) }

// Partial writes only the content of the page's main element.
func (v *Views) Partial(w io.Writer, f Frame, s Screen) error { return v.write(w, "content", f, s) }

func (v *Views) write(w io.Writer, part string, f Frame, s Screen) error {
	t, ok := v.screens[s.Template()]
	if !ok && strings.HasPrefix(s.Template(), enrollPrefix) {
		t, ok = v.screens["enroll"]
	}
	if !ok {
		return fmt.Errorf("the screen %q is not among the fixtures", s.Template())
	}
	if err := t.ExecuteTemplate(w, part, page{f, s, v.host}); err != nil {
		return fmt.Errorf("templates/%s.html does not fit its screen: %w", s.Template(), err)
	}
	return nil
}
