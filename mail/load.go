package mail

import (
	"embed"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	texttemplate "text/template"
)

//go:embed templates
var embedded embed.FS

// load parses every template; the shared parts come first.
func (r *Renderer) load(overrides fs.FS) error {
	if err := checkOverrides(overrides); err != nil {
		return err
	}
	var errs []error
	read := func(file string) string {
		text, err := readTemplate(overrides, file)
		errs = append(errs, err)
		return text
	}
	sharedText, sharedHTML := read("shared.txt"), read("shared.html")
	for _, name := range templateNames() {
		text, err := texttemplate.New(name).Option("missingkey=zero").Funcs(funcs).Parse(sharedText + read(name+".txt"))
		errs = append(errs, broken(name+".txt", err))
		html, err := htmltemplate.New(name).Option("missingkey=zero").Funcs(funcs).Parse(sharedHTML + read(name+".html"))
		errs = append(errs, broken(name+".html", err))
		r.text[name], r.html[name] = text, html
	}
	return errors.Join(errs...)
}

func readTemplate(overrides fs.FS, file string) (string, error) {
	if overrides != nil {
		text, err := fs.ReadFile(overrides, "mail/"+file)
		if err == nil {
			return string(text), nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("mail template mail/%s cannot be read: %w", file, err)
		}
	}
	text, err := embedded.ReadFile("templates/" + file)
	if err != nil {
		return "", fmt.Errorf("mail template %s is missing", file)
	}
	return string(text), nil
}

// checkOverrides refuses a template that would replace nothing: a typing error.
func checkOverrides(overrides fs.FS) error {
	if overrides == nil {
		return nil
	}
	files, err := fs.Glob(overrides, "mail/*")
	for _, file := range files {
		ext := path.Ext(file)
		name := strings.TrimSuffix(path.Base(file), ext)
		if _, known := templates[name]; (ext == ".txt" || ext == ".html") && !known && name != "shared" {
			return fmt.Errorf("mail template %s replaces none of the built-in ones", file)
		}
	}
	return err
}

// try renders the sample and holds a code message against its rules: the code
// stands alone on a line and never in the subject, and the last line binds it
// to this host so that phones fill it in nowhere else.
func (r *Renderer) try(name string) error {
	p, err := r.parts(sampleMessage(name))
	if err != nil {
		return err
	}
	if code := templates[name].sample["code"]; code != "" {
		lines := strings.Split(p.text, "\n")
		switch {
		case strings.Contains(p.subject, code):
			return fmt.Errorf("mail template %s.txt must not show the code in its subject", name)
		case !slices.Contains(lines, code):
			return fmt.Errorf("mail template %s.txt must show the code alone on a line", name)
		case lines[len(lines)-1] != "@"+r.host+" #"+code:
			return fmt.Errorf("mail template %s.txt must end with the line @{{.host}} #{{.code}}", name)
		}
	}
	return nil
}

func broken(file string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("mail template %s does not work: %w", file, err)
}
