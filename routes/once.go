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

// repeat is how a form is recognised that the same browser sends again.
type repeat struct {
	cookie  string        // what only this browser has
	lasting bool          // the form names something that exists once, so it is never meant anew
	life    time.Duration // how long it is told where the form led; 0 is login.AgainTTL
}

// unlimited are the routes whose forms are carried out as often as they come.
// What has a mail sent has limits of its own, and says when the next can be had.
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

// shown tells more of a form that says on which showing of its page it stood: a
// second click is known also when the browser has followed the first answer by
// then, and two intentions are told apart however soon they come.
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

// Marks that a handler leaves for once.
const (
	undoneKey = "undone" // the answer leads on, and yet the form did nothing
	ledKey    = "led"    // the form did something, and would have led here
)

// once carries out a form that works once, however often its browser sends it:
// a repeat gets the answer of the first, also while that is still being judged.
// It is the one place for this; do is everything else about the form.
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
		if err := w.keep(c, rep, key, to); err != nil { // what was done stays done: only a repeat lacks its answer
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
// click may come with them already.
func (w *web) left(c *gin.Context) func(name string) string {
	return func(name string) string {
		if value, ok := w.given(c.Writer.Header().Values("Set-Cookie"), name); ok {
			return value
		}
		return w.cookies.get(c, name)
	}
}

// formKey names a form: who sent it, where to, and what was in it. A browser
// that has no name yet but the form's own is told by its other cookies too.
// Without the cookie that it is told by, a form has no name.
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

// repeated answers a form that was carried out before. One that is being
// carried out is waited for. Else the form is claimed, for its sender to carry
// it out, also when the first went away before it was carried out; somebody with
// a made-up cookie claims nothing.
func (w *web) repeated(c *gin.Context, rep repeat, key string) (done bool, err error) {
	ctx := c.Request.Context()
	look := w.Login.Outcome
	if known, err := w.known(ctx, rep, w.cookies.get(c, rep.cookie)); err != nil {
		return false, err
	} else if known {
		look = w.Login.Begin
	}
	o, st, err := look(ctx, key)
	for n := 1; err == nil && st == login.Running && n <= waits; n++ {
		select {
		case <-ctx.Done():
			return false, ctx.Err()
		case <-time.After(time.Duration(n) * waitStep):
		}
		if o, st, err = w.Login.Outcome(ctx, key); err == nil && st == login.Mine {
			o, st, err = look(ctx, key)
		}
	}
	if err != nil || st != login.Settled {
		return false, err
	}
	return w.again(c, o)
}

// A repeat looks so often whether the first is done, each time after a step
// more: about eighteen seconds in all, in which a form that waits to be hashed
// has its turn, and no more than a form may be carried out for.
const (
	waits    = 85
	waitStep = 5 * time.Millisecond
)

// known says whether a cookie is one that we gave.
func (w *web) known(ctx context.Context, rep repeat, token string) (bool, error) {
	switch rep.cookie {
	case sessionCookie:
		v, err := w.Login.Peek(ctx, token)
		return v != nil, err
	case loginCookie:
		_, err := w.Login.Pending(ctx, token)
		if identity.Reason(err) == identity.Gone {
			return false, nil
		}
		return err == nil, err
	}
	return true, nil
}

// again gives the answer of the first once more, unless what it opened has
// ended since.
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
	w.redirect(c, o.To)
	return true, nil
}

// given reads a cookie out of the lines of an answer; ok when it is there, or
// is taken back.
func (w *web) given(lines []string, name string) (value string, ok bool) {
	for _, line := range lines {
		if x, err := http.ParseSetCookie(line); err == nil && x.Name == w.cookies.name(name) {
			value, ok = x.Value, true
		}
	}
	return value, ok
}

// led says where a form led that did something.
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

// keep keeps the answer of a form, before it is sent: for whoever sends it again
// with the cookies of the first time, and with those that the answer leaves.
func (w *web) keep(c *gin.Context, rep repeat, key, to string) error {
	o := login.Outcome{To: to, Lasting: rep.lasting, Life: rep.life}
	var all []login.Outcome
	if rep.cookie == formCookie && rep.lasting { // a link that was used: its page says so to this browser
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

// nameForm gives the browser a name under which its forms are told apart from
// those of others, where it has no other: before it is signed in.
func (w *web) nameForm(c *gin.Context) (token string) {
	if token = w.cookies.get(c, formCookie); token == "" {
		token, _ = identity.NewToken()
		w.cookies.set(c, formCookie, token, 0)
	}
	return token
}

// usedHere is where a link led that this browser used; empty when it did not.
func (w *web) usedHere(c *gin.Context) (to string, err error) {
	token := w.cookies.get(c, formCookie)
	if token == "" {
		return "", nil
	}
	o, _, err := w.Login.Outcome(c.Request.Context(), login.FormKey(token, "link", c.Request.URL.Path))
	return o.To, err
}
