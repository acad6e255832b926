package mail

import (
	"regexp"
	"strings"
	"testing"
)

var anyLink = regexp.MustCompile(`(?i)[a-z]+://[^\s"<]+|www\.\S+`)

// What a stranger chose, a login, a name, a reason, never becomes a link in a
// mail, in neither part of it.
func TestStrangersTextIsNoLink(t *testing.T) {
	t.Parallel()
	r := newRenderer(t)
	for _, evil := range []string{
		"https://evil.example/login", "Click http://evil.example/?a=b now", "HTTPS://EVIL.EXAMPLE", "javascript:alert(1)",
		"www.evil.example", "evil.com", "Visit evil.com.", "(evil.com)", "evil.com/login", "evil.example/login", "a@evil.com/login", "evil。com",
		"вход.рф", "mailto:eve@evil.com", "evil.co.uk", "x.evil.com:8443/path", "\"evil.com\"", "a/https://evil.com", "ftp://1.2.3.4/x",
	} {
		for name := range templates {
			m := sampleMessage(name)
			for key := range m.Data {
				if !ours[key] {
					m.Data[key] = evil
				}
			}
			p, err := r.parts(m)
			if err != nil {
				t.Fatal(err)
			}
			for _, part := range []string{p.subject, p.text, p.html} {
				for _, link := range anyLink.FindAllString(part, -1) {
					if !strings.HasPrefix(link, "https://id.example.com") {
						t.Errorf("%s: %q became %q", name, evil, link)
					}
				}
				if strings.Contains(strings.ToLower(part), "evil.") || strings.Contains(part, "вход.рф") {
					t.Errorf("%s: %q stands in the mail", name, evil)
				}
			}
		}
	}
}

// templateNames and logins that are no addresses stay as they were written.
func TestPlainNamesStay(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"ada@example.com", "ada.lovelace", "Dr. Ada Byron", "Phone 2.0", "Team: Red", "O’Brien", "Jürgen", "a/b", "left the house."} {
		if got := clean("name", name); got != name {
			t.Errorf("%q became %q", name, got)
		}
	}
	if got := clean("name", strings.Repeat("ü", 500)); len([]rune(got)) != shortText {
		t.Errorf("%d characters", len([]rune(got)))
	}
}
