package sitetest

import (
	"bytes"
	"encoding/base32"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"

	"nightlatch.example/nightlatch/factors"
)

// Browser is one browser with its cookies.
type Browser struct {
	*Site
	HTMX    bool
	Header  http.Header // sent with every request
	Address string      // remote address, 203.0.113.7:4711 when empty
	jar     http.CookieJar
}

// Browser opens a fresh browser; in an HTMX run of Each its requests are HTMX's.
func (s *Site) Browser() *Browser {
	jar, _ := cookiejar.New(nil)
	return &Browser{Site: s, HTMX: s.htmx, Header: http.Header{}, jar: jar}
}

// Get asks for a page. Pages are asked for without HTMX.
func (b *Browser) Get(path string) *Page { return b.Do(http.MethodGet, path, nil, false) }

// Post sends a form of name and value pairs.
func (b *Browser) Post(path string, pairs ...string) *Page {
	v := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		v.Add(pairs[i], pairs[i+1])
	}
	return b.Do(http.MethodPost, path, strings.NewReader(v.Encode()), b.HTMX)
}

// Do sends any request; a body is sent as a form unless Header says otherwise.
func (b *Browser) Do(method, path string, body io.Reader, asHTMX bool) *Page {
	r := httptest.NewRequest(method, b.URL+path, body)
	for k, v := range b.Header {
		r.Header[k] = v
	}
	if body != nil && r.Header.Get("Content-Type") == "" {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if asHTMX {
		r.Header.Set("HX-Request", "true")
	}
	if host := b.Header.Get("Host"); host != "" {
		r.Host = host
	}
	if r.RemoteAddr = b.Address; r.RemoteAddr == "" {
		r.RemoteAddr = "203.0.113.7:4711"
	}
	base, _ := url.Parse(b.URL)
	for _, c := range b.jar.Cookies(base) {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.Handler.ServeHTTP(w, r)
	got := w.Result()
	b.jar.SetCookies(base, got.Cookies())
	text, _ := io.ReadAll(got.Body)
	p := &Page{Status: got.StatusCode, Header: got.Header, Body: string(text), Cookies: got.Cookies()}
	if p.Location = got.Header.Get("Location"); p.Location == "" {
		p.Location = got.Header.Get("HX-Redirect")
	}
	p.Location = resolve(b.URL, p.Location)
	return p
}

// Cookie is the value of one of the browser's cookies; empty when it has none.
func (b *Browser) Cookie(name string) string {
	base, _ := url.Parse(b.URL)
	for _, c := range b.jar.Cookies(base) {
		if c.Name == b.CookieName(name) {
			return c.Value
		}
	}
	return ""
}

// CookieName is how one of the site's cookies is called there: with its port,
// where it is http on a port of its own. Other names stay.
func (s *Site) CookieName(name string) string {
	base, _ := url.Parse(s.URL)
	if port := base.Port(); base.Scheme == "http" && port != "" && port != "80" && strings.HasPrefix(name, "nightlatch_") && !strings.HasSuffix(name, "_"+port) {
		return name + "_" + port
	}
	return name
}

// SetCookie gives the browser a cookie.
func (b *Browser) SetCookie(name, value string) {
	base, _ := url.Parse(b.URL)
	b.jar.SetCookies(base, []*http.Cookie{{Name: b.CookieName(name), Value: value, Path: "/"}})
}

// Clone is another browser with the same cookies.
func (b *Browser) Clone() *Browser {
	c := b.Site.Browser()
	base, _ := url.Parse(b.URL)
	c.jar.SetCookies(base, b.jar.Cookies(base))
	c.HTMX, c.Address = b.HTMX, b.Address
	return c
}

// Password gives the first step.
func (b *Browser) Password(name string) *Page {
	return b.Post("/login", "login", name, "password", Password)
}

// SignIn gives the first step of an account without a factor.
func (b *Browser) SignIn(name string) *Browser {
	b.T.Helper()
	b.Password(name).Want(b.T, "/profile")
	return b
}

// SignInTOTP gives both steps. It moves the clock one step on first, so that
// the code was never used.
func (b *Browser) SignInTOTP(name string, secret []byte) *Browser {
	b.T.Helper()
	b.Advance(factors.TOTPPeriod * 1e9)
	b.Password(name).Want(b.T, "/login/challenge")
	b.Post("/login/challenge/totp", "code", b.Code(secret)).Want(b.T, "/profile")
	return b
}

// Code is what an authenticator app shows now.
func (s *Site) Code(secret []byte) string { return s.CodeAt(secret, 0) }

// CodeAt is what an app shows some steps from now.
func (s *Site) CodeAt(secret []byte, steps int64) string {
	s.T.Helper()
	code, err := factors.TOTPCode(secret, s.Now().Unix()/factors.TOTPPeriod+steps)
	if err != nil {
		s.T.Fatal(err)
	}
	return code
}

var secretInLink = regexp.MustCompile(`otpauth://totp/[^"]*?secret=([A-Z2-7]+)`)

// PendingSecret reads the secret off the enrollment page.
func (b *Browser) PendingSecret() []byte {
	b.T.Helper()
	m := secretInLink.FindStringSubmatch(b.Get("/profile/factors/totp").Body)
	if m == nil {
		b.T.Fatal("no pending secret is shown")
	}
	secret, err := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(m[1])
	if err != nil {
		b.T.Fatal(err)
	}
	return secret
}

// EnrollTOTP adds an authenticator app, which must be the first factor.
func (b *Browser) EnrollTOTP() (secret []byte) {
	b.T.Helper()
	b.Post("/profile/factors/totp").Want(b.T, "/profile/factors/totp")
	secret = b.PendingSecret()
	p := b.Post("/profile/factors/totp/confirm", "code", b.Code(secret), "name", "Phone")
	if p.Location != "/profile/factors/recovery?new=1" && p.Location != "/profile?said=factor-added" {
		b.T.Fatalf("the app was not added: %d %q", p.Status, p.Alert())
	}
	return secret
}

// EnrollEmail adds an address; empty is the account's own.
func (b *Browser) EnrollEmail(to string) {
	b.T.Helper()
	b.Post("/profile/factors/email", "address", to).Want(b.T, "/profile/factors/email")
	p := b.Post("/profile/factors/email/confirm", "code", b.LastCode(to))
	if p.Location != "/profile/factors/recovery?new=1" && p.Location != "/profile?said=factor-added" {
		b.T.Fatalf("the address was not added: %d %q", p.Status, p.Alert())
	}
}

var recoveryCode = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)

// RecoveryCodes reads the unused codes; the session must be freshly confirmed.
func (b *Browser) RecoveryCodes() []string {
	b.T.Helper()
	return recoveryCode.FindAllString(b.Get("/profile/factors/recovery.txt").WantStatus(b.T, 200).Body, -1)
}

// Factor finds the id of a factor by its name.
func (b *Browser) Factor(name string) string {
	b.T.Helper()
	creds, err := b.Store.Credentials(b.T.Context(), b.AccountOf().ID)
	if err != nil {
		b.T.Fatal(err)
	}
	for _, c := range creds {
		if c.Name == name {
			return c.ID
		}
	}
	b.T.Fatalf("no factor %q", name)
	return ""
}

// Body makes a request body of text.
func Body(text string) io.Reader { return bytes.NewReader([]byte(text)) }
