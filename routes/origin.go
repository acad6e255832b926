package routes

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/views"
)

// stray says whether a form must not be accepted because of the page that it
// comes from. refused: the page is on another site. misplaced: the page is
// ours, but was opened by another scheme or host name, where the browser would
// not send our cookies.
func (w *web) stray(r *http.Request) (misplaced, refused bool) {
	if r.Method != http.MethodPost {
		return false, w.cross.Check(r) != nil
	}
	from, err := url.Parse(r.Header.Get("Origin"))
	if err == nil && from.Host != "" && !w.livesAt(from) &&
		(r.Header.Get("Sec-Fetch-Site") == "same-origin" || strings.EqualFold(from.Host, r.Host) || from.Hostname() == w.site.Hostname()) {
		return true, true
	}
	return false, w.cross.Check(r) != nil
}

// livesAt says whether a page's origin has the site's scheme and host. The port
// may differ, as behind a forwarded port, because cookies ignore it.
func (w *web) livesAt(from *url.URL) bool {
	return strings.EqualFold(from.Scheme, w.site.Scheme) && strings.EqualFold(from.Hostname(), w.site.Hostname())
}

// turnBack answers a form that stray reported, before anything in it is read:
// it says at which address the site is, and logs it for the admin.
func (w *web) turnBack(c *gin.Context, misplaced bool) {
	w.Log.Warn("refused a form from another site", "id", c.GetString(idKey), "route", c.FullPath(),
		"origin", short(c.GetHeader("Origin"), maxOrigin), "host", short(c.Request.Host, maxOrigin), "url", w.site.String())
	m := views.Message{Heading: "Nothing was done", Back: w.site.String(), BackLabel: "Open " + w.site.Host}
	m.Text = "This request came from another site, so nothing was done. The address of this site is " + w.site.String() + "."
	if misplaced {
		m.Text = "You opened this site at an address that is not its own, so nothing was done. Open it at " + w.site.String() + " and try again."
	}
	w.sayIt(c, http.StatusForbidden, m)
}

// maxOrigin is how many characters of a header go into the log: a host name has
// 253 at most, and a scheme and a port come with it.
const maxOrigin = 280
