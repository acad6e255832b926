package routes

import (
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"runtime/debug"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
)

const idKey = "request-id"

// csp allows the site's own files and nothing inline; what forms may lead to is
// added.
const csp = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
	"font-src 'self'; base-uri 'none'; frame-ancestors 'none'"

// identify gives a request its ID and logs how it ended. The route is logged
// and never the address, because a path can hold a token.
func (w *web) identify(c *gin.Context) {
	start := time.Now()
	id := strings.ToLower(rand.Text()[:12])
	c.Set(idKey, id)
	c.Header("X-Request-Id", id)
	c.Request = c.Request.WithContext(identity.WithRequest(c.Request.Context(), id))
	c.Next()
	took := time.Since(start)
	if w.Observe != nil {
		w.Observe(knownMethod(c.Request.Method), c.FullPath(), c.Writer.Status(), took)
	}
	level := slog.LevelInfo
	if isForward(c) { // with whatever method
		level = slog.LevelDebug
	}
	switch c.FullPath() {
	case "/static/*name", "/healthz", "/readyz", verifyPath: // frequent requests of machines
		level = slog.LevelDebug
	}
	if !w.Log.Enabled(c.Request.Context(), level) {
		return
	}
	w.Log.Log(c.Request.Context(), level, "request", "id", id, "method", c.Request.Method, "route", c.FullPath(),
		"status", c.Writer.Status(), "ms", took.Milliseconds(), "address", w.Proxies.Client(c.Request).String())
}

// knownMethod replaces invented methods, so that a client cannot create labels
// in the metrics.
func knownMethod(m string) string {
	if m == http.MethodGet || m == http.MethodHead || m == http.MethodPost || m == http.MethodPut {
		return m
	}
	return "other"
}

// recover turns a panic into a 500 and logs where it was. The request is not
// logged: its cookies are secrets.
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
// or "fault" for an error page that must not replace a page with input.
const answerHeader = "X-Nightlatch"

// headers sets what every answer carries. forms is what forms may lead to.
func headers(https bool, forms string) gin.HandlerFunc {
	csp := csp + "; form-action " + forms
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
			h.Set("Strict-Transport-Security", "max-age=31536000") // for this host only: hosts below it may not have TLS
			h.Set("Cross-Origin-Opener-Policy", "same-origin")     // without https browsers ignore it and complain
		}
		c.Next()
	}
}

// protect refuses requests that no route may get.
func (w *web) protect(c *gin.Context) {
	if misplaced, refused := w.stray(c.Request); refused && !isForward(c) {
		w.turnBack(c, misplaced)
		c.Abort()
		return
	}
	err := w.unfit(c)
	if err == nil {
		err = w.adrift(c)
	}
	if err == nil {
		err = w.settle(c)
	}
	switch {
	case err != nil && isQuestion(c) && !errors.As(err, new(status)):
		w.cannotJudge(c, err)
	case err != nil:
		w.fail(c, err)
	}
	if err != nil {
		c.Abort()
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	c.Next()
}

// unfit says what is wrong with a request for any route: it is too large, or
// its address is not text.
func (w *web) unfit(c *gin.Context) error {
	r := c.Request
	switch {
	case r.ContentLength > maxBody && !isForward(c): // also for routes that do not read the body
		return errLarge
	case !isText(r.URL.Path):
		return errNotFound
	case !isTextQuery(r.URL):
		return errForm
	}
	return nil
}

// adrift refuses what needs the database while the database is gone. Otherwise
// a session that was ended in the real database could open something in
// another.
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

// isTextQuery says whether everything in a query is text.
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
