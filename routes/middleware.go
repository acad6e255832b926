package routes

import (
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
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
	level := slog.LevelInfo
	if c.FullPath() == "/static/*name" || c.FullPath() == "/healthz" || c.FullPath() == "/verify" {
		level = slog.LevelDebug
	}
	if !w.Log.Enabled(c.Request.Context(), level) {
		return
	}
	w.Log.Log(c.Request.Context(), level, "request", "id", id, "method", c.Request.Method, "route", c.FullPath(),
		"status", c.Writer.Status(), "ms", time.Since(start).Milliseconds(), "address", w.Proxies.Client(c.Request).String())
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
			w.say(c, http.StatusInternalServerError, "Something went wrong", "It was not your fault. Please try again.")
		}
		c.Abort()
	}()
	c.Next()
}

// headers sets what every answer carries.
func headers(https bool) gin.HandlerFunc {
	return func(c *gin.Context) {
		h := c.Writer.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("X-Frame-Options", "DENY")
		h.Set("Referrer-Policy", "same-origin")
		h.Set("Cross-Origin-Opener-Policy", "same-origin")
		h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
		h.Set("Cache-Control", "no-store")
		h.Set("Vary", "HX-Request")
		if https {
			h.Set("Strict-Transport-Security", "max-age=31536000; includeSubDomains")
		}
		c.Next()
	}
}

// protect refuses unsafe requests that another site sends.
func (w *web) protect(c *gin.Context) {
	if err := w.cross.Check(c.Request); err != nil {
		w.fail(c, errCross)
		c.Abort()
		return
	}
	c.Request.Body = http.MaxBytesReader(c.Writer, c.Request.Body, maxBody)
	c.Next()
}
