package routes

import (
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// confirmPage is the step-up of someone signed in. Someone who needed it only
// to reach level 2 of this site, and has reached it meanwhile in another tab,
// is sent on. That does not hold for applications behind a proxy: they may
// require more than the level.
func (w *web) confirmPage(c *gin.Context) error {
	next := w.next(c.Query("next"))
	here := w.local(next)
	ours := strings.HasPrefix(here, "/admin") || strings.HasPrefix(here, "/profile")
	if v := visit(c); ours && c.Query("level") == "2" && c.Query("held") == "" && v.Passed() && v.Level() >= 2 {
		w.leave(c, w.way(v, next))
		return nil
	}
	return w.showConfirm(c, stepUp{factors.Kind(c.Query("factor")), c.Query("to"), next, c.Query("held")}, nil)
}

// stepUp is what a step-up carries from page to page: the kind of factor that
// is open, the id of one of its credentials, the page to go to afterwards, and
// the id of the held form.
type stepUp struct {
	kind           factors.Kind
	to, next, held string
}

// purpose says what a step-up is for, in the words of the table: what the held
// form does or, when there is none, what the next page shows.
func (w *web) purpose(a stepUp, held login.HeldForm) act {
	if a.held != "" {
		return w.does(post, held.Path)
	}
	to, err := url.Parse(a.next)
	if err != nil || to.Host != "" { // another host's paths are its own
		return ""
	}
	return w.does(get, w.local(to.Path))
}

// does is what the table says a route does. It is empty for a path without a
// route, and for routes that never ask for a step-up.
func (w *web) does(method, path string) act {
	for _, r := range w.rows {
		if r.method == method && r.who > anySession && r.is(path) {
			return r.does
		}
	}
	return ""
}

// is says whether a path belongs to the route. No path belongs to two rows.
func (r route) is(path string) bool {
	return slices.EqualFunc(strings.Split(r.path, "/"), strings.Split(path, "/"), func(want, got string) bool {
		return want == got || strings.HasPrefix(want, ":") && got != ""
	})
}

// query is the path of the step-up page with all that it carries.
func (a stepUp) query(more string) string {
	q := "/confirm?next=" + url.QueryEscape(a.next)
	if a.held != "" {
		q += "&held=" + url.QueryEscape(a.held)
	}
	return q + more
}

func (w *web) showConfirm(c *gin.Context, a stepUp, refused *identity.Refusal) error {
	v := visit(c)
	ch, err := w.Login.Confirmation(c.Request.Context(), v, a.kind, a.to, w.client(c))
	if err != nil {
		return err
	}
	held, err := w.Login.Held(c.Request.Context(), v, login.StepUp{ID: a.held})
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := w.challengeScreen(ch, place{answer: "/confirm", send: "/confirm/code", confirm: true,
			open: w.at(a.query("&"))})
		if !v.Account.HasFactor() {
			s.Choices = []views.Choice{{Icon: "password", Label: "Password", Open: true}}
			s.Panel = views.Panel{Kind: "password", Icon: "password", Label: "Password", Input: "password", Action: "/confirm"}
			if c.Query("level") == "2" {
				s.Enroll = w.offers(v, true)
			}
		}
		s.Login, s.Next, s.HeldID, s.Held, s.Alert = v.Account.Login, a.next, a.held, string(w.purpose(a, held)), alert
		return s, views.Frame{Title: "Confirm it is you"}
	}
	if refused == nil {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

// sendConfirm sends a code for a step-up.
func (w *web) sendConfirm(c *gin.Context) error {
	f, err := form(c, "kind", "to", "next", "held")
	if err != nil {
		return err
	}
	k, err := w.kind(f["kind"])
	if err != nil {
		return err
	}
	a := stepUp{k, f["to"], w.next(f["next"]), f["held"]}
	err = w.Login.SendConfirm(c.Request.Context(), visit(c), k, a.to, w.client(c))
	if refused := identity.Refused(err); refused != nil {
		return w.showConfirm(c, a, unsent(refused))
	}
	if err != nil {
		return err
	}
	if w.overPage(c) {
		return w.showConfirm(c, a, nil)
	}
	w.redirect(c, a.query("&"+factorQuery(k, a.to)))
	return nil
}

// confirm judges a step-up. Then it carries out the form that caused this
// step-up, and no other.
func (w *web) confirm(c *gin.Context) error {
	f, err := form(c, "kind", "code", "password", "next", "to", "held")
	if err != nil {
		return err
	}
	v, a := visit(c), stepUp{"", f["to"], w.next(f["next"]), f["held"]}
	k, entry, err := w.judgeConfirm(c, v, f)
	a.kind = k
	if refused := identity.Refused(err); refused != nil {
		return w.showConfirm(c, a, refused)
	}
	if err != nil {
		return err
	}
	w.enter(c, entry)
	c.Set(ledKey, w.onward(a.next))
	step := login.StepUp{ID: a.held}
	if !c.Request.PostForm.Has("held") {
		step.Back = a.next
	}
	held, err := w.Login.Release(c.Request.Context(), v, step)
	if err != nil {
		return err
	}
	if held.Path != "" && !held.Retype {
		return w.carryOut(c, held, entry.Session)
	}
	if a.held != "" || held.Retype { // the form is not there any more, or has to be typed again
		a.next = w.at("/profile?said=confirmed")
	}
	if entry.Session == "" {
		entry.Session = w.cookies.get(c, sessionCookie)
	}
	return w.goOn(c, entry.Session, a.next)
}

// notNow leaves a step-up and forgets its form. A dialog is closed.
func (w *web) notNow(c *gin.Context) error {
	if err := w.Login.Drop(c.Request.Context(), visit(c)); err != nil {
		return err
	}
	if w.overPage(c) {
		c.Header("HX-Retarget", "#dialog")
		c.Data(http.StatusOK, "text/html; charset=utf-8", nil)
		return nil
	}
	w.redirect(c, "/profile")
	return nil
}

func (w *web) judgeConfirm(c *gin.Context, v *login.Visit, f map[string]string) (factors.Kind, login.Entry, error) {
	if !v.Account.HasFactor() {
		if f["password"] == "" {
			return "", login.Entry{}, identity.Refuse(identity.Bad, "Enter your password.")
		}
		entry, err := w.Login.ConfirmPassword(c.Request.Context(), v, f["password"], w.client(c))
		if identity.Reason(err) == identity.Wrong {
			err = identity.Refuse(identity.Wrong, "That is not your password.")
		}
		return "", entry, err
	}
	k := factors.Kind(f["kind"])
	if !w.Login.Knows(k) { // someone who has a factor must use it: the password is not enough
		return "", login.Entry{}, identity.Refuse(identity.Bad, "Confirm with one of your factors.")
	}
	if strings.TrimSpace(f["code"]) == "" {
		return k, login.Entry{}, identity.Refuse(identity.Bad, "Enter the code.")
	}
	entry, err := w.Login.Confirm(c.Request.Context(), v, k, factors.Answer{Code: f["code"], Target: f["to"]}, w.client(c))
	return k, entry, err
}

// hold keeps a form while its step-up is under way, and returns its id. Of a
// form with a password only the path is kept: the person types it again
// afterwards.
func (w *web) hold(c *gin.Context, back string) (id string, err error) {
	if err := read(c); err != nil {
		return "", err
	}
	f := login.HeldForm{Path: c.Request.URL.Path, Back: back}
	if f.Retype = c.Request.PostForm.Has("password") || c.Request.PostForm.Has("current"); !f.Retype {
		f.Form = c.Request.PostForm.Encode()
	}
	return w.Login.Hold(c.Request.Context(), visit(c), f)
}

// carryOut runs a held form as if it were sent now, through the same guards.
func (w *web) carryOut(c *gin.Context, held login.HeldForm, token string) error {
	r := c.Request.Clone(c.Request.Context())
	r.Method, r.URL, r.RequestURI = http.MethodPost, &url.URL{Path: held.Path}, held.Path
	r.Body, r.ContentLength = http.NoBody, 0
	body, err := url.ParseQuery(held.Form)
	if err != nil {
		return err
	}
	r.Form, r.PostForm, r.MultipartForm = body, body, nil
	r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	if w.overPage(c) { // its answer belongs on the page below the dialog
		c.Header("HX-Retarget", "#main")
	}
	if token != "" { // the session rose to a higher level and has a new token
		w.cookies.replace(r, sessionCookie, token)
	}
	w.engine.ServeHTTP(c.Writer, r)
	return nil
}
