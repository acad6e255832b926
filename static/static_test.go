package static

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"
)

func get(s *Static, method, path, encoding string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	r := httptest.NewRequest(method, "http://localhost/", nil)
	r.URL.Path = path
	r.Header.Set("Accept-Encoding", encoding)
	s.ServeHTTP(w, r)
	return w
}

func TestServesHashedNames(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, kind := range map[string]string{
		"app.css": "text/css", "app.js": "text/javascript", "favicon.svg": "image/svg+xml",
		"vendor/htmx.min.js": "text/javascript", "vendor/oat.min.css": "text/css",
	} {
		p := s.Path(name)
		if !regexp.MustCompile(`^/static/.+\.[0-9a-f]{12}\.\w+$`).MatchString(p) {
			t.Errorf("%s is at %q", name, p)
		}
		w := get(s, "GET", p, "")
		h := w.Header()
		if w.Code != 200 || !strings.HasPrefix(h.Get("Content-Type"), kind) || !strings.Contains(h.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %d %v", name, w.Code, h)
		}
		z := get(s, "GET", p, "br, gzip")
		r, err := gzip.NewReader(z.Body)
		if err != nil {
			t.Fatalf("%s is not compressed: %v", name, err)
		}
		if plain, _ := io.ReadAll(r); string(plain) != w.Body.String() {
			t.Errorf("%s differs when compressed", name)
		}
		if head := get(s, "HEAD", p, ""); head.Code != 200 || head.Body.Len() != 0 {
			t.Errorf("HEAD %s: %d with %d bytes", name, head.Code, head.Body.Len())
		}
	}
}

func TestRefusesTheRest(t *testing.T) {
	s, err := New(nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range []string{"/static/", "/static/app.css", "/static/app.000000000000.css", "/static/../app.css", "/static/vendor/README.md"} {
		if w := get(s, "GET", p, ""); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", p, w.Code)
		}
	}
	if w := get(s, "POST", s.Path("app.css"), ""); w.Code != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d", w.Code)
	}
	if s.Path("nothing.css") != "" {
		t.Error("a file that does not exist has an address")
	}
}

func TestOverrides(t *testing.T) {
	before, _ := New(nil)
	s, err := New(fstest.MapFS{
		"static/app.css":  {Data: []byte("body{color:red}")},
		"static/logo.png": {Data: []byte("png")},
	})
	if err != nil {
		t.Fatal(err)
	}
	if got := get(s, "GET", s.Path("app.css"), "").Body.String(); got != "body{color:red}" {
		t.Errorf("the override is not served: %q", got)
	}
	if w := get(s, "GET", before.Path("app.css"), ""); w.Code != http.StatusNotFound {
		t.Error("the replaced file is still served")
	}
	if s.Path("logo.png") == "" || s.Path("app.js") == "" {
		t.Error("an added or a built-in file is missing")
	}
	if _, err := New(fstest.MapFS{"templates/x.html": {}}); err != nil {
		t.Error("a folder without static files is refused:", err)
	}
	_, err = New(fstest.MapFS{"static/run.exe": {}})
	if err == nil || err.Error() != "static/run.exe is of a kind that is not served" {
		t.Errorf("got %v", err)
	}
}
