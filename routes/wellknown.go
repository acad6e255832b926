package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"
)

// passwordForm is the profile with the form for a new password open.
const passwordForm = "/profile?form=password#password"

// changePasswordPage is where password managers look for the form for a new
// password (W3C, A Well-Known URL for Changing Passwords).
func (w *web) changePasswordPage(c *gin.Context) error {
	w.redirect(c, passwordForm)
	return nil
}

// robots keeps search engines out: nothing here is for them.
func (w *web) robots(c *gin.Context) error {
	c.String(http.StatusOK, "User-agent: *\nDisallow: /\n")
	return nil
}

// favicon serves the icon under the name at which browsers look for it by
// default.
func (w *web) favicon(c *gin.Context) error {
	kind, content := w.Static.Content("favicon.svg")
	c.Data(http.StatusOK, kind, content)
	return nil
}
