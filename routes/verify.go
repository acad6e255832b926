package routes

import (
	"net/http"
	"strconv"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// verify tells a reverse proxy who is signed in and at which level. It is asked
// for every request to every application, so it shows no screen.
func (w *web) verify(c *gin.Context) error {
	ask, err := w.asked(c)
	if err != nil {
		return err
	}
	v, err := w.Login.Visit(c.Request.Context(), w.cookies.get(c, sessionCookie))
	if err != nil {
		return err
	}
	switch {
	case v == nil:
		w.turnAway(c, http.StatusUnauthorized, "/login", ask)
	case !v.Passed() || v.Forced() || v.Level() < ask.level:
		w.turnAway(c, http.StatusForbidden, "/confirm?level=2", ask)
	case !v.Account.LoginVouched():
		w.turnAway(c, http.StatusForbidden, "/profile?said=prove-address", ask)
	default:
		a := v.Account
		h := c.Writer.Header()
		email := ""
		if a.Vouched() {
			email = a.Email
		}
		// Always all six: some proxies pass on the visitor's own header where one is
		// missing.
		h.Set("Remote-User", headerText(a.Login))
		h.Set("Remote-Email", email)
		h.Set("Remote-Name", headerText(identity.CutBytes(a.Name, maxRemoteName)))
		h.Set("Remote-Groups", "")
		h.Set("Remote-Role", string(a.Role))
		h.Set("Remote-Level", strconv.Itoa(v.Level()))
		c.Status(http.StatusOK)
	}
	return nil
}

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
