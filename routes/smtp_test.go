package routes_test

import (
	"fmt"
	"io"
	"log"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-smtp"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// postOffice is a real mail server that is down until it is opened.
type postOffice struct {
	address string
	got     chan []byte
	refuse  *smtp.SMTPError // its answer to any recipient; nil takes them
}

// newPostOffice has an address and does not answer there yet.
func newPostOffice(t *testing.T) *postOffice {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return &postOffice{address: l.Addr().String(), got: make(chan []byte, 100)}
}

// open begins to take mail; close ends it.
func (p *postOffice) open(t *testing.T) (close func()) {
	t.Helper()
	l, err := net.Listen("tcp", p.address)
	if err != nil {
		t.Fatal(err)
	}
	server := smtp.NewServer(smtp.BackendFunc(func(*smtp.Conn) (smtp.Session, error) { return desk{p}, nil }))
	server.Domain, server.ErrorLog = "localhost", log.New(io.Discard, "", 0)
	done := make(chan struct{})
	go func() { defer func() { done <- struct{}{} }(); _ = server.Serve(l) }()
	return func() { _ = server.Close(); <-done }
}

// desk takes one mail.
type desk struct{ *postOffice }

func (desk) Reset()                               {}
func (desk) Logout() error                        { return nil }
func (desk) Mail(string, *smtp.MailOptions) error { return nil }
func (d desk) Rcpt(string, *smtp.RcptOptions) error {
	if d.refuse != nil {
		return d.refuse
	}
	return nil
}
func (d desk) Data(r io.Reader) error {
	raw, err := io.ReadAll(r)
	d.got <- raw
	return err
}

// letters are the mails that were taken since the last look.
func (p *postOffice) letters(s *sitetest.Site) (list []sitetest.Letter) {
	s.Mails()
	for len(p.got) > 0 {
		list = append(list, s.ReadLetter(<-p.got))
	}
	return list
}

// codeTo is the one code that was taken for an address.
func (p *postOffice) codeTo(t *testing.T, s *sitetest.Site, to string) (code string) {
	t.Helper()
	for _, l := range p.letters(s) {
		if c := l.Code(); c != "" && l.To == to && code == "" {
			code = c
		} else if c != "" {
			t.Errorf("a second code, to %s", l.To)
		}
	}
	if code == "" {
		t.Fatalf("no code came for %s", to)
	}
	return code
}

// A mail server that is down blocks no page and
// loses nothing.
func TestMailServerIsDown(t *testing.T) {
	office := newPostOffice(t)
	sitetest.EachInTurn(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada", identity.Member)
		b := s.Browser().SignIn("ada")
		b.EnrollTOTP()
		codes := b.RecoveryCodes()
		closeOffice := office.open(t)
		b.Post("/profile/factors/email", "address", "ada@example.com").Want(t, "/profile/factors/email")
		b.Post("/profile/factors/email/confirm", "code", office.codeTo(t, s, "ada@example.com")).Want(t, "/profile?said=factor-added")
		office.letters(s)
		closeOffice()
		s.Advance(61 * time.Second)

		p := pendingOf(t, s, "ada")
		p.Post("/login/challenge/email/code").Want(t, askedFor)
		s.Mails() // the worker finds nobody
		page := p.Get(askedFor).WantStatus(t, 200)
		for _, want := range []string{"on its way to a•••@example.com", "Authenticator app", "Recovery code", "another in 60 seconds"} {
			if !strings.Contains(page.Text(), want) {
				t.Errorf("the page does not say %q: %s", want, page.Text())
			}
		}
		if strings.Contains(page.Text(), "We sent") || page.Alert() != "" {
			t.Errorf("the page says what it cannot know: %s", page.Text())
		}
		p.Get("/login/challenge?factor=totp").WantStatus(t, 200)
		pendingOf(t, s, "ada").Post("/login/challenge/recovery", "code", codes[0]).Want(t, "/profile") // another way works at once

		defer office.open(t)()
		s.Advance(20 * time.Second) // the worker waited 5, then 15 seconds
		p.Post("/login/challenge/email", "code", office.codeTo(t, s, "ada@example.com")).Want(t, "/profile")
		p.Get("/verify?level=2").WantStatus(t, 200)
		s.Advance(time.Hour)
		for _, l := range office.letters(s) {
			if l.Code() != "" {
				t.Error("the code came twice")
			}
		}
	}, func(c *sitetest.Config) { c.Mail = "smtp://" + office.address + "?tls=none" })
}

// A code that has expired is not delivered late; what an owner must know is.
func TestMailServerIsDownForLong(t *testing.T) {
	office := newPostOffice(t)
	s := sitetest.New(t, func(c *sitetest.Config) { c.Mail = "smtp://" + office.address + "?tls=none" })
	s.User("ada@example.com", identity.Member)
	b := s.Browser().SignIn("ada@example.com")
	b.EnrollTOTP()
	b.Post("/profile/factors/email").Want(t, "/profile/factors/email")
	for range 30 {
		s.Mails()
		s.Advance(time.Minute)
	}
	defer office.open(t)()
	s.Advance(time.Hour) // the longest that the worker waits
	var subjects []string
	for _, l := range office.letters(s) {
		if l.Code() != "" {
			t.Error("an expired code was delivered")
		}
		subjects = append(subjects, l.Subject)
	}
	if len(subjects) != 2 { // factor added, recovery codes made
		t.Errorf("mails: %q", subjects)
	}
}

// What the page and the mail show, and what they do not.
func TestWhatTheCodeMailSays(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		mailOwner(t, s)
		for address, shown := range map[string]string{"198.51.100.77:5000": "198.51.100.x", "[2001:db8:1:2:3:4:5:6]:5000": "2001:db8:1:2::/64"} {
			b := s.Browser()
			b.Address = address
			b.Header.Set("User-Agent", "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:145.0) Gecko/20100101 Firefox/145.0")
			b.Password("ada").Want(t, "/login/challenge")
			page := b.Get(askedFor).Body
			b.Post("/login/challenge/email/code").Want(t, askedFor)
			for _, body := range []string{page, b.Get(askedFor).Body} {
				if strings.Contains(body, "ada@example.com") || !strings.Contains(body, "a•••@example.com") {
					t.Error("the address is not masked")
				}
			}
			letters := s.Mails()
			if len(letters) != 1 || letters[0].To != "ada@example.com" {
				t.Fatalf("mails: %+v", letters)
			}
			l := letters[0]
			code := l.Code()
			if from := l.Header.Get("From"); from != `"Nightlatch" <nightlatch@localhost>` {
				t.Errorf("from %q", from)
			}
			lines := strings.Split(strings.TrimSpace(l.Text), "\n")
			if last := lines[len(lines)-1]; code == "" || last != "@localhost #"+code {
				t.Errorf("the last line is %q", last)
			}
			for _, part := range []string{l.Text, l.HTML} {
				for _, want := range []string{code, "Firefox on Windows", shown, "23 November 2026, " + s.Now().Format("15:04") + " UTC", "5 minutes"} {
					if !strings.Contains(part, want) {
						t.Errorf("the mail does not say %q:\n%s", want, part)
					}
				}
				if strings.Contains(part, ".77") || strings.Contains(part, "3:4:5:6") {
					t.Error("the mail tells the whole address")
				}
			}
			if strings.Contains(l.Subject, code) {
				t.Errorf("the subject shows the code: %q", l.Subject)
			}
			s.Advance(61 * time.Second)
		}
	})
}

// Links lead to the configured origin, whatever is asked for.
func TestLinksUseTheConfiguredOrigin(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User("ada@example.com", identity.Member)
		b := s.Browser()
		for name, value := range map[string]string{"Host": "evil.example", "X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "https",
			"Forwarded": "host=evil.example;proto=https", "X-Original-Host": "evil.example", "X-Forwarded-Port": "666", "X-Forwarded-Server": "evil.example",
			"X-Original-Url": "/evil.example", "X-Rewrite-Url": "/evil.example"} {
			b.Header.Set(name, value)
		}
		b.Address = "127.0.0.1:4711" // a trusted proxy
		b.Post("/password/forgot", "login", "ada@example.com")
		b.SignIn("ada@example.com")
		b.Post("/email/verify")
		b.EnrollTOTP()
		s.Advance(61 * time.Second)
		b.Post("/profile/email", "email", "new@example.com")
		links := 0
		for _, l := range s.Mails() {
			if strings.Contains(l.Text+l.HTML+fmt.Sprint(l.Header), "evil") || strings.Contains(l.Text+l.HTML, "https://localhost") {
				t.Errorf("%q was led astray:\n%s", l.Subject, l.Text)
			}
			if strings.Contains(l.Text, "http://localhost:8080/") {
				links++
			}
		}
		if links < 4 {
			t.Errorf("only %d mails have a link", links)
		}
		if body := b.Get("/profile").Body; strings.Contains(body, "evil") {
			t.Error("the page shows the request's host")
		}
	}, func(c *sitetest.Config) { c.Proxies = "127.0.0.0/8" })
}
