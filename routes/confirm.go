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

// confirmPage is the step-up of someone signed in. Someone whom a page of ours
// sent here for a level that another tab has reached meanwhile is sent on; an
// application behind a proxy may ask for more than the level.
func (w *web) confirmPage(c *gin.Context) error {
	next := SafeNext(c.Query("next"))
	ours := strings.HasPrefix(next, "/admin") || strings.HasPrefix(next, "/profile")
	if v := visit(c); ours && c.Query("level") == "2" && c.Query("held") == "" && v.Passed() && v.Level() >= 2 {
		w.redirect(c, w.way(v, next))
		return nil
	}
	return w.showConfirm(c, stepUp{factors.Kind(c.Query("factor")), c.Query("to"), next, c.Query("held")}, nil)
}

// stepUp is what a step-up carries from page to page: the kind that is open and
// which of its addresses, where it leads, and which held form it is for.
type stepUp struct {
	kind           factors.Kind
	to, next, held string
}

// purpose is what a step-up is for, in the words of the table: the form that it
// holds up, or else the page that it leads to.
func (w *web) purpose(a stepUp, held login.HeldForm) act {
	if a.held != "" {
		return w.does(post, held.Path)
	}
	to, err := url.Parse(a.next)
	if err != nil {
		return ""
	}
	return w.does(get, to.Path)
}

// does is what the table says about a path, where it may ask for a step-up.
func (w *web) does(method, path string) act {
	for _, r := range w.rows {
		if r.method == method && r.who > anySession && r.is(path) {
			return r.does
		}
	}
	return ""
}

// is says whether a path is the route's. No path is that of two rows.
func (r route) is(path string) bool {
	return slices.EqualFunc(strings.Split(r.path, "/"), strings.Split(path, "/"), func(want, got string) bool {
		return want == got || strings.HasPrefix(want, ":") && got != ""
	})
}

// query is the step-up's address with what it carries.
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
			open: a.query("&")})
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

// sendConfirm has a code sent for a step-up.
func (w *web) sendConfirm(c *gin.Context) error {
	f, err := form(c, "kind", "to", "next", "held")
	if err != nil {
		return err
	}
	k, err := w.kind(f["kind"])
	if err != nil {
		return err
	}
	a := stepUp{k, f["to"], SafeNext(f["next"]), f["held"]}
	err = w.Login.SendConfirm(c.Request.Context(), visit(c), k, a.to, w.client(c))
	if refused := identity.Refused(err); refused != nil {
		return w.showConfirm(c, a, unsent(refused))
	}
	if err != nil {
		return err
	}
	if overPage(c) {
		return w.showConfirm(c, a, nil)
	}
	w.redirect(c, a.query("&"+factorQuery(k, a.to)))
	return nil
}

// confirm judges a step-up, and carries out what it held up: the form that
// caused this step-up and no other.
func (w *web) confirm(c *gin.Context) error {
	f, err := form(c, "kind", "code", "password", "next", "to", "held")
	if err != nil {
		return err
	}
	v, a := visit(c), stepUp{"", f["to"], SafeNext(f["next"]), f["held"]}
	k, entry, err := w.judgeConfirm(c, v, f)
	a.kind = k
	if refused := identity.Refused(err); refused != nil {
		return w.showConfirm(c, a, refused)
	}
	if err != nil {
		return err
	}
	w.enter(c, entry)
	c.Set(ledKey, onward(a.next))
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
		a.next = "/profile?said=confirmed"
	}
	if entry.Session == "" {
		entry.Session = w.cookies.get(c, sessionCookie)
	}
	return w.goOn(c, entry.Session, a.next)
}

// notNow leaves a step-up: what it held up is forgotten. A dialog closes.
func (w *web) notNow(c *gin.Context) error {
	if err := w.Login.Drop(c.Request.Context(), visit(c)); err != nil {
		return err
	}
	if overPage(c) {
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
	if !w.Login.Knows(k) { // the password does not count for someone who has a factor
		return "", login.Entry{}, identity.Refuse(identity.Bad, "Confirm with one of your factors.")
	}
	if strings.TrimSpace(f["code"]) == "" {
		return k, login.Entry{}, identity.Refuse(identity.Bad, "Enter the code.")
	}
	entry, err := w.Login.Confirm(c.Request.Context(), v, k, factors.Answer{Code: f["code"], Target: f["to"]}, w.client(c))
	return k, entry, err
}

// hold keeps a form that a step-up holds up, and gives its id. Of a form with a
// password in it only the path is kept: its owner types it again.
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
	if overPage(c) { // what it shows belongs on the page below the dialog
		c.Header("HX-Retarget", "#main")
	}
	if token != "" { // the session rose and has a new token
		w.cookies.replace(r, sessionCookie, token)
	}
	w.engine.ServeHTTP(c.Writer, r)
	return nil
}
