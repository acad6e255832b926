package routes

import (
	"cmp"
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"
)

// The site may live under a path of its host: the path of its public address. In
// here there are two kinds of address. Those in the table of routes, in held forms
// and what redirect is given are without the prefix. Those that come from or go to
// a browser are whole: next, what leave is given, and what screens show as links.
// at turns the first kind into the second, and local the second into the first.

// at is the whole address of a path of the table.
func (w *web) at(path string) string { return w.to.Prefix + path }

// local is the path of the table that a whole address stands for; empty when it
// lies outside of the site.
func (w *web) local(address string) string {
	rest, ok := strings.CutPrefix(address, w.to.Prefix)
	if !ok || !strings.HasPrefix(rest, "/") {
		return ""
	}
	return rest
}

// outside is an address that no route has.
const outside = "/outside/the/prefix"

// front is what a server gets its requests from: it takes the prefix off. The two
// questions of whoever watches the process are answered at the root too, and
// everything else outside the prefix is 404.
func (w *web) front() http.Handler {
	if w.to.Prefix == "" {
		return w.engine
	}
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		in := new(http.Request)
		*in = *r
		in.URL = new(url.URL)
		*in.URL = *r.URL
		in.URL.Path, in.URL.RawPath = w.inside(r.URL)
		w.engine.ServeHTTP(rw, in)
	})
}

// inside is the path of a request without the prefix. The encoded one must begin
// with the prefix too, as the proxy before the site compared it.
func (w *web) inside(u *url.URL) (path, raw string) {
	if u.Path == "/healthz" || u.Path == "/readyz" {
		return u.Path, ""
	}
	if u.Path == w.to.Prefix && u.RawPath == "" {
		return "/", ""
	}
	if path = w.local(u.Path); path == "" || u.RawPath == "" {
		return cmp.Or(path, outside), ""
	}
	if raw = w.local(u.RawPath); raw == "" {
		return outside, ""
	}
	return path, raw
}

// redirect leads to a path of the table, perhaps with a query, after a form that
// worked: 303, or HX-Redirect for HTMX.
func (w *web) redirect(c *gin.Context, to string) { w.leave(c, w.at(to)) }

// leave leads to a whole address: one that a sign-in was asked for, or one that
// at made.
func (w *web) leave(c *gin.Context, to string) {
	if c.GetHeader("HX-Request") == "true" {
		c.Header("HX-Redirect", to)
		c.Status(http.StatusOK)
		return
	}
	c.Header("Location", to) // http.Redirect would change the path
	c.Status(http.StatusSeeOther)
}
