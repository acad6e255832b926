package routes

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/gin-gonic/gin"
)

// What the fields of a form hold is text that every database takes, and no
// body of any type makes a panic.
func FuzzForm(f *testing.F) {
	const plain = "application/x-www-form-urlencoded"
	f.Add(plain, "code=123+456&trust=on")
	f.Add(plain, "code[]=1&code=%ff;&%zz")
	f.Add("multipart/form-data; boundary=b", "--b\r\nContent-Disposition: form-data; name=code\r\n\r\n1\r\n--b--\r\n")
	f.Add("text/plain; charset=\"", "code=1")
	f.Fuzz(func(t *testing.T, kind, body string) {
		w := httptest.NewRecorder()
		c, _ := gin.CreateTestContext(w)
		c.Request = httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body))
		c.Request.Header["Content-Type"] = []string{kind}
		c.Request.Body = http.MaxBytesReader(w, c.Request.Body, maxBody)
		got, err := form(c, "code", "trust")
		if err != nil {
			if _, ok := err.(status); !ok {
				t.Errorf("%v is no answer", err)
			}
			return
		}
		for name, v := range got {
			if !utf8.ValidString(v) || strings.ContainsRune(v, 0) || len(v) > maxField {
				t.Errorf("%s is %q", name, v)
			}
		}
	})
}

// One cookie of ours is what the browser was given, two of one name are none,
// and replacing one leaves no old one behind.
func FuzzCookies(f *testing.F) {
	f.Add("nightlatch_session_8080=AAAA; nightlatch_known_8080=BBBB", "CCCC")
	f.Add("nightlatch_session_8080=A; nightlatch_session_8080=B", "")
	f.Add(`__Host-nightlatch_session="A B"; =; a; ;;`, "D")
	f.Fuzz(func(t *testing.T, header, token string) {
		for _, k := range []cookies{newCookies("http://localhost"), newCookies("https://localhost")} {
			c, _ := gin.CreateTestContext(httptest.NewRecorder())
			c.Request = httptest.NewRequest(http.MethodGet, "/", nil)
			c.Request.Header["Cookie"] = []string{header}
			got := k.get(c, sessionCookie)
			if n := len(c.Request.CookiesNamed(k.prefix + sessionCookie)); n != 1 && got != "" {
				t.Errorf("%d cookies are taken for %q", n, got)
			}
			if strings.ContainsFunc(got, func(r rune) bool { return r < ' ' || r == ';' || r == 0x7f }) {
				t.Errorf("%q is no value of a cookie", got)
			}
			if strings.ContainsFunc(token, func(r rune) bool { return !strings.ContainsRune("ABCDEFGHIJKLMNOPQRSTUVWXYZ234567", r) }) || token == "" {
				continue // ours are base32
			}
			k.replace(c.Request, sessionCookie, token)
			if got := k.get(c, sessionCookie); got != token {
				t.Errorf("%q instead of %q after replacing it", got, token)
			}
		}
	})
}

// A browser's name is short and can be read aloud, whatever it says it is.
func FuzzBrowserName(f *testing.F) {
	f.Add("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0")
	f.Add("\x00\r\nBcc: a@b\u202e")
	f.Add("curl/8.0 (" + strings.Repeat("(", 500))
	f.Fuzz(func(t *testing.T, agent string) {
		name := browserName(agent)
		if name == "" || len([]rune(name)) > 80 || !utf8.ValidString(name) || strings.ContainsFunc(name, unicode.IsControl) {
			t.Errorf("%q is called %q", agent, name)
		}
	})
}

// Address ranges that are taken are written like ranges, and read alike again.
func FuzzParseProxies(f *testing.F) {
	f.Add("10.0.0.0/8, ::1 2001:db8::/32")
	f.Add("::ffff:10.0.0.0/104\n0.0.0.0/0")
	f.Add("fe80::1%eth0 10.0.0.0/33 300.1.1.1")
	f.Fuzz(func(t *testing.T, s string) {
		all, err := ParseProxies(s)
		if err != nil {
			return
		}
		var again []string
		for _, p := range all {
			if !p.IsValid() || p != p.Masked() || p.Addr().Is4In6() {
				t.Errorf("%v of %q", p, s)
			}
			again = append(again, p.String())
		}
		if got, err := ParseProxies(strings.Join(again, ",")); err != nil || len(got) != len(all) {
			t.Errorf("%q is read as %v, then %v, %v", s, all, got, err)
		}
	})
}
