package routes_test

import (
	"context"
	"encoding/base32"
	"io"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// line is a browser that reaches a site over a TCP proxy, which can lose an
// answer: the site gives it, and the connection ends.
type line struct {
	*sitetest.Site
	client *http.Client
	cut    atomic.Bool // the next answer is lost
}

func overLine(s *sitetest.Site) *line {
	s.T.Helper()
	proxy, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.T.Fatal(err)
	}
	s.T.Cleanup(func() { proxy.Close() })
	jar, _ := cookiejar.New(nil)
	l := &line{Site: s}
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "tcp", proxy.Addr().String())
	}
	l.client = &http.Client{Jar: jar, Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	go func() {
		for {
			conn, err := proxy.Accept()
			if err != nil {
				return
			}
			go l.carry(conn)
		}
	}()
	return l
}

// carry passes one connection on, or ends it when the site has answered.
func (l *line) carry(browser net.Conn) {
	defer browser.Close()
	site, err := net.Dial("tcp", strings.TrimPrefix(l.URL, "http://"))
	if err != nil {
		return
	}
	defer site.Close()
	go func() { _, _ = io.Copy(site, browser) }()
	first := make([]byte, 1)
	if n, _ := site.Read(first); n == 0 || l.cut.Swap(false) {
		return
	}
	_, _ = browser.Write(first)
	_, _ = io.Copy(browser, site)
}

// send sends a request; the error is that of a cut line.
func (l *line) send(method, path string, pairs ...string) (*sitetest.Page, error) {
	l.T.Helper()
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	r, err := http.NewRequestWithContext(l.T.Context(), method, l.URL+path, strings.NewReader(form.Encode()))
	if err != nil {
		l.T.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	got, err := l.client.Do(r)
	if err != nil {
		return nil, err
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	return &sitetest.Page{Status: got.StatusCode, Header: got.Header, Body: string(text), Location: got.Header.Get("Location")}, err
}

func (l *line) get(path string) *sitetest.Page {
	l.T.Helper()
	p, err := l.send(http.MethodGet, path)
	if err != nil {
		l.T.Fatal(err)
	}
	return p
}

// lose sends a form whose answer is lost, and sends it again.
func (l *line) lose(path string, pairs ...string) *sitetest.Page {
	l.T.Helper()
	l.cut.Store(true)
	if p, err := l.send(http.MethodPost, path, pairs...); err == nil {
		l.T.Fatalf("%s: the answer was not lost: %d", path, p.Status)
	}
	before := trail(l.Site)
	l.Mails()
	p, err := l.send(http.MethodPost, path, pairs...)
	if err != nil {
		l.T.Fatal(err)
	}
	if n, letters := trail(l.Site)-before, l.Mails(); n != 0 || len(letters) != 0 {
		l.T.Errorf("%s: sent again, it did %d more things and mailed %d times", path, n, len(letters))
	}
	return p
}

// An answer that was lost on the way is had by sending the form again: a
// sign-in with each step, and the recovery codes of a first factor.
func TestLostAnswerOfASignIn(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		for _, code := range []func() string{func() string { return s.Code(e.secret) }, func() string { return e.codes[0] }} {
			l := overLine(s)
			l.get("/login")
			kind := map[bool]string{true: "totp", false: "recovery"}[len(code()) == 6]
			l.lose("/login", "login", ada, "password", sitetest.Password, "next", "/profile/activity").Want(t, "/login/challenge")
			l.lose("/login/challenge/"+kind, "code", code(), "trust", "on").Want(t, "/profile/activity")
			l.get("/profile").WantStatus(t, 200)
		}
		if n := s.Account(ada).RecoveryLeft; n != 9 {
			t.Errorf("%d recovery codes left", n)
		}
		l := overLine(s)
		s.User("bob@example.com", identity.Member)
		l.get("/login")
		l.lose("/login", "login", "bob@example.com", "password", sitetest.Password).Want(t, "/profile")
		l.enroll()
		l.lose("/profile/password", "current", sitetest.Password, "password", newPassword).Want(t, "/profile?said=password")
		l.lose("/profile/name", "name", "Bob").Want(t, "/profile?said=name")
		if n := sessions(s, "bob@example.com"); n != 1 {
			t.Errorf("%d sessions", n)
		}
	}, listening)
}

// The same for what opens without a session.
func TestLostAnswerOfALink(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		l := overLine(s)
		token := s.Setup.Link("")[len("/setup?token="):]
		l.get("/setup?token=" + token)
		l.lose("/setup", "token", token, "login", ada, "password", newPassword).Want(t, "/profile/factors")
		l.enroll()
		l.lose("/admin/users", "login", "grace@example.com", "role", "user")
		x := overLine(s)
		l.cut.Store(true) // the invite's own mail came with the first answer
		_, _ = l.send(http.MethodPost, "/admin/users", "login", "kurt@example.com", "role", "user")
		link := letter(t, s, "/invite/").Link()
		x.get(link)
		x.lose(link, "name", "Kurt", "password", newPassword).Want(t, "/login?said=registered")

		x.get("/password/forgot")
		x.cut.Store(true)
		_, _ = x.send(http.MethodPost, "/password/forgot", "login", "kurt@example.com")
		link = letter(t, s, "/password/reset/").Link()
		x.get(link)
		x.lose(link, "password", newPassword+"2").Want(t, "/login?said=reset")

		x.get("/register")
		x.cut.Store(true)
		_, _ = x.send(http.MethodPost, "/register", "login", "eve@example.com", "password", newPassword, "once", "1")
		link = letter(t, s, "/email/verify/").Link()
		x.lose("/register", "login", "eve@example.com", "password", newPassword, "once", "1").Want(t, "/register?sent=1")
		x.get(link)
		x.lose(link, "password", newPassword).Want(t, "/login?said=registered")
	}, listening, openDoor)
}

// A file whose answer was lost makes its accounts once and mails once. A link
// that was shown to nobody is replaced by one that works.
func TestLostAnswerOfAFile(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		s.User(ada, identity.Admin)
		l := overLine(s)
		l.get("/login")
		l.lose("/login", "login", ada, "password", sitetest.Password).Want(t, "/profile")
		l.enroll()
		s.Mails()
		file := []string{"do", "1", "csv", "zoe@example.com,Zoe\nkurt,Kurt\n"}
		l.cut.Store(true)
		if _, err := l.send(http.MethodPost, "/admin/import", file...); err == nil {
			t.Fatal("the answer was not lost")
		}
		p, err := l.send(http.MethodPost, "/admin/import", file...)
		if err != nil {
			t.Fatal(err)
		}
		if p.WantStatus(t, 200); !strings.Contains(p.Text(), "2 accounts created") {
			t.Errorf("the page says %q", p.Text())
		}
		if n := len(s.Mails()); n != 1 {
			t.Errorf("%d mails", n)
		}
		hand := regexp.MustCompile("/invite/[A-Za-z0-9]+").FindString(p.Body)
		x := overLine(s)
		x.get(hand).WantStatus(t, 200)
		x.lose(hand, "name", "Kurt", "password", newPassword).Want(t, "/login?said=registered")
	}, listening)
}

// listening has a site at a real port.
func listening(c *sitetest.Config) { c.Server = true }

// enroll adds an app, the first factor, and loses each answer once.
func (l *line) enroll() {
	l.T.Helper()
	l.lose("/profile/factors/totp").Want(l.T, "/profile/factors/totp")
	text := regexp.MustCompile("secret=([A-Z2-7]+)").FindStringSubmatch(l.get("/profile/factors/totp").Body)[1]
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(text)
	if err != nil {
		l.T.Fatal(err)
	}
	l.lose("/profile/factors/totp/confirm", "code", l.Code(secret), "name", "Phone").Want(l.T, "/profile/factors/recovery?new=1")
	if p := l.get("/profile/factors/recovery.txt").WantStatus(l.T, 200); strings.Count(p.Body, "-") < 30 {
		l.T.Errorf("the codes are not shown: %s", p.Body)
	}
}
