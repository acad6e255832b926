package routes

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"
)

// unkept remembers sign-ins whose browser sent none of our cookies. When such a
// browser comes back to the sign-in page without cookies, it does not keep
// them, and without a message the person would try again and again. Each
// process remembers its own; the page that a browser comes from is looked at
// too.
type unkept struct {
	mu sync.Mutex
	at map[string]time.Time
}

const (
	unkeptFor = time.Minute // within which a browser follows the answer to a sign-in
	unkeptMax = 1000        // sign-ins remembered, each with a right password
)

// who identifies a client as well as can be done without a cookie.
func (w *web) who(c *gin.Context) string {
	return w.Proxies.Client(c.Request).String() + "\n" + c.Request.UserAgent()
}

// note remembers a sign-in whose browser sent no cookie.
func (u *unkept) note(who string, now time.Time) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.at == nil || len(u.at) >= unkeptMax {
		u.at = map[string]time.Time{}
	}
	u.at[who] = now
}

// take says whether a sign-in is remembered, and forgets it.
func (u *unkept) take(who string, now time.Time) bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	at, ok := u.at[who]
	delete(u.at, who)
	return ok && now.Sub(at) < unkeptFor && !at.After(now)
}

// cookieless says whether a browser sent no cookie of ours at all.
func (w *web) cookieless(r *http.Request) bool {
	for _, x := range r.Cookies() {
		for _, name := range []string{formCookie, loginCookie, sessionCookie, knownCookie, trustedCookie, ticketCookie, registerCookie} {
			if x.Name == w.cookies.name(name) {
				return false
			}
		}
	}
	return true
}

// lostCookie says whether somebody is back at the sign-in page because their
// browser did not keep the cookie.
func (w *web) lostCookie(c *gin.Context) bool {
	if !w.cookieless(c.Request) {
		return false
	}
	from, err := url.Parse(c.Request.Referer())
	came := err == nil && from.Path == w.at("/login") && strings.EqualFold(from.Host, w.site.Host)
	if remembered := w.unkept.take(w.who(c), w.Login.Now()); !remembered && !came {
		return false
	}
	w.Log.Warn("the cookie of a sign-in did not come back", "id", c.GetString(idKey), "host", short(c.Request.Host, maxOrigin), "url", w.site.String())
	return true
}

// lostCookieText tells the person what to do about it.
func (w *web) lostCookieText() string {
	return "Your browser did not keep the cookie that signs you in. Allow cookies for " + w.site.Hostname() +
		", switch off what blocks them, and open this site as " + w.site.String() + ". Then sign in again."
}
