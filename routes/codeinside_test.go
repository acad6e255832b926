package routes_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// A code that was typed, mailed or shown by an app is in no answer,
// header, log or URL.
func TestCodesStayInside(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		var shown strings.Builder
		see := func(p *sitetest.Page) { fmt.Fprintln(&shown, p.Header, p.Cookies, p.Body) }
		b := pend(s, ada)
		mail := mailed(b)
		app := s.Code(e.secret)
		for _, c := range [][2]string{{"email", another(mail)}, {"totp", another(app)}, {"recovery", e.codes[1] + "x"}, {"totp", app}} {
			see(b.Get("/login/challenge?factor=" + c[0]))
			see(b.Post("/login/challenge/"+c[0], "code", c[1]))
		}
		see(pend(s, ada).Post("/login/challenge/recovery", "code", e.codes[1]))
		see(b.Get("/profile"))
		see(b.Get("/profile/activity"))
		all := shown.String() + s.Stored()
		for _, code := range []string{mail, another(mail), app, another(app), e.codes[1], strings.ReplaceAll(e.codes[1], "-", "")} {
			if i := strings.Index(all, code); i >= 0 && !hexAround(all, i, len(code)) {
				t.Errorf("%s: …%q…", code, all[max(0, i-60):min(len(all), i+60)])
			}
		}
	})
}

// hexAround says that digits are part of a longer hash, not a code.
func hexAround(all string, i, n int) bool {
	const hex = "0123456789abcdefABCDEF"
	return i > 0 && strings.ContainsRune(hex, rune(all[i-1])) || i+n < len(all) && strings.ContainsRune(hex, rune(all[i+n]))
}

// Other verbs answer 405, say which are right, and count nothing.
func TestOtherVerbs(t *testing.T) {
	sitetest.Each(t, func(t *testing.T, s *sitetest.Site) {
		e := equip(s, ada)
		declared := declaredVerbs(s)
		b := pend(s, ada)
		for path, methods := range declared {
			for _, verb := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND", "post"} {
				if slices.Contains(methods, verb) || path == "/verify/forward" { // that one answers the visitor's own method
					continue
				}
				for range 2 {
					body := "login=" + ada + "&password=" + wrong + "&code=" + s.Code(e.secret)
					p := b.Do(verb, path, sitetest.Body(body), b.HTMX)
					if p.Status != http.StatusMethodNotAllowed || p.Header.Get("Allow") == "" || len(p.Cookies) > 0 {
						t.Errorf("%s %s: %d, allowed %q, cookies %v", verb, path, p.Status, p.Header.Get("Allow"), p.Cookies)
					}
				}
			}
		}
		// A way around by a hidden field or a header is none either.
		b.Header = http.Header{"X-Http-Method-Override": {"POST"}}
		b.Get("/login/challenge/totp?_method=POST&code="+s.Code(e.secret)).WantStatus(t, 405)
		b.Header = http.Header{}
		b.Post("/login/challenge/totp", "code", s.Code(e.secret)).Want(t, "/profile")
		fails(s.Browser(), ada, 4)
		s.Browser().Password(ada).Want(t, "/login/challenge")
	})
}
