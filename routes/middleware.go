package routes

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"
)

const idKey = "request-id"

// csp allows what is ours and nothing inline.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// identify gives a request its id and logs how it ended. The route is logged,
// never the address: a path can hold a token.
func (w *web) identify(c *gin.Context) {
	start := time.Now()
	id := strings.ToLower(rand.Text()[:12])
	c.Set(idKey, id)
	c.Header("X-Request-Id", id)
	c.Next()
	took := time.Since(start)
	if w.Observe != nil {
		w.Observe(knownMethod(c.Request.Method), c.FullPath(), c.Writer.Status(), took)
	}
	level := slog.LevelInfo
	switch c.FullPath() {
	case "/static/*name", "/healthz", "/readyz", "/verify": // many, and of machines
		level = slog.LevelDebug
	}
	if !w.Log.Enabled(c.Request.Context(), level) {
		return
	}
	w.Log.Log(c.Request.Context(), level, "request", "id", id, "method", c.Request.Method, "route", c.FullPath(),
		"status", c.Writer.Status(), "ms", took.Milliseconds(), "address", w.Proxies.Client(c.Request).String())
}

// knownMethod keeps invented methods from becoming labels.
func knownMethod(m string) string {
	if m == http.MethodGet || m == http.MethodHead || m == http.MethodPost {
		return m
	}
	return "other"
}

// recover turns a panic into a 500 and logs where it was, without the request:
// its cookies are secrets.
func (w *web) recover(c *gin.Context) {
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		if p == http.ErrAbortHandler {
			panic(p)
		}
		w.Log.Error("panic", "id", c.GetString(idKey), "route", c.FullPath(), "panic", fmt.Sprint(p), "stack", string(debug.Stack()))
		if !c.Writer.Written() {
			w.say(c, http.StatusInternalServerError, "Something went wrong", faultText(c))
		}
		c.Abort()
	}()
	c.Next()
}

// answerHeader tells static/app.js that an answer is the site's own: "screen",
// or "fault" for one that must not take the place of a page with input.
const answerHeader = "X-Nightlatch"

// headers sets what every answer carries.
func headers(https bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "HX-Request")
		h.Set(answerHeader, "screen")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000") // of this host only: others under it may have no TLS
			h.Set("Cross-Origin-Opener-Policy", "same-origin")     // browsers ignore it elsewhere, with a complaint
		}
		c.Next()
	}
}

// protect refuses what no route takes.
func (w *web) protect(c *gin.Context) {
	if misplaced, refused := w.stray(c.Request); refused {
		w.turnBack(c, misplaced)
		c.Abort()
		return
	}
	err := w.unfit(c.Request)
	if err == nil {
		err = w.adrift(c)
	}
	if err == nil {
		err = w.settle(c)
	}
	if err != nil {
		w.fail(c, err)
		c.Abort()
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	c.Next()
}

// unfit says what is wrong with a request, whichever route it is for: it is too
// large, or its address is not text.
func (w *web) unfit(r *http.Request) error {
	switch {
	case r.ContentLength > maxBody: // also where the route does not read it
		return errLarge
	case !isText(r.URL.Path):
		return errNotFound
	case !isTextQuery(r.URL):
		return errForm
	}
	return nil
}

// adrift refuses what needs the database while there is none: a session that
// was ended in the real one must not open anything.
func (w *web) adrift(c *gin.Context) error {
	switch c.FullPath() {
	case "/healthz", "/readyz", "/static/*name", "/robots.txt", "/favicon.ico":
		return nil
	}
	if w.Lost != nil && w.Lost() != nil {
		return errDatabase
	}
	return nil
}

// isTextQuery says whether a query holds nothing but text.
func isTextQuery(u *url.URL) bool {
	if u.RawQuery == "" {
		return true
	}
	for name, values := range u.Query() {
		if !isText(name) || slices.ContainsFunc(values, func(v string) bool { return !isText(v) }) {
			return false
		}
	}
	return true
}
