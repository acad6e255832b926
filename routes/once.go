package routes

import (
	"cmp"
	"context"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// repeat says how a form is recognised when the same browser sends it again.
type repeat struct {
	cookie  string        // a cookie that only this browser has
	lasting bool          // the form is about something that can be done only once, so sending it again is always a repeat
	life    time.Duration // how long a repeat gets the first answer; 0 is login.AgainTTL
}

// unlimited are the routes whose forms are carried out each time. Those that
// send mail have limits of their own, and say when the next mail can be sent.
var unlimited = []string{
	"/login/challenge/:kind/code", "/confirm/code", "/profile/factors/email", "/password/forgot",
	"/login/cancel", "/confirm/cancel", "/logout", "/profile/factors/totp/cancel", "/profile/factors/email/cancel",
	"/profile/factors/recovery/check", "/admin/import", "/register",
}

// repeatOf says how a form of a route is recognised.
func repeatOf(c *gin.Context, who guard) (r repeat, ok bool) {
	path := c.FullPath()
	switch {
	case c.Request.Method != http.MethodPost || path == "" || slices.Contains(unlimited, path):
		return repeat{}, false
	case path == "/login/challenge/:kind":
		return repeat{cookie: loginCookie}, true
	case path == "/login":
		return repeat{cookie: formCookie}, true
	case who == open: // links, each of which works once
		return repeat{formCookie, true, login.LastingTTL}, true
	case path == "/confirm":
		return repeat{sessionCookie, true, login.AgainTTL}, true
	case strings.HasSuffix(path, "/confirm"), strings.HasSuffix(path, "/remove"), strings.HasSuffix(path, "/end"),
		strings.HasSuffix(path, "/forget"):
		return repeat{sessionCookie, true, login.LastingTTL}, true
	}
	return repeat{cookie: sessionCookie}, true
}

// shown is for a form with a field that differs each time its page is shown. By
// it a double click is recognised even after the browser has followed the first
// answer, and two forms from two showings of the page are never taken for one.
func (r repeat) shown(c *gin.Context, ok bool) (repeat, bool) {
	if c.Request.PostForm.Get("once") == "" {
		return r, ok
	}
	switch path := c.FullPath(); {
	case path == "/password/forgot" || path == "/register":
		return repeat{cookie: formCookie}, true
	case ok && r.cookie == sessionCookie:
		r.lasting, r.life = true, login.LastingTTL
	}
	return r, ok
}

// What a handler tells once about its answer.
const (
	undoneKey = "undone" // the answer is a redirect, but the form did nothing
	ledKey    = "led"    // the form did something, and its redirect would have been to here
)

// once carries out a form only once, however often its browser sends it. A
// repeat gets the answer of the first, even while that is still being judged.
// Everything about repeats is here; do is the rest of the form.
func (w *web) once(c *gin.Context, who guard, do func() error) error {
	rep, ok := repeatOf(c, who)
	if c.Request.Method != http.MethodPost || read(c) != nil {
		return do()
	}
	if rep, ok = rep.shown(c, ok); !ok {
		return do()
	}
	key := w.formKey(c, rep, w.sent(c))
	if key != "" {
		if done, err := w.repeated(c, rep, key); err != nil || done {
			return err
		}
	}
	err := do()
	to, worked := led(c)
	switch {
	case err == nil && worked && (key != "" || rep.lasting):
		if err := w.keep(c, rep, key, to); err != nil { // the form was carried out; only a repeat will not get its answer
			w.Log.Error("the answer to a form was not kept", "id", c.GetString(idKey), "route", c.FullPath(), "error", err)
		}
		return nil
	case key == "":
		return err
	}
	return cmp.Or(err, w.Login.Abandon(context.WithoutCancel(c.Request.Context()), key))
}

// sent gives the cookies that a browser sent.
func (w *web) sent(c *gin.Context) func(name string) string {
	return func(name string) string { return w.cookies.get(c, name) }
}

// left gives the cookies that a browser has once it got the answer: a second
// click may already send them.
func (w *web) left(c *gin.Context) func(name string) string {
	return func(name string) string {
		if value, ok := w.given(c.Writer.Header().Values("Set-Cookie"), name); ok {
			return value
		}
		return w.cookies.get(c, name)
	}
}

// formKey identifies a form by who sent it, to which path, and with what
// content. Before the sign-in a browser is identified by all its cookies
// together. The key is empty when the browser lacks the cookie that identifies
// it.
func (w *web) formKey(c *gin.Context, rep repeat, cookie func(name string) string) string {
	token := cookie(rep.cookie)
	if token == "" {
		return ""
	}
	parts := []string{c.Request.URL.Path, c.Request.UserAgent(), c.Request.PostForm.Encode()}
	if rep.cookie == formCookie {
		for _, name := range []string{loginCookie, sessionCookie, trustedCookie, ticketCookie, knownCookie} {
			parts = append(parts, cookie(name))
		}
	}
	return login.FormKey(token, parts...)
}

// repeated answers a form that was carried out before, and waits for one that
// is being carried out. Otherwise it claims the form for this request, also
// when the first request ended before it was carried out. A browser with an
// invented cookie claims nothing.
func (w *web) repeated(c *gin.Context, rep repeat, key string) (done bool, err error) {
	ctx := c.Request.Context()
	of := login.Sender{Holder: holders[rep.cookie], Hash: identity.HashToken(w.cookies.get(c, rep.cookie))}
	o, st, err := w.Login.Begin(ctx, key, of)
	for n := 1; err == nil && st == login.Running && n <= waits; n++ {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(time.Duration(n) * waitStep):
		}
		if o, st, err = w.Login.Outcome(ctx, key); err == nil && st == login.Mine {
			o, st, err = w.Login.Begin(ctx, key, of)
		}
	}
	if err != nil || st != login.Settled {
		return false, err
	}
	return w.again(c, o)
}

// A repeat checks this often whether the first request is done, and waits one step
// longer each time: about 18 seconds in all. In that time a form that waits for
// its password to be hashed has its turn, and it is less than formTime.
const (
	waits    = 85
	waitStep = 5 * time.Millisecond
)

// holders says what the cookies stand for by which forms are told apart.
var holders = map[string]login.Holder{sessionCookie: login.OfSession, loginCookie: login.OfPending}

// again sends the answer of the first once more, unless the session that it
// opened has ended since.
func (w *web) again(c *gin.Context, o login.Outcome) (bool, error) {
	session, _ := w.given(o.Cookies, sessionCookie)
	pending, _ := w.given(o.Cookies, loginCookie)
	stands, err := w.Login.Stands(c.Request.Context(), session, pending)
	if err != nil || !stands {
		return false, err
	}
	for _, line := range o.Cookies {
		c.Writer.Header().Add("Set-Cookie", line)
	}
	w.leave(c, o.To)
	return true, nil
}

// given reads a cookie from the Set-Cookie lines of an answer. ok is true also
// when a line removes the cookie.
func (w *web) given(lines []string, name string) (value string, ok bool) {
	for _, line := range lines {
		if x, err := http.ParseSetCookie(line); err == nil && x.Name == w.cookies.name(name) {
			value, ok = x.Value, true
		}
	}
	return value, ok
}

// led says where the answer of a form goes, and whether the form did something.
func led(c *gin.Context) (to string, worked bool) {
	h := c.Writer.Header()
	switch {
	case c.GetBool(undoneKey):
		return "", false
	case c.Writer.Status() == http.StatusSeeOther:
		return h.Get("Location"), true
	case c.Writer.Status() == http.StatusOK && h.Get("HX-Redirect") != "":
		return h.Get("HX-Redirect"), true
	}
	to = c.GetString(ledKey)
	return to, to != ""
}

// keep stores the answer of a form before it is sent. A repeat finds it with
// the cookies of the first request, and with those that the answer sets.
func (w *web) keep(c *gin.Context, rep repeat, key, to string) error {
	o := login.Outcome{To: to, Lasting: rep.lasting, Life: rep.life}
	var all []login.Outcome
	if rep.cookie == formCookie && rep.lasting { // a link that was used: its page can say so in this browser
		used := o
		used.Key = login.FormKey(w.nameForm(c), "link", c.Request.URL.Path)
		all = append(all, used)
	}
	o.Cookies = slices.Clone(c.Writer.Header().Values("Set-Cookie"))
	if session, _ := w.given(o.Cookies, sessionCookie); session != "" {
		o.Session = identity.HashToken(session)
	} else if rep.cookie == sessionCookie && !rep.lasting {
		o.Session = identity.HashToken(w.cookies.get(c, sessionCookie))
	}
	for _, o.Key = range slices.Compact([]string{key, w.formKey(c, rep, w.left(c))}) {
		if o.Key != "" {
			all = append(all, o)
		}
	}
	return w.Login.Finish(context.WithoutCancel(c.Request.Context()), all...)
}

// nameForm gives a browser that is not signed in a cookie by which its forms
// are told from those of others.
func (w *web) nameForm(c *gin.Context) (token string) {
	if token = w.cookies.get(c, formCookie); token == "" {
		token, _ = identity.NewToken()
		w.cookies.set(c, formCookie, token, 0)
	}
	return token
}

// usedHere is where a link led that this browser used; empty when it did not
// use it.
func (w *web) usedHere(c *gin.Context) (to string, err error) {
	token := w.cookies.get(c, formCookie)
	if token == "" {
		return "", nil
	}
	o, _, err := w.Login.Outcome(c.Request.Context(), login.FormKey(token, "link", c.Request.URL.Path))
	return o.To, err
}
