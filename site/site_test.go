package site_test

import (
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/site"
)

// One row a sentence of what guards are to do, in Gin and in net/http.
func TestGuards(t *testing.T) {
	t.Parallel()
	for name, make := range map[string]func(*site.Site) http.Handler{"gin": ginHost, "net/http": netHost} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := founded(t, make)
			in := h.cookies
			h.cookies = map[string]string{}
			const there = "/auth/login?next=%2Fpage%3Fx%3D%252F%26y%3D2"
			for _, view := range []string{"/page", "/strong", "/admin", "/user"} {
				next := "/auth/login?next=" + url.QueryEscape(view)
				h.want("GET "+view, 303, next)
				h.want("HEAD "+view, 303, next)
				h.want("GET "+view, 303, next, "Accept: application/json")
				for _, method := range []string{"POST", "PUT", "DELETE", "PATCH", "OPTIONS"} {
					h.want(method+" "+view, 401, "")
				}
				h.want("POST "+view, 401, next, "HX-Request: true", "HX-Current-URL: "+public+view)
				h.want("GET "+view, 401, next, "HX-Request: true")
				h.want("POST "+view, 401, "/auth/login", "HX-Request: true")
			}
			h.want("GET /page?x=%2F&y=2", 303, there)
			h.want("GET /login", 200, "") // the application's own
			h.want("GET //evil.example/page", map[string]int{"gin": 404, "net/http": 307}[name], map[string]string{"net/http": "/evil.example/page"}[name])
			h.cookies = map[string]string{"nightlatch_session": "guessed", "__Host-nightlatch_session": in["nightlatch_session"]}
			h.want("GET /page", 303, "/auth/login?next=%2Fpage")

			h.cookies = in // level 1, no factor
			h.want("GET /page", 200, "")
			h.want("POST /page", 200, "", "Sec-Fetch-Site: same-origin")
			h.want("POST /page", 403, "", "Sec-Fetch-Site: cross-site")
			h.want("POST /page", 403, "", "Origin: https://evil.example")
			h.want("POST /page", 200, "", "Origin: "+public)
			h.want("GET /page", 200, "", "Sec-Fetch-Site: cross-site")
			h.want("GET /admin", 200, "")
			h.want("GET /user", 403, "")
			h.want("GET /nobody", 403, "")
			const up = "/auth/confirm?level=2&next=%2Fstrong"
			h.want("GET /strong", 303, up)
			h.want("HEAD /strong", 303, up, "Accept: text/html", "Sec-Fetch-Mode: navigate")
			h.want("GET /strong", 403, "", "Sec-Fetch-Mode: cors")
			h.want("GET /strong", 403, "", "Accept: application/json")
			h.want("POST /strong", 403, "")
			h.want("POST /strong", 403, up, "HX-Request: true", "HX-Current-URL: "+public+"/strong")

			h.enroll()
			p := h.do("GET", "/strong", "")
			if p.StatusCode != 200 || p.Header.Get("Who") != "ada admin totp" || p.Header.Get("Level") != "2" || p.Header.Get("Cache-Control") != "no-store" {
				t.Errorf("at level 2: %d %q", p.StatusCode, p.Header)
			}
			old := in["nightlatch_session"]
			h.do("POST", "/auth/logout", "")
			h.want("GET /page", 303, "/auth/login?next=%2Fpage")
			h.cookies["nightlatch_session"] = old // the one of level 2, which has ended
			h.want("GET /page", 303, "/auth/login?next=%2Fpage")
		})
	}
}

// The password alone opens no guarded page of somebody who has a factor.
func TestASignInFromAPageOfTheHost(t *testing.T) {
	t.Parallel()
	h := founded(t, ginHost)
	h.enroll()
	h.do("POST", "/auth/logout", "")
	if p := h.do("POST", "/auth/login", form("login", "ada", "password", password, "next", "/strong?x=1")); p.Header.Get("Location") != "/auth/login/challenge" {
		t.Errorf("led to %q", p.Header.Get("Location"))
	}
	h.want("GET /page", 303, "/auth/login?next=%2Fpage")
	if text := body(h.do("GET", "/auth/login/challenge", "")); !strings.Contains(text, `value="/strong?x=1"`) {
		t.Error("the second step forgot where it leads")
	}
}

// A session from before the first factor is of no use to a guard until it has
// passed it, also one that asks for nothing but a session or a role.
func TestASessionThatOwesAFactorOpensNothing(t *testing.T) {
	t.Parallel()
	h := founded(t, netHost)
	other := &host{t, h.site, h.handler, map[string]string{}}
	if p := other.do("POST", "/auth/login", form("login", "ada", "password", password)); p.Header.Get("Location") != "/auth/profile" {
		t.Fatalf("led to %q", p.Header.Get("Location"))
	}
	other.want("GET /page", 200, "")
	h.enroll()
	if p := other.do("GET", "/page", ""); p.StatusCode == 200 || p.Header.Get("Who") != "" {
		t.Errorf("a session that owes a factor: %d", p.StatusCode)
	}
	for _, view := range []string{"/strong", "/admin"} {
		if p := other.do("POST", view, ""); p.StatusCode != 401 && p.StatusCode != 403 {
			t.Errorf("%s: %d", view, p.StatusCode)
		}
	}
	h.want("GET /page", 200, "")
	// Two sessions of one account in one request: the stronger counts. One that nobody has beside a good one is no matter.
	r := httptest.NewRequest("GET", public+"/strong", nil)
	for _, value := range []string{"planted", other.cookies["nightlatch_session"], h.cookies["nightlatch_session"]} {
		r.AddCookie(&http.Cookie{Name: "nightlatch_session", Value: value})
	}
	w := httptest.NewRecorder()
	if h.handler.ServeHTTP(w, r); w.Code != 200 {
		t.Errorf("three values: %d", w.Code)
	}
}

func TestWhatIsNotKnownLetsNobodyIn(t *testing.T) {
	t.Parallel()
	h := founded(t, netHost)
	if err := h.site.Close(); err != nil {
		t.Fatal(err)
	}
	if p := h.do("GET", "/page", ""); p.StatusCode != 503 || p.Header.Get("Retry-After") == "" || p.Header.Get("Who") != "" {
		t.Errorf("with the database closed: %d", p.StatusCode)
	}
}

func TestMountKnowsItsPlace(t *testing.T) {
	t.Parallel()
	s := opened(t, nil)
	for at, fits := range map[string]bool{"/auth": true, "/auth/": true, "/": false, "/au": false, "/auth/x": false, "/Auth": false} {
		panicked := func() (panicked bool) {
			defer func() { panicked = recover() != nil }()
			s.Mount(gin.New().Group(at))
			return false
		}()
		if panicked == fits {
			t.Errorf("mounted at %s: panicked %t", at, panicked)
		}
	}
	root := opened(t, func(o *site.Options) { o.URL = public })
	e := gin.New()
	root.Mount(e)
	w := httptest.NewRecorder()
	if e.ServeHTTP(w, httptest.NewRequest("GET", public+"/login", nil)); w.Code != 200 {
		t.Errorf("at the root: %d", w.Code)
	}
}

// No type of the rooms behind it is part of what site promises.
func TestNothingLeaksThroughSite(t *testing.T) {
	t.Parallel()
	var look func(x reflect.Type, from string, seen map[reflect.Type]bool)
	look = func(x reflect.Type, from string, seen map[reflect.Type]bool) {
		if seen[x] {
			return
		}
		seen[x] = true
		if rest, ours := strings.CutPrefix(x.PkgPath(), "nightlatch.example/nightlatch/"); ours && rest != "site" {
			t.Errorf("%s shows %s", from, x)
			return
		}
		for i := range x.NumMethod() {
			m := x.Method(i).Type
			for j := range m.NumIn() {
				look(m.In(j), from+"."+x.Method(i).Name, seen)
			}
			for j := range m.NumOut() {
				look(m.Out(j), from+"."+x.Method(i).Name, seen)
			}
		}
		switch x.Kind() {
		case reflect.Pointer, reflect.Slice:
			look(x.Elem(), from, seen)
		case reflect.Struct:
			if strings.HasPrefix(x.PkgPath(), "nightlatch.example/") {
				for i := range x.NumField() {
					if f := x.Field(i); f.IsExported() {
						look(f.Type, from+"."+f.Name, seen)
					}
				}
			}
		}
	}
	for _, x := range []any{&site.Site{}, site.Options{}, site.Person{}, site.User} {
		look(reflect.TypeOf(x), reflect.TypeOf(x).String(), map[reflect.Type]bool{})
	}
}

// It reads no environment.
func TestTheEnvironmentIsNotRead(t *testing.T) {
	t.Setenv("NIGHTLATCH_NAME", "From outside")
	t.Setenv("NIGHTLATCH_URL", "http://elsewhere.example")
	s := opened(t, func(o *site.Options) { o.URL = "" })
	if !strings.HasPrefix(s.SetupLink(), "http://localhost:8080/setup?token=") {
		t.Errorf("the first admin is made at %q", s.SetupLink())
	}
	w := httptest.NewRecorder()
	s.Handler().ServeHTTP(w, httptest.NewRequest("GET", "http://localhost:8080/login", nil))
	if w.Code != 200 || strings.Contains(w.Body.String(), "From outside") || !slices.Contains(os.Environ(), "NIGHTLATCH_NAME=From outside") {
		t.Errorf("%d", w.Code)
	}
}
