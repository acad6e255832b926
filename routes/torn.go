package routes

import "github.com/gin-gonic/gin"

// tornKey marks a request that came with sign-ins of two accounts: see settle.
const tornKey = "torn"

// untangle ends every sign-in that a torn request came with, so that the one
// which follows is the only one. Whoever planted another has to plant it again.
func (w *web) untangle(c *gin.Context) error {
	if !c.GetBool(tornKey) {
		return nil
	}
	for _, v := range w.several(c, sessionCookie) {
		if err := w.Login.Logout(c.Request.Context(), v, "", w.client(c)); err != nil {
			return err
		}
	}
	for _, v := range w.several(c, loginCookie) {
		if err := w.Login.Cancel(c.Request.Context(), v); err != nil {
			return err
		}
	}
	return nil
}

// tornText says what to do about it, and the log says it to the operator.
func (w *web) tornText(c *gin.Context) string {
	w.Log.Warn("a browser sent the sign-ins of two accounts: another site of this domain may have planted one", "id", c.GetString(idKey), "url", w.site.String())
	return "Your browser sent the sign-ins of two accounts at once, so neither counts. Sign in again: that ends both. If this comes back, delete the cookies of " +
		w.site.Hostname() + " and of the domains above it in your browser, and tell an admin."
}
