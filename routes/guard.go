package routes

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// guard is who may open a route. It is checked here to choose the right answer.
// The services check it again in the transaction that makes the change, so that
// a change in between cannot slip through.
type guard int

const (
	open           guard = iota // anyone
	anySession                  // signed in, also with a factor still to prove
	enrolling                   // signed in and passed; also someone who is forced to enroll
	enrollingFresh              // the same, confirmed a short time ago
	signedIn                    // signed in, passed, and not forced to enroll
	fresh                       // the same, confirmed a short time ago
	admin                       // an admin at level 2
	adminFresh                  // the same, confirmed a short time ago
	byToken                     // a program with a token: see api
)

const visitKey = "visit"

// visit is who sends the request; nil when nobody is signed in.
func visit(c *gin.Context) *login.Visit {
	v, _ := c.Get(visitKey)
	x, _ := v.(*login.Visit)
	return x
}

// handle puts the guard in front of a handler, and turns an error of the
// handler into an answer.
func (w *web) handle(who guard, do handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if isForward(c) { // nothing of it is a form, whatever the method
			c.Writer.Header().Del("Allow") // the router's, of methods that it does not know
			if err := w.forward(c); err != nil {
				w.fail(c, err)
			}
			return
		}
		if who == byToken { // no form, and no cookie counts
			if err := do(c); err != nil {
				w.fail(c, err)
			}
			return
		}
		defer w.toTheEnd(c, who)()
		err := w.once(c, who, func() error {
			ok, err := w.admit(c, who)
			if ok && err == nil {
				return do(c)
			}
			c.Set(undoneKey, true)
			return err
		})
		if err != nil {
			w.fail(c, err)
		}
	}
}

// formTime limits a form that is carried out even if the browser goes away.
const formTime = 2 * time.Minute

// toTheEnd has a form carried out to its end although the browser goes away:
// some forms take several transactions, and half of them would be worse than
// none; others use up a code or a link, and their answer can be asked for
// again. Other forms that anybody may send, and that may still be waiting in a
// queue, end with the connection.
func (w *web) toTheEnd(c *gin.Context, who guard) (done func()) {
	rep, ok := repeatOf(c, who)
	if c.Request.Method != http.MethodPost || who == open && (!ok || rep.cookie == formCookie && !rep.lasting) {
		return func() {}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.Request.Context()), formTime)
	c.Request = c.Request.WithContext(ctx)
	return cancel
}

// admit finds out who sends the request. It lets them in, or sends them where
// they can do what is missing: sign in, confirm, or set up a factor.
func (w *web) admit(c *gin.Context, who guard) (bool, error) {
	if who == open {
		return true, nil
	}
	v, err := w.Login.Visit(c.Request.Context(), w.cookies.get(c, sessionCookie))
	if err != nil {
		return false, err
	}
	if v == nil {
		w.toLogin(c)
		return false, nil
	}
	c.Set(visitKey, v)
	switch {
	case who == anySession:
		return true, nil
	case !v.Passed():
		return false, w.toConfirm(c)
	case v.Forced() && who != enrolling && who != enrollingFresh:
		w.redirect(c, "/profile/factors")
		return false, nil
	case (who == admin || who == adminFresh) && v.Account.Role != identity.Admin:
		return false, errForbidden
	case (who == admin || who == adminFresh) && v.Session.Level < 2:
		w.redirect(c, "/confirm?level=2&next="+url.QueryEscape(w.back(c)))
		return false, nil
	case (who == fresh || who == enrollingFresh || who == adminFresh) && !v.Fresh:
		return false, w.toConfirm(c)
	}
	return true, nil
}

// toLogin sends someone to the first step. HTMX is told to load the whole page,
// so that a sign-in form never appears inside another page.
func (w *web) toLogin(c *gin.Context) {
	to := w.at("/login?next=") + url.QueryEscape(w.back(c))
	if c.GetHeader("HX-Request") == "true" {
		c.Header("HX-Redirect", to)
		c.Status(http.StatusUnauthorized)
		return
	}
	w.leave(c, to)
}

// toConfirm sends someone to the step-up. A posted form is kept and carried out
// afterwards. With HTMX the step-up is a dialog over the page.
func (w *web) toConfirm(c *gin.Context) error {
	a := stepUp{next: w.back(c)}
	c.Set(undoneKey, true)
	if c.Request.Method == http.MethodPost {
		var err error
		if a.held, err = w.hold(c, a.next); err != nil {
			return err
		}
		if w.overPage(c) {
			c.Header("HX-Retarget", "#dialog")
			return w.showConfirm(c, a, nil)
		}
	}
	w.redirect(c, a.query(""))
	return nil
}

// overPage says whether an HTMX request comes from a page that can show a
// dialog, which is every page but the step-up's own.
func (w *web) overPage(c *gin.Context) bool {
	u, err := url.Parse(c.GetHeader("HX-Current-URL"))
	return err == nil && partial(c.Request) && w.local(u.Path) != "" && w.local(u.Path) != "/confirm"
}

// back is the page that someone is on: the one requested, or the one that the
// form or HTMX request came from.
func (w *web) back(c *gin.Context) string {
	if safe := c.Request.Method == http.MethodGet || c.Request.Method == http.MethodHead; safe && c.GetHeader("HX-Request") != "true" {
		return w.to.path(w.at(here(c.Request.URL)))
	}
	from := c.GetHeader("HX-Current-URL")
	if from == "" {
		from = c.Request.Referer()
	}
	u, err := url.Parse(from)
	if err != nil || w.to.path(here(u)) == "" {
		return w.at("/profile")
	}
	return w.to.path(here(u))
}
