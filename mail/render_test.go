package mail

import (
	"bytes"
	"errors"
	"flag"
	"io"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gomail "github.com/wneessen/go-mail"
)

var update = flag.Bool("update", false, "write the golden files anew")

// read takes a message apart as a mail program does.
func read(t *testing.T, m *gomail.Msg) (header netmail.Header, text, html string) {
	t.Helper()
	var raw bytes.Buffer
	if _, err := m.WriteTo(&raw); err != nil {
		t.Fatal(err)
	}
	return readRaw(t, &raw)
}

func readRaw(t *testing.T, raw io.Reader) (header netmail.Header, text, html string) {
	t.Helper()
	data, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := netmail.ReadMessage(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	m, err := gomail.EMLToMsgFromReader(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range m.GetParts() {
		body, err := p.GetContent()
		if err != nil {
			t.Fatal(err)
		}
		plain := strings.ReplaceAll(string(body), "\r\n", "\n")
		switch p.GetContentType() {
		case gomail.TypeTextPlain:
			text = plain
		case gomail.TypeTextHTML:
			html = plain
		}
	}
	return parsed.Header, text, html
}

func TestGolden(t *testing.T) {
	r := newRenderer(t)
	for _, name := range templateNames() {
		t.Run(name, func(t *testing.T) {
			p, err := r.parts(sampleMessage(name))
			if err != nil {
				t.Fatal(err)
			}
			golden(t, name+".txt", "Subject: "+p.subject+"\n\n"+p.text+"\n")
			golden(t, name+".html", p.html)
			bare := Message{Template: name, Data: map[string]string{"code": "042137", "link": "https://id.example.com/l"}}
			q, err := r.parts(bare)
			if err != nil {
				t.Fatal("with the least data:", err)
			}
			for _, text := range []string{p.text, p.html, q.subject, q.text, q.html} {
				if strings.Contains(text, "no value") || strings.Contains(text, "Zgotmpl") || strings.Contains(text, ": \n") {
					t.Error("a hole in", text)
				}
			}
			for key, value := range sampleMessage(name).Data {
				if !strings.Contains(p.text, value) || !strings.Contains(p.html, value) {
					t.Errorf("%s %q is missing in one of the parts", key, value)
				}
			}
		})
	}
}

// A golden file without its template is a message that nobody sends any more.
func TestNoGoldenFileIsLeftOver(t *testing.T) {
	left, err := filepath.Glob("testdata/*.*")
	if err != nil || len(left) == 0 {
		t.Fatal(left, err)
	}
	for _, file := range left {
		name := strings.TrimSuffix(filepath.Base(file), filepath.Ext(file))
		if !slices.Contains(templateNames(), name) {
			t.Errorf("%s belongs to no message", file)
		}
	}
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	file = filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil || got != string(want) {
		t.Errorf("%s differs (%v); got:\n%s", file, err, got)
	}
}

func TestCodeMessage(t *testing.T) {
	m := code()
	m.ID = "m1"
	msg, err := newRenderer(t).Render(m)
	if err != nil {
		t.Fatal(err)
	}
	header, text, html := read(t, msg)
	lines := strings.Split(text, "\n")
	if !slices.Contains(lines, "042137") || lines[len(lines)-1] != "@id.example.com #042137" {
		t.Error("text part is", text)
	}
	if !strings.Contains(html, "<strong>042137</strong>") || strings.Contains(header.Get("Subject"), "042137") {
		t.Error("html or subject is wrong:", html, header)
	}
	for key, want := range map[string]string{
		"Message-Id": "<m1@id.example.com>", "Auto-Submitted": "auto-generated", "To": "<ada@example.com>",
		"Date": "Mon, 23 Nov 2026 12:00:00 +0000", "User-Agent": "", "X-Mailer": "",
	} {
		if got := header.Get(key); got != want {
			t.Errorf("%s is %q, want %q", key, got, want)
		}
	}
	if !strings.HasPrefix(header.Get("Content-Type"), "multipart/alternative") {
		t.Error(header.Get("Content-Type"))
	}
}

func TestNothingCanAddALineOrAHeader(t *testing.T) {
	bad := "x\r\nBcc: eve@example.com\n\n@evil.example #999999\u2028\u202e<script>alert(1)</script>"
	r, err := NewRenderer(RenderOptions{Brand: "Night\r\nBcc: eve@example.com", URL: "https://id.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range templateNames() {
		m := sampleMessage(name)
		m.ID = "i\r\nBcc: eve@example.com"
		for key := range m.Data {
			if key != "code" {
				m.Data[key] = bad
			}
		}
		msg, err := r.Render(m)
		if err != nil {
			t.Fatal(err)
		}
		header, text, html := read(t, msg)
		if header.Get("Bcc") != "" || len(header) != 7 {
			t.Errorf("%s: headers are %v", name, header)
		}
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "@evil") || strings.HasPrefix(line, "Bcc") {
				t.Errorf("%s: added line %q", name, line)
			}
		}
		if strings.Contains(html, "<script") || strings.Contains(text+html, "\u202e") {
			t.Errorf("%s: unescaped %s", name, html)
		}
	}
}

func TestHTMLTakesNoScriptLink(t *testing.T) {
	m := sampleMessage("invite")
	m.Data["link"] = "javascript:alert(1)"
	p, err := newRenderer(t).parts(m)
	if err != nil || strings.Contains(p.html, `href="javascript`) {
		t.Error(err, p.html)
	}
}

func TestRenderRefuses(t *testing.T) {
	r := newRenderer(t)
	for _, to := range []string{"", "ada", "Ada <ada@example.com>", "ada@example.com, eve@example.com", "ada@example.com\r\nBcc: eve@example.com", "ada@example.com\n"} {
		m := code()
		m.To = to
		if _, err := r.Render(m); !errors.Is(err, ErrRefused) {
			t.Errorf("To %q: %v", to, err)
		}
	}
	for _, m := range []Message{{Template: "none", To: "a@b.c"}, {Template: "code", To: "a@b.c"}, {Template: "invite", To: "a@b.c", Data: map[string]string{"link": " \n"}}} {
		if _, err := r.Render(m); err == nil {
			t.Errorf("%+v was rendered", m)
		}
	}
}

func TestOverrides(t *testing.T) {
	const good = `{{define "subject"}}Hi{{end}}Ours: {{.new}} {{.brand}}`
	files := fstest.MapFS{"mail/email-changed.txt": {Data: []byte(good)}, "mail/notes.md": {}}
	r, err := NewRenderer(RenderOptions{URL: "http://localhost:8080", Overrides: files})
	if err != nil {
		t.Fatal(err)
	}
	if p, _ := r.parts(sampleMessage("email-changed")); p.subject != "Hi" || p.text != "Ours: a•••@example.org Nightlatch" || !strings.Contains(p.html, "was changed") {
		t.Errorf("%+v", p)
	}
	for name, want := range map[string]string{
		"mail/email-changed.txt\x00{{define":           "mail template email-changed.txt does not work",
		"mail/email-changed.txt\x00no subject":         "mail template email-changed.txt does not work",
		"mail/invite.html\x00{{template \"nowhere\"}}": "mail template invite.html does not work",
		"mail/invit.html\x00x":                         "replaces none of the built-in ones",
		"mail/code.txt\x00{{define \"subject\"}}{{.code}}{{end}}{{.code}}\n@{{.host}} #{{.code}}":    "in its subject",
		"mail/code.txt\x00{{define \"subject\"}}x{{end}}code: {{.code}}\n@{{.host}} #{{.code}}":      "alone on a line",
		"mail/code.txt\x00{{define \"subject\"}}x{{end}}\n{{.code}}\n@{{.host}} #{{.code}}\nregards": "must end with",
	} {
		file, text, _ := strings.Cut(name, "\x00")
		_, err := NewRenderer(RenderOptions{URL: "http://localhost:8080", Overrides: fstest.MapFS{file: {Data: []byte(text)}}})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", name, err, want)
		}
	}
	if _, err := NewRenderer(RenderOptions{URL: "nowhere"}); err == nil {
		t.Error("a URL without a host was taken")
	}
}

func TestWarnsWhenCodesAreNearlyGone(t *testing.T) {
	r := newRenderer(t)
	for left, want := range map[string]bool{"0": true, "3": true, "4": false, "": false, "x": false} {
		p, err := r.parts(Message{Template: "recovery-used", Data: map[string]string{"left": left}})
		got := strings.Contains(p.subject, "nearly gone") && strings.Contains(p.text, "nearly gone") && strings.Contains(p.html, "nearly gone")
		if err != nil || got != want {
			t.Errorf("left %q: %v %v", left, got, err)
		}
	}
}

func TestCount(t *testing.T) {
	p, err := newRenderer(t).parts(Message{Template: "policy-reminder", Data: map[string]string{"days": "1"}})
	if err != nil || !strings.HasPrefix(p.subject, "1 day left") {
		t.Error(p.subject, err)
	}
}

// Message-ID and the line that binds a code to its host are valid whatever the
// site's address is.
func TestAnyHostMakesAValidMail(t *testing.T) {
	t.Parallel()
	for url, want := range map[string][2]string{
		"https://id.example.com:8443":   {"<m1@id.example.com>", "@id.example.com #042137"},
		"https://bücher.example":        {"<m1@xn--bcher-kva.example>", "@xn--bcher-kva.example #042137"},
		"https://xn--bcher-kva.example": {"<m1@xn--bcher-kva.example>", "@xn--bcher-kva.example #042137"},
		"https://192.0.2.7":             {"<m1@[192.0.2.7]>", "@192.0.2.7 #042137"},
		"https://[2001:db8::7]:8443":    {"<m1@[IPv6:2001:db8::7]>", "@[2001:db8::7] #042137"},
	} {
		r, err := NewRenderer(RenderOptions{URL: url})
		if err != nil {
			t.Fatal(url, err)
		}
		m := code()
		m.ID = "m1"
		msg, err := r.Render(m)
		if err != nil {
			t.Fatal(url, err)
		}
		p, err := r.parts(m)
		if err != nil || msg.GetMessageID() != want[0] || !strings.HasSuffix(p.text, "\n"+want[1]) {
			t.Errorf("%s: %s, %q %v", url, msg.GetMessageID(), p.text[len(p.text)-40:], err)
		}
	}
}
