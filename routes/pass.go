package routes

import (
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// passName is the full name of the pass. Every host under the domain gets it, so
// it cannot have the prefix __Host-.
func (k cookies) passName() string {
	if k.secure {
		return "__Secure-" + passCookie
	}
	return passCookie + k.suffix
}

// setPass sends the pass; an empty one removes it.
func (k cookies) setPass(c *gin.Context, value string) {
	x := &http.Cookie{Name: k.passName(), Value: value, Domain: k.domain, Path: "/", HttpOnly: true, Secure: k.secure, SameSite: http.SameSiteLaxMode}
	if value == "" {
		x.MaxAge = -1
	}
	lines := c.Writer.Header().Values("Set-Cookie")
	for i, line := range lines { // one answer sets it once: the last one counts
		if strings.HasPrefix(line, x.Name+"=") {
			lines[i] = x.String()
			return
		}
	}
	http.SetCookie(c.Writer, x)
}

// rest tells a proxy the visitor's cookies without the site's own: some proxies
// cannot take single ones out, but can pass on a header of the answer.
func (k cookies) rest(c *gin.Context) {
	var others []string
	for _, line := range c.Request.Header.Values("Cookie") {
		for part := range strings.SplitSeq(line, ";") {
			name := strings.ToLower(strings.TrimSpace(part))
			name = strings.TrimPrefix(strings.TrimPrefix(name, "__host-"), "__secure-")
			if name != "" && !strings.HasPrefix(name, "nightlatch_") {
				others = append(others, strings.TrimSpace(part))
			}
		}
	}
	if len(others) > 0 {
		c.Header("Cookie", strings.Join(others, "; "))
	}
}

// givePass sends the pass of a session, where the site has a domain.
func (w *web) givePass(c *gin.Context, session string) {
	if w.cookies.domain == "" || session == "" {
		return
	}
	pass, err := w.Login.Pass(session)
	if err != nil { // the keys cannot be used: signing in here works all the same
		w.Log.Error("no pass was made", "id", c.GetString(idKey), "error", err)
		return
	}
	w.cookies.setPass(c, pass)
}

// dropPass removes the pass from the browser.
func (w *web) dropPass(c *gin.Context) {
	if w.cookies.domain != "" {
		w.cookies.setPass(c, "")
	}
}

// asker is who a proxy asks about: the session of the request, or the one that
// its pass was derived from. Two passes are nobody: one of them is planted, and
// nothing tells which. Nothing is written.
func (w *web) asker(c *gin.Context) (*login.Visit, error) {
	var passes []*http.Cookie
	if w.cookies.domain != "" {
		passes = c.Request.CookiesNamed(w.cookies.passName())
	}
	if len(passes) > 1 {
		return nil, nil
	}
	v, err := w.Login.PeekKept(c.Request.Context(), w.cookies.get(c, sessionCookie))
	if v != nil || err != nil || len(passes) == 0 {
		return v, err
	}
	return w.Login.PeekPass(c.Request.Context(), passes[0].Value)
}

// turns counts how often somebody signed in is sent from the sign-in page back to
// the same application. One that does not get the pass, since another cookie of
// that name is in the way, sends them here again at once. Each process counts its
// own.
type turns struct {
	mu sync.Mutex
	of map[string]turn
}

type turn struct {
	n     int
	since time.Time
}

const (
	turnsMost = 8                // in turnsIn; browsers give up after 20 redirects, which are ten rounds
	turnsIn   = 10 * time.Second // people need longer than redirects do
	turnsKept = 10000            // sessions and pages that are counted
)

// turnsAgain says whether somebody was led to another host once too often, although
// their browser has the pass.
func (w *web) turnsAgain(c *gin.Context, v *login.Visit, next string) bool {
	pass, err := c.Request.Cookie(w.cookies.passName())
	if err != nil || next[0] == '/' {
		return false
	}
	mine, err := w.Login.Pass(w.cookies.get(c, sessionCookie))
	return err == nil && pass.Value == mine && w.turns.again(v.Session.ID+" "+next, v.Now)
}

// again counts one, and says whether it is one too many.
func (t *turns) again(who string, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	x := t.of[who]
	if d := now.Sub(x.since); d < 0 || d >= turnsIn {
		x = turn{since: now}
	}
	if t.of == nil || len(t.of) >= turnsKept {
		t.of = map[string]turn{}
	}
	x.n++
	t.of[who] = x
	return x.n > turnsMost
}

// circling ends a circle between the sign-in page and an application. It sends the
// pass, and lets the person decide when to try again.
func (w *web) circling(c *gin.Context, next string) error {
	w.Log.Warn("an application sends somebody back who is signed in: does its proxy pass on the cookies, and does another host under the domain plant some?",
		"id", c.GetString(idKey), "url", w.site.String())
	w.givePass(c, w.cookies.get(c, sessionCookie))
	return w.render(c, http.StatusOK, views.Message{Heading: "You are signed in", Back: next, BackLabel: "Try again",
		Text: "But the application keeps sending you back here: your browser does not give it the cookie that says so. Delete the cookies of the application in your browser and try again, or tell the people who run this site."},
		views.Frame{Title: "You are signed in"})
}
