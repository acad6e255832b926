package routes

import (
	"cmp"
	"mime"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// question is what a proxy asks, and about which request of a visitor.
type question struct {
	level      int        // that the query asks for; 0 when it asks for none
	trusted    bool       // the proxy is
	known      bool       // the address that follows is believed
	host, path string     // host in lower case without port; path as it was sent, without the query
	client     netip.Addr // the visitor's
	method     string     // empty when the proxy did not tell it
	page       bool       // a page that a person opens, who can be sent somewhere
	next       string     // where the visitor wanted to go; "" when no sign-in may lead there
}

// headerNames are the headers in which one sort of proxy tells of the visitor's
// request. No question reads those of the other sort: a proxy passes them on as
// the visitor sent them.
type headerNames struct {
	method           string
	url              string // the whole address; or the three parts of it
	proto, host, uri string
}

var (
	original  = headerNames{method: "X-Original-Method", url: "X-Original-URL"}
	forwarded = headerNames{method: "X-Forwarded-Method", proto: "X-Forwarded-Proto", host: "X-Forwarded-Host", uri: "X-Forwarded-Uri"}
)

// asked reads a question. A parameter that is not known is refused: if it were
// ignored, a misspelt condition would let everybody in. So is a header that is
// there twice, whoever sends it: the proxy's may be behind the visitor's own.
func (w *web) asked(c *gin.Context, names headerNames) (a question, err error) {
	query, err := url.ParseQuery(c.Request.URL.RawQuery)
	if err != nil {
		return a, errForm
	}
	for name, values := range query {
		if name != "level" || len(values) != 1 || values[0] != "1" && values[0] != "2" {
			return a, errForm
		}
		a.level = int(values[0][0] - '0')
	}
	a.client = w.Proxies.Client(c.Request)
	h := c.Request.Header
	for _, name := range []string{names.method, names.url, names.proto, names.host, names.uri} {
		if name != "" && len(h.Values(name)) > 1 {
			return a, errForm
		}
	}
	if !w.Proxies.trusts(parseAddr(c.Request.RemoteAddr)) {
		return a, nil
	}
	a.trusted = true
	address, told, err := names.address(h, w.site)
	if err != nil || !told {
		return a, err
	}
	a.method, a.known = h.Get(names.method), true
	var ours bool
	if a.host, a.path, ours = w.to.Place(address); !ours {
		return a, errForbidden
	}
	a.page = isPage(cmp.Or(a.method, http.MethodGet), h)
	a.next = w.nextOf(address, a.host)
	return a, nil
}

// nextOf is how a sign-in leads back to an address: by its path on this site,
// else by the whole of it.
func (w *web) nextOf(address, bare string) string {
	scheme, _, _ := strings.Cut(address, "://")
	host, path := split(address)
	if bare == w.site.Hostname() && (w.to.Domain == "" || scheme != w.site.Scheme || strings.EqualFold(host, w.site.Host)) {
		return w.to.path(path)
	}
	return w.next(address)
}

// address is the whole address that a visitor asked for. What a proxy leaves out
// of it is the site's own. told is false when it says nothing.
func (n headerNames) address(h http.Header, site *url.URL) (address string, told bool, err error) {
	if n.url == "" {
		uri := h.Get(n.uri)
		if uri == "" && h.Get(n.host) == "" {
			return "", false, nil
		}
		if !strings.HasPrefix(uri, "/") {
			return "", false, errForbidden
		}
		return cmp.Or(h.Get(n.proto), site.Scheme) + "://" + cmp.Or(h.Get(n.host), site.Host) + uri, true, nil
	}
	address = h.Get(n.url)
	switch scheme, _, whole := strings.Cut(address, "://"); {
	case address == "":
		return "", false, nil
	case strings.HasPrefix(address, "/"):
		return site.Scheme + "://" + site.Host + address, true, nil
	case !whole || scheme != "http" && scheme != "https":
		return "", false, errForbidden
	}
	return address, true, nil
}

// split parts a whole address into its host, with the port, and what comes after.
func split(address string) (host, rest string) {
	_, host, _ = strings.Cut(address, "://")
	if i := strings.IndexAny(host, "/?#"); i >= 0 {
		host, rest = host[:i], host[i:]
	}
	if !strings.HasPrefix(rest, "/") {
		rest = "/" + rest
	}
	return host, rest
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
