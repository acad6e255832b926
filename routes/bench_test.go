package routes_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
)

// databases runs a benchmark on both databases.
func databases(b *testing.B, do func(b *testing.B, s *sitetest.Site)) {
	for _, db := range []string{"sqlite", "postgres"} {
		b.Run(db, func(b *testing.B) {
			do(b, sitetest.New(b, func(c *sitetest.Config) {
				if db == "postgres" {
					c.Database = pgtest.DSN(b)
				}
			}))
		})
	}
}

// BenchmarkVerify is what a reverse proxy asks for every request of every
// application.
func BenchmarkVerify(b *testing.B) {
	databases(b, func(b *testing.B, s *sitetest.Site) {
		s.User("ada", identity.Member)
		x := s.Browser().SignIn("ada")
		cookie := &http.Cookie{Name: x.CookieName("nightlatch_session"), Value: x.Cookie("nightlatch_session")}
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				r := httptest.NewRequest("GET", "/verify", nil)
				r.AddCookie(cookie)
				w := httptest.NewRecorder()
				if s.Handler.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Code)
				}
			}
		})
	})
}

// BenchmarkVerifyForward is a question about an application on another host, by the
// pass: without rules, and with 200 of them of which the last fits.
func BenchmarkVerifyForward(b *testing.B) {
	var rules strings.Builder
	rules.WriteString("rules:\n")
	for i := range 199 {
		fmt.Fprintf(&rules, "  - {host: app%d.example.com, path: [/admin, 're:^/team-[0-9]+/'], methods: [GET, POST], networks: [10.%d.0.0/16], group: [a, b]}\n", i%10, i)
	}
	rules.WriteString("  - {host: app3.example.com, path: /reports, level: 1}\n")
	for name, text := range map[string]string{"none": "", "200": rules.String()} {
		b.Run(name, func(b *testing.B) {
			s := sitetest.New(b, atAuth, func(c *sitetest.Config) { c.Rules = text })
			s.User("ada", identity.Member)
			x := s.Browser().SignIn("ada")
			cookie := &http.Cookie{Name: "nightlatch_pass", Value: x.Cookie("nightlatch_pass")}
			b.RunParallel(func(pb *testing.PB) {
				for pb.Next() {
					r := httptest.NewRequest("GET", "/verify/forward", nil)
					r.RemoteAddr = "127.0.0.1:1"
					r.AddCookie(cookie)
					r.Header.Set("X-Forwarded-Method", "GET")
					r.Header.Set("X-Forwarded-Proto", "http")
					r.Header.Set("X-Forwarded-Host", "app3.example.com")
					r.Header.Set("X-Forwarded-Uri", "/reports/7?from=a")
					r.Header.Set("X-Forwarded-For", "203.0.113.7")
					w := httptest.NewRecorder()
					if s.Handler.ServeHTTP(w, r); w.Code != 200 {
						b.Fatal(w.Code)
					}
				}
			})
		})
	}
}

// BenchmarkLogin is a complete two-factor sign-in (three requests and the
// profile), with a password hash that costs next to nothing.
func BenchmarkLogin(b *testing.B) {
	databases(b, func(b *testing.B, s *sitetest.Site) {
		const people = 50
		secrets := make([][]byte, people)
		for i := range people {
			name := fmt.Sprintf("person%d", i)
			s.User(name, identity.Member)
			secrets[i] = s.Browser().SignIn(name).EnrollTOTP()
		}
		start := cpu()
		b.ResetTimer()
		for i := range b.N {
			if i%people == 0 {
				s.Advance(30e9)
			}
			x := s.Browser()
			x.Password(fmt.Sprintf("person%d", i%people)).Want(b, "/login/challenge")
			x.Get("/login/challenge")
			x.Post("/login/challenge/totp", "code", s.Code(secrets[i%people])).Want(b, "/profile")
		}
		b.ReportMetric(float64(cpu()-start)/float64(b.N)/1e6, "cpu-ms/op")
	})
}

// BenchmarkProfile is a signed-in page.
func BenchmarkProfile(b *testing.B) {
	databases(b, func(b *testing.B, s *sitetest.Site) {
		s.User("ada", identity.Member)
		x := s.Browser().SignIn("ada")
		x.EnrollTOTP()
		for range b.N {
			x.Get("/profile").WantStatus(b, 200)
		}
	})
}
