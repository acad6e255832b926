package mail

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	htmltemplate "html/template"
	"io/fs"
	"maps"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"
	texttemplate "text/template"
	"time"

	gomail "github.com/wneessen/go-mail"
)

// RenderOptions are what all messages have in common.
type RenderOptions struct {
	Brand     string // the site's name
	URL       string // public origin, like https://id.example.com
	Overrides fs.FS  // "mail/NAME.txt" and "mail/NAME.html" replace the built-in ones; nil for none
}

// Renderer makes messages from templates. It is safe for concurrent use.
type Renderer struct {
	brand, url, host string
	id               string // right half of a Message-ID: a name or a literal in brackets (RFC 5322 §3.6.4)
	text             map[string]*texttemplate.Template
	html             map[string]*htmltemplate.Template
}

// templateNames are the names of all templates, sorted.
func templateNames() []string { return slices.Sorted(maps.Keys(templates)) }

// NewRenderer reads every template and tries each with sample data, so that a
// broken one stops the start and not a message.
func NewRenderer(o RenderOptions) (*Renderer, error) {
	u, err := url.Parse(o.URL)
	if err != nil || u.Hostname() == "" {
		return nil, errors.New("mail templates need the public address of this site, like https://id.example.com")
	}
	literal, err := ASCIIHost(u.Hostname())
	if err != nil {
		return nil, errors.New("mail templates need a public address whose host is a name or an IP address")
	}
	r := &Renderer{
		brand: clean("", cmp.Or(o.Brand, "Nightlatch")),
		url:   strings.TrimRight(o.URL, "/"),
		host:  urlHost(literal),
		id:    literal,
		text:  map[string]*texttemplate.Template{},
		html:  map[string]*htmltemplate.Template{},
	}
	if err := r.load(o.Overrides); err != nil {
		return nil, err
	}
	for _, name := range templateNames() {
		if err := r.try(name); err != nil {
			return nil, err
		}
	}
	return r, nil
}

// urlHost is a host as browsers write it, which is what a phone compares the
// last line of a code's mail with: ASCII names, IPv6 addresses in brackets.
func urlHost(literal string) string {
	if ip, ok := strings.CutPrefix(literal, "[IPv6:"); ok {
		return "[" + ip
	}
	return strings.Trim(literal, "[]")
}

// Render makes the message; only its sender is missing. It fails for an unknown
// template and for data without what the template requires, and, wrapping
// ErrRefused, for a recipient that is not a bare address.
func (r *Renderer) Render(m Message) (*gomail.Msg, error) {
	to, err := netmail.ParseAddress(m.To)
	if err != nil || to.Address != m.To {
		return nil, fmt.Errorf("%w: the recipient is not an email address", ErrRefused)
	}
	p, err := r.parts(m)
	if err != nil {
		return nil, err
	}
	msg := gomail.NewMsg(gomail.WithNoDefaultUserAgent())
	msg.ToMailAddress(to)
	msg.Subject(p.subject)
	msg.SetMessageIDWithValue(notInNames.ReplaceAllString(m.ID, "-") + "@" + r.id)
	msg.SetDateWithValue(cmp.Or(m.Created, time.Now()))
	msg.SetGenHeader("Auto-Submitted", "auto-generated") // RFC 3834: no out-of-office answers
	msg.SetBodyString(gomail.TypeTextPlain, p.text)
	msg.AddAlternativeString(gomail.TypeTextHTML, p.html)
	return msg, nil
}

// parts are the three texts of a message.
type parts struct{ subject, text, html string }

var gaps = regexp.MustCompile(`\n{3,}`)

func (r *Renderer) parts(m Message) (parts, error) {
	known, ok := templates[m.Template]
	if !ok {
		return parts{}, fmt.Errorf("there is no mail template called %q", m.Template)
	}
	data := map[string]string{}
	for key, value := range m.Data {
		data[key] = clean(key, value)
	}
	for _, key := range known.required {
		if data[key] == "" {
			return parts{}, fmt.Errorf("mail template %s needs %q", m.Template, key)
		}
	}
	data["brand"], data["url"], data["host"], data["profile"] = r.brand, r.url, r.host, r.url+"/profile"
	var subject, text, html bytes.Buffer
	if err := r.text[m.Template].ExecuteTemplate(&subject, "subject", data); err != nil {
		return parts{}, broken(m.Template+".txt", err)
	}
	if err := r.text[m.Template].Execute(&text, data); err != nil {
		return parts{}, broken(m.Template+".txt", err)
	}
	if err := r.html[m.Template].Execute(&html, data); err != nil {
		return parts{}, broken(m.Template+".html", err)
	}
	return parts{
		subject: clean("", subject.String()),
		text:    strings.TrimSpace(gaps.ReplaceAllString(text.String(), "\n\n")),
		html:    strings.TrimSpace(html.String()) + "\n",
	}, nil
}
