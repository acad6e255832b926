package site_test

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/gin-gonic/gin"
	"github.com/pquerna/otp/totp"

	"nightlatch.example/nightlatch/site"
)

// host is an application of somebody else around a site, as a browser meets it.
type host struct {
	t       *testing.T
	site    *site.Site
	handler http.Handler
	cookies map[string]string
}

const (
	public   = "http://door.example"
	password = "a good long one 77 of mine"
)

func init() { gin.SetMode(gin.ReleaseMode) }

func opened(t *testing.T, change func(*site.Options)) *site.Site {
	t.Helper()
	o := site.Options{URL: public + "/auth", Log: slog.New(slog.DiscardHandler), Data: filepath.Join(t.TempDir(), "data")}
	if change != nil {
		change(&o)
	}
	s, err := site.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// tell writes who is signed in, as a view of the application would.
func tell(w http.ResponseWriter, r *http.Request) {
	p, ok := site.PersonFrom(r.Context())
	if !ok {
		http.Error(w, "nobody", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Who", p.Login+" "+string(p.Role)+" "+p.Factor)
	w.Header().Set("Level", string(rune('0'+p.Level)))
}

// ginHost has its views in Gin, and netHost the same ones in net/http.
func ginHost(s *site.Site) http.Handler {
	r := gin.New()
	s.Mount(r.Group("/auth"))
	r.Any("/page", s.RequireSession(), gin.WrapF(tell))
	r.Any("/strong", s.RequireOTP(), func(c *gin.Context) {
		if p, ok := site.PersonFrom(c); !ok || p.Level != 2 {
			c.Status(http.StatusTeapot)
		}
		tell(c.Writer, c.Request)
	})
	r.Any("/admin", s.RequireRole(site.Admin), gin.WrapF(tell))
	r.Any("/user", s.RequireRole(site.User), gin.WrapF(tell))
	r.Any("/nobody", s.RequireRole(), gin.WrapF(tell))
	r.GET("/login", func(c *gin.Context) { c.String(http.StatusOK, "the host's own") })
	return r
}

func netHost(s *site.Site) http.Handler {
	m := http.NewServeMux()
	m.Handle("/auth/", s.Handler())
	m.Handle("/page", s.RequireSessionHTTP(http.HandlerFunc(tell)))
	m.Handle("/strong", s.RequireOTPHTTP(http.HandlerFunc(tell)))
	m.Handle("/admin", s.RequireRoleHTTP(site.Admin)(http.HandlerFunc(tell)))
	m.Handle("/user", s.RequireRoleHTTP(site.User)(http.HandlerFunc(tell)))
	m.Handle("/nobody", s.RequireRoleHTTP()(http.HandlerFunc(tell)))
	m.HandleFunc("GET /login", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("the host's own")) })
	return m
}

// do sends a request; header lines are "Name: value".
func (h *host) do(method, path, form string, header ...string) *http.Response {
	h.t.Helper()
	r := httptest.NewRequest(method, public+path, strings.NewReader(form))
	r.RequestURI = path
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	for _, line := range header {
		name, value, _ := strings.Cut(line, ": ")
		r.Header.Set(name, value)
	}
	for name, value := range h.cookies {
		r.AddCookie(&http.Cookie{Name: name, Value: value})
	}
	w := httptest.NewRecorder()
	h.handler.ServeHTTP(w, r)
	for _, x := range w.Result().Cookies() {
		if h.cookies[x.Name] = x.Value; x.MaxAge < 0 {
			delete(h.cookies, x.Name)
		}
	}
	return w.Result()
}

// want sends a request and checks its status and where it leads.
func (h *host) want(request string, status int, to string, header ...string) {
	h.t.Helper()
	method, path, _ := strings.Cut(request, " ")
	p := h.do(method, path, "", header...)
	got := p.Header.Get("Location") + p.Header.Get("HX-Redirect")
	if p.StatusCode != status || got != to {
		h.t.Errorf("%s %v: %d to %q instead of %d to %q", request, header, p.StatusCode, got, status, to)
	}
	if status != http.StatusOK && p.Header.Get("Who") != "" {
		h.t.Errorf("%s: the view was shown", request)
	}
}

func form(pairs ...string) string {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v.Encode()
}

// founded is an application whose admin is signed in at level 1.
func founded(t *testing.T, make func(*site.Site) http.Handler) *host {
	t.Helper()
	s := opened(t, nil)
	h := &host{t, s, make(s), map[string]string{}}
	token := s.SetupLink()[strings.Index(s.SetupLink(), "token=")+len("token="):]
	if p := h.do("POST", "/auth/setup", form("token", token, "login", "ada", "password", password)); p.Header.Get("Location") != "/auth/profile/factors" {
		t.Fatalf("the first admin: %d to %q", p.StatusCode, p.Header.Get("Location"))
	}
	return h
}

func body(p *http.Response) string {
	b := make([]byte, 1<<20)
	n, text := 0, strings.Builder{}
	for err := error(nil); err == nil; {
		n, err = p.Body.Read(b)
		text.Write(b[:n])
	}
	return text.String()
}

// enroll gives the admin an app, which is level 2.
func (h *host) enroll() {
	h.t.Helper()
	h.do("POST", "/auth/profile/factors/totp", "")
	m := regexp.MustCompile(`secret=([A-Z2-7]+)`).FindStringSubmatch(body(h.do("GET", "/auth/profile/factors/totp", "")))
	if m == nil {
		h.t.Fatal("no secret is shown")
	}
	code, err := totp.GenerateCode(m[1], time.Now())
	if err != nil {
		h.t.Fatal(err)
	}
	if p := h.do("POST", "/auth/profile/factors/totp/confirm", form("code", code, "name", "Phone")); p.StatusCode != http.StatusSeeOther {
		h.t.Fatalf("no app: %d %s", p.StatusCode, body(p))
	}
}
