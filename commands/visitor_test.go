package commands_test

import (
	"encoding/base32"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// visitor is a browser that talks to a running server.
type visitor struct {
	base   string
	client *http.Client
	from   string // X-Forwarded-For; empty sends none
}

// page is an answer. Status 0 means that the server went away meanwhile.
type page struct {
	status   int
	location string
	header   http.Header
	body     string
}

// waitReady waits until the server is ready for the first time, which it is once
// its mail worker has looked at the outbox. Tests that make it unready begin here.
func (s *server) waitReady() {
	s.t.Helper()
	waitFor(s.t, func() bool { return s.visitor().get("/readyz").status == http.StatusOK })
}

func (s *server) visitor() *visitor {
	jar, _ := cookiejar.New(nil)
	return &visitor{base: s.url, client: &http.Client{Jar: jar, Timeout: patience, Transport: transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

// transport keeps a hundred connections ready.
var transport = &http.Transport{MaxIdleConnsPerHost: 100}

func (v *visitor) get(path string) page { return v.do(http.MethodGet, path, nil) }

func (v *visitor) post(path string, pairs ...string) page {
	form := url.Values{}
	for i := 0; i+1 < len(pairs); i += 2 {
		form.Add(pairs[i], pairs[i+1])
	}
	return v.do(http.MethodPost, path, strings.NewReader(form.Encode()))
}

func (v *visitor) do(method, path string, body io.Reader) page {
	r, err := http.NewRequest(method, v.base+path, body)
	if err != nil {
		return page{}
	}
	if body != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	if v.from != "" {
		r.Header.Set("X-Forwarded-For", v.from)
	}
	got, err := v.client.Do(r)
	if err != nil {
		return page{}
	}
	defer got.Body.Close()
	text, err := io.ReadAll(got.Body)
	if err != nil {
		return page{}
	}
	return page{got.StatusCode, got.Header.Get("Location"), got.Header, string(text)}
}

// defaultPort is what the cookies of a site with the default URL carry.
const defaultPort = "_8080"

// cookie is the value of one of the visitor's cookies.
func (v *visitor) cookie(name string) string {
	at, _ := url.Parse(v.base)
	for _, c := range v.client.Jar.Cookies(at) {
		if c.Name == name || c.Name == name+defaultPort {
			return c.Value
		}
	}
	return ""
}

// password gives the first step of an account made by newAccount.
func (v *visitor) password(login string) page {
	return v.post("/login", "login", login, "password", sitetest.Password)
}

func (p page) want(t testing.TB, location string) page {
	t.Helper()
	if p.status != http.StatusSeeOther || p.location != location {
		t.Fatalf("led to %q with %d instead of %q", p.location, p.status, location)
	}
	return p
}

var shownSecret = regexp.MustCompile(`secret=([A-Z2-7]+)`)

// secret reads the pending secret off the enrollment page; nil when none is shown.
func (v *visitor) secret() []byte {
	m := shownSecret.FindStringSubmatch(v.get("/profile/factors/totp").body)
	if m == nil {
		return nil
	}
	secret, _ := base32.StdEncoding.WithPadding(base32.NoPadding).DecodeString(m[1])
	return secret
}

// code is what an app shows some steps from now.
func code(secret []byte, steps int64) string {
	c, _ := factors.TOTPCode(secret, time.Now().Unix()/factors.TOTPPeriod+steps)
	return c
}

// lastCode is the code of the step before, which servers take until this step
// ends. Where that is soon it waits for the next step.
func lastCode(secret []byte) string {
	if left := factors.TOTPPeriod - time.Now().Unix()%factors.TOTPPeriod; left <= 10 {
		time.Sleep(time.Duration(left) * time.Second)
	}
	return code(secret, -1)
}

// newAccount makes an account on the command line, and first the site if there
// is none yet.
func newAccount(t testing.TB, dir string, env []string, login string, more ...string) {
	t.Helper()
	if _, err := os.Stat(filepath.Join(dir, "data", "keys.json")); err != nil {
		must(t, dir, env, "", "migrate", "up")
	}
	must(t, dir, env, sitetest.Password+"\n", append([]string{"user", "add", login, "--password-stdin"}, more...)...)
}

// with gives the visitor a cookie.
func (v *visitor) with(name, value string) *visitor {
	name += defaultPort
	at, _ := url.Parse(v.base)
	v.client.Jar.SetCookies(at, []*http.Cookie{{Name: name, Value: value, Path: "/"}})
	return v
}
