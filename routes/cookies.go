package routes

import (
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// The cookies. Each holds an opaque random token.
const (
	loginCookie    = "nightlatch_login"    // the pending login
	sessionCookie  = "nightlatch_session"  // the session
	trustedCookie  = "nightlatch_browser"  // a browser that is not asked for a factor
	registerCookie = "nightlatch_register" // asked for an account: this browser proves its address with a click
	ticketCookie   = "nightlatch_ticket"   // a pressed enrollment link: this browser may sign in to enroll
	formCookie     = "nightlatch_form"     // a browser that was shown a form: see once.go
	passCookie     = "nightlatch_pass"     // tells the two verify routes of the session, also from other hosts: see pass.go
	knownCookie    = "nightlatch_known"    // a browser that signed in before: strangers' failures do not delay it
)

// forever is as long as browsers keep a cookie (400 days, RFC 6265bis §5.5).
const forever = 400 * 24 * time.Hour

// cookies knows the names and attributes of the site's cookies.
type cookies struct {
	prefix, suffix string
	secure         bool
	domain         string // of the pass; empty for none
}

// newCookies names the cookies of a site. Browsers keep the cookies of all
// ports of a host together, so a site with a port of its own has it in the
// names.
func newCookies(origin string) cookies {
	u, err := url.Parse(origin)
	switch {
	case err != nil: // cannot happen: such a URL was refused at the start
		return cookies{}
	case u.Scheme == "https":
		return cookies{prefix: "__Host-", secure: true}
	case u.Port() != "" && u.Port() != "80":
		return cookies{suffix: "_" + u.Port()}
	}
	return cookies{}
}

// name is the full name of a cookie at this site.
func (k cookies) name(name string) string { return k.prefix + name + k.suffix }

// get reads a cookie. It is empty when the browser sent several values of which
// none was settled on: see settle.
func (k cookies) get(c *gin.Context, name string) string {
	if values := k.values(c.Request, name); len(values) == 1 {
		return values[0]
	}
	return ""
}

// values are the different values that a browser sent for one cookie.
func (k cookies) values(r *http.Request, name string) (list []string) {
	for _, x := range r.CookiesNamed(k.name(name)) {
		if !slices.Contains(list, x.Value) {
			list = append(list, x.Value)
		}
	}
	return list
}

// set sends a cookie. With a life of 0 the browser keeps it until it is closed.
func (k cookies) set(c *gin.Context, name, value string, life time.Duration) {
	http.SetCookie(c.Writer, &http.Cookie{Name: k.name(name), Value: value, Path: "/", MaxAge: int(life.Seconds()),
		HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode})
}

// drop removes a cookie from the browser.
func (k cookies) drop(c *gin.Context, name string) {
	http.SetCookie(c.Writer, &http.Cookie{Name: k.name(name), Path: "/", MaxAge: -1,
		HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode})
}

// replace changes the value of a cookie in a request.
func (k cookies) replace(r *http.Request, name, value string) {
	all := r.Cookies()
	r.Header.Del("Cookie")
	for _, x := range all {
		if x.Name != k.name(name) {
			r.AddCookie(x)
		}
	}
	r.AddCookie(&http.Cookie{Name: k.name(name), Value: value})
}

// enter sends the cookies that a step of signing in resulted in.
func (w *web) enter(c *gin.Context, e login.Entry) {
	if e.Pending != "" {
		w.cookies.set(c, loginCookie, e.Pending, 0)
	}
	if e.Session != "" {
		w.cookies.set(c, sessionCookie, e.Session, 0)
		w.givePass(c, e.Session)
		if w.cookies.get(c, loginCookie) != "" {
			w.cookies.drop(c, loginCookie)
		}
	}
	if e.Known != "" {
		w.cookies.set(c, knownCookie, e.Known, forever)
	}
	if e.Trusted != "" {
		w.cookies.set(c, trustedCookie, e.Trusted, w.Login.Options().TrustTTL)
	}
}

// client is what is known about who sends a request.
func (w *web) client(c *gin.Context) identity.Client {
	addr := w.Proxies.Client(c.Request)
	return identity.Client{
		Address: addr.String(), Range: addressRange(addr), Shown: addressShown(addr), Browser: browserName(c.Request.UserAgent()),
		Known: w.cookies.get(c, knownCookie), Trusted: w.cookies.get(c, trustedCookie), Session: w.cookies.get(c, sessionCookie), Ticket: w.cookies.get(c, ticketCookie),
	}
}
