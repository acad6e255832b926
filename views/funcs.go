package views

import (
	"fmt"
	"html/template"
	"regexp"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/dustin/go-humanize/english"
)

// funcs are the functions that templates may use besides those of the language.
func (o Options) funcs() template.FuncMap {
	return template.FuncMap{
		"ago":      func(t time.Time) template.HTML { return ago(t, o.Now()) },
		"date":     date,
		"asset":    o.asset,
		"join":     func(sep string, words []string) string { return strings.Join(words, sep) },
		"count":    func(n int, one string) string { return english.Plural(n, one, "") },
		"post":     o.post,
		"once":     func() template.HTML { return once(o.Now()) },
		"describe": describe,
		"percent":  percent,
		"choose":   choose,
		"number":   func(n int) string { return humanize.Comma(int64(n)) },
		"chosen":   chosenValues,
		"app":      appLink,
		"list":     func(parts ...any) []any { return parts },
		"when":     func(have, want, text string) string { return map[bool]string{true: text}[have == want] },
	}
}

// ago shows a time relative to now, and the exact time when the mouse rests on
// it and for machines. The zero time is "never".
func ago(t, now time.Time) template.HTML {
	return stamp(t, humanize.RelTime(t, now, "ago", "from now"))
}

// date shows the day of a time, in UTC. The zero time is "never".
func date(t time.Time) template.HTML { return stamp(t, t.UTC().Format("2 January 2006")) }

func stamp(t time.Time, words string) template.HTML {
	if t.IsZero() {
		return "never"
	}
	t = t.UTC()
	return template.HTML(fmt.Sprintf(`<time datetime="%s" title="%s">%s</time>`,
		t.Format(time.RFC3339), t.Format("2 January 2006, 15:04 UTC"), template.HTMLEscapeString(words)))
}

// asset finds a static file; a file that does not exist stops the start.
func (o Options) asset(name string) (string, error) {
	if p := o.Asset(name); p != "" {
		return o.Prefix + p, nil
	}
	return "", fmt.Errorf("there is no static file %q", name)
}

// post gives a form its three attributes, so that it works the same as a plain
// form and with htmx. The parts are joined to a path of this site.
func (o Options) post(parts ...string) (template.HTMLAttr, error) {
	p := strings.Join(parts, "")
	if !strings.HasPrefix(p, "/") || strings.HasPrefix(p, "//") {
		return "", fmt.Errorf("%q is not a path of this site", p)
	}
	p = template.HTMLEscapeString(o.Prefix + p)
	return template.HTMLAttr(fmt.Sprintf(`method="post" action="%s" hx-post="%s"`, p, p)), nil
}

// ownPath is a path of this site that is written out in a template.
var ownPath = regexp.MustCompile(`(\s(?:href|action|src|srcset|hx-get|hx-post)=")(/[^/])`)

// prefixed puts the prefix before every path that is written out in a template, so
// that templates need not know of it.
func (o Options) prefixed(text string) string {
	if o.Prefix == "" {
		return text
	}
	return ownPath.ReplaceAllString(text, "${1}"+strings.ReplaceAll(o.Prefix, "$", "$$")+"${2}")
}

// once is a hidden field that differs each time the page is shown. Two forms
// with the same value are a double click; with different values the person
// meant to send two.
func once(now time.Time) template.HTML {
	return template.HTML(`<input type="hidden" name="once" value="` + strconv.FormatInt(now.UnixMicro(), 36) + `">`)
}

// describe ties an input to its hints and, when there is one, to the message
// that says what was wrong with it.
func describe(alert string, hints ...string) template.HTMLAttr {
	var attr string
	if alert != "" {
		attr = `aria-invalid="true" `
		hints = append([]string{"problem"}, hints...)
	}
	if len(hints) == 0 {
		return ""
	}
	return template.HTMLAttr(attr + `aria-describedby="` + template.HTMLEscapeString(strings.Join(hints, " ")) + `"`)
}

// appLink allows in a link only the scheme with which an authenticator app on
// the same device takes a key.
func appLink(address string) (template.URL, error) {
	if !strings.HasPrefix(address, "otpauth://") {
		return "", fmt.Errorf("%q is not for an authenticator app", address)
	}
	return template.URL(address), nil
}

// percent is a share in whole percent; 0 when whole is 0.
func percent(part, whole int) int {
	if whole == 0 {
		return 0
	}
	return 100 * part / whole
}

// choose makes the entries of a select from values that are their own labels.
func choose(chosen string, values ...string) []Selectable {
	var list []Selectable
	for _, v := range values {
		list = append(list, Selectable{v, strings.ToUpper(v[:1]) + v[1:], v == chosen})
	}
	return list
}
