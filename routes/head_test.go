package routes_test

import (
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"nightlatch.example/nightlatch/internal/sitetest"
)

// HEAD is answered like GET, on every path and for everyone: the same status and
// headers, and no body.
func TestHeadIsGetWithoutABody(t *testing.T) {
	s := sitetest.New(t, func(c *sitetest.Config) { c.Server = true })
	boss := s.Admin("boss@example.com")
	ask := func(b *sitetest.Browser, method, path string) (status int, header http.Header, body string) {
		r, err := http.NewRequest(method, s.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		if b != nil {
			r.AddCookie(&http.Cookie{Name: b.CookieName("nightlatch_session"), Value: b.Cookie("nightlatch_session")})
		}
		client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		got, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer got.Body.Close()
		text, _ := io.ReadAll(got.Body)
		for _, name := range []string{"X-Request-Id", "Date", "Content-Length"} { // a long page has no length before its end
			got.Header.Del(name)
		}
		return got.StatusCode, got.Header, string(text)
	}
	for _, b := range []*sitetest.Browser{nil, boss} {
		for _, r := range append(table(s), row{"GET", "/verify?level=2", ""}, row{"GET", "/verify?level=3", ""}, row{"GET", "/nothing", ""}) {
			if r.method != http.MethodGet {
				continue
			}
			status, header, _ := ask(b, "GET", r.path)
			gotStatus, got, body := ask(b, "HEAD", r.path)
			if gotStatus != status || body != "" {
				t.Errorf("HEAD %s: %d with %d bytes, GET: %d", r.path, gotStatus, len(body), status)
			}
			for _, name := range slices.Sorted(maps.Keys(header)) {
				if fmt.Sprint(got[name]) != fmt.Sprint(header[name]) && !strings.HasPrefix(name, "Set-Cookie") {
					t.Errorf("HEAD %s: %s is %q, for GET %q", r.path, name, got[name], header[name])
				}
			}
		}
	}
}
