package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/views"
)

// healthz says that the process is alive.
func (w *web) healthz(c *gin.Context) error {
	c.String(http.StatusOK, "ok\n")
	return nil
}

// readyz says whether the database and the mail worker are ready.
func (w *web) readyz(c *gin.Context) error {
	if err := w.Ready(); err != nil {
		w.Log.Warn("not ready", "error", err)
		c.Header("Retry-After", "5")
		c.String(http.StatusServiceUnavailable, "not ready\n")
		return nil
	}
	c.String(http.StatusOK, "ready\n")
	return nil
}

// asset serves style sheets, scripts and icons.
func (w *web) asset(c *gin.Context) error {
	w.Static.ServeHTTP(c.Writer, c.Request)
	return nil
}

// gallery shows every state of every screen, for development.
func (w *web) gallery(c *gin.Context) error {
	list := views.Fixtures()
	for _, f := range list {
		if f.Name == c.Param("name") {
			return w.render(c, http.StatusOK, f.Screen, f.Frame)
		}
	}
	c.Header("Content-Type", "text/html; charset=utf-8")
	for _, f := range list {
		_, _ = c.Writer.WriteString(`<p><a href="/_screens/` + f.Name + `">` + f.Name + `</a></p>`)
	}
	return nil
}
