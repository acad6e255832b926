package routes

import (
	"mime"
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// question is what a proxy asks, and about which request of a visitor.
type question struct {
	level int    // that the application needs
	page  bool   // a page that a person opens, who can be sent somewhere
	next  string // where the visitor wanted to go; "" when that cannot be told
}

// asked reads a question. A parameter that is not known is refused: if it were
// ignored, a misspelt condition would let everybody in.
func (w *web) asked(c *gin.Context) (a question, err error) {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return a, errForm
	}
	a.level = 1
	for name, values := range query {
		if name != "level" || len(values) != 1 || values[0] != "1" && values[0] != "2" {
			return a, errForm
		}
		a.level = int(values[0][0] - '0')
	}
	h, method := c.Request.Header, http.MethodGet
	if w.Proxies.trusts(parseAddr(c.Request.RemoteAddr)) {
		urls, methods := h.Values("X-Original-URL"), h.Values("X-Original-Method")
		if len(urls) > 1 || len(methods) > 1 {
			return a, errForm
		}
		if len(methods) == 1 {
			method = methods[0]
		}
		if len(urls) == 1 {
			path, ours := w.pathHere(urls[0])
			if !ours {
				return a, errForbidden
			}
			a.next, a.page = SafeNext(path), isPage(method, h)
		}
	}
	return a, nil
}

// pathHere is the path and query of an address of this site, as it was sent.
func (w *web) pathHere(address string) (path string, ours bool) {
	if strings.HasPrefix(address, "/") {
		return address, true
	}
	scheme, rest, ok := strings.Cut(address, "://")
	if !ok || scheme != "http" && scheme != "https" {
		return "", false
	}
	host, path := rest, "/"
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	if path[0] == '?' {
		path = "/" + path
	}
	u, err := url.Parse(w.Login.Options().URL)
	return path, err == nil && strings.EqualFold(bareHost(host), u.Hostname())
}

// bareHost is a host without its port.
func bareHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		return name
	}
	return strings.Trim(host, "[]")
}

// isPage says whether the visitor's request opens a page, so that a redirect
// shows something and loses no data.
func isPage(method string, h http.Header) bool {
	if method != http.MethodGet && method != http.MethodHead {
		return false
	}
	if mode := h.Get("Sec-Fetch-Mode"); mode != "" {
		return mode == "navigate"
	}
	return strings.Contains(h.Get("Accept"), "text/html") &&
		h.Get("X-Requested-With") == "" && h.Get("HX-Request") == "" && h.Get("Upgrade") == ""
}

// turnAway refuses, and gives the proxy the address where the visitor can sign
// in or confirm. It is a complete address, because proxies cannot encode one.
func (w *web) turnAway(c *gin.Context, code int, to string, a question) {
	why := map[int]string{http.StatusUnauthorized: "not signed in\n", http.StatusForbidden: "a second factor is needed\n"}[code]
	if a.page {
		if a.next != "" {
			to += map[bool]string{true: "&", false: "?"}[strings.Contains(to, "?")] + "next=" + url.QueryEscape(a.next)
		}
		c.Header("Location", w.Login.Options().URL+to)
	}
	c.String(code, why)
}

// maxRemoteName is how many bytes of a name a header carries. Encoded they are up
// to four times as many, and nginx wants all headers together within 4 KiB.
const maxRemoteName = 500

// headerText is a text in the form that a header can carry: RFC 2047 Q if it is
// not plain ASCII, or if it already looks encoded.
func headerText(text string) string {
	if !strings.Contains(text, "=?") {
		return mime.QEncoding.Encode("utf-8", text)
	}
	// The library leaves ASCII alone; the escaped form of "=" is what it makes of it.
	parts := strings.Split(text, "=?")
	for i, p := range parts {
		parts[i] = strings.TrimSuffix(strings.TrimPrefix(mime.QEncoding.Encode("utf-8", "\u00e9"+p), "=?utf-8?q?=C3=A9"), "?=")
	}
	return "=?utf-8?q?" + strings.Join(parts, "=3D=3F") + "?="
}
