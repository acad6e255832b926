package routes

import (
	"cmp"
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// home goes to where a sign-in ends, which asks strangers to sign in. A site that
// shares its host with an application may have "/" as that place: the
// application's, so whoever comes here goes to the profile.
func (w *web) home(c *gin.Context) error {
	to := w.onward(w.Home)
	if to == w.at("/") || to == w.site.String() || to == w.site.String()+"/" {
		to = w.at("/profile")
	}
	w.leave(c, to)
	return nil
}

// loginPage is the first step. Nothing is written for somebody who is only led on.
// After a sign-in that took too long it says so.
// Someone who is already signed in is sent on to next; without next they are
// told who is signed in, and may sign in with another account.
func (w *web) loginPage(c *gin.Context) error {
	session := w.cookies.get(c, sessionCookie)
	v, err := w.Login.Peek(c.Request.Context(), session)
	if err != nil {
		return err
	}
	s := views.Login{Next: w.next(c.Query("next")), Register: w.Accounts.Open()}
	if v != nil && s.Next != "" {
		if w.turnsAgain(c, v, s.Next) {
			return w.circling(c, s.Next)
		}
		w.givePass(c, session)
		w.leave(c, w.wayAt(v, s.Next, c.Query("level")))
		return nil
	}
	if v != nil {
		if err := w.Login.Use(c.Request.Context(), v); err != nil {
			return err
		}
		s.As, s.On = v.Account.Login, w.way(v, w.Home)
	}
	switch {
	case v == nil && c.GetBool(tornKey):
		s.Told = w.tornText(c)
	case v == nil && w.lostCookie(c):
		s.Told = w.lostCookieText()
	case v == nil && c.Query("over") != "":
		s.Told = "Your sign-in took too long. Please start again."
	}
	w.nameForm(c)
	return w.render(c, http.StatusOK, s, views.Frame{Title: "Sign in"})
}

// login judges login and password. For an account with a factor it opens no
// session.
func (w *web) login(c *gin.Context) error {
	f, err := form(c, "login", "password", "next")
	if err != nil {
		return err
	}
	next := w.next(f["next"])
	entry, err := w.Login.Password(c.Request.Context(), f["login"], f["password"], next, w.client(c))
	if err != nil {
		if identity.Reason(err) == identity.Wrong {
			err = identity.Refuse(identity.Wrong, "That login and password do not match.")
		}
		return w.refused(c, err, func(alert string) (views.Screen, views.Frame) {
			return views.Login{Login: f["login"], Next: next, Register: w.Accounts.Open(), Alert: alert}, views.Frame{Title: "Sign in"}
		})
	}
	// It was carried out. A second click ends this connection and gets this answer too.
	c.Request = c.Request.WithContext(context.WithoutCancel(c.Request.Context()))
	if w.cookieless(c.Request) {
		w.unkept.note(w.who(c), w.Login.Now())
	}
	if err := w.untangle(c); err != nil {
		return err
	}
	w.enter(c, entry)
	if entry.Pending != "" {
		w.redirect(c, "/login/challenge")
		return nil
	}
	return w.goOn(c, entry.Session, next)
}

// goOn ends a sign-in. Someone who must set up a factor first is sent there at
// once, since the page they asked for may belong to an application that does
// not check it.
func (w *web) goOn(c *gin.Context, session, next string) error {
	next = cmp.Or(w.next(next), w.Home) // a kept one may be from before a change of the domain
	if next != "" {
		v, err := w.Login.Peek(c.Request.Context(), session)
		if err != nil {
			return err
		}
		if v != nil {
			next = w.way(v, next)
		}
	}
	w.givePass(c, session)
	w.leave(c, w.onward(next))
	return nil
}

// way is the page to go to for someone signed in: what is left to do for the
// sign-in, else the page they wanted. It is never the first step.
func (w *web) way(v *login.Visit, next string) string {
	switch {
	case !v.Passed():
		return withNext(w.at("/confirm"), next)
	case v.Forced() && !strings.HasPrefix(w.local(next), "/profile/factors"):
		return withNext(w.at("/profile/factors"), next)
	}
	return w.onward(next)
}

// wayAt is way for a page that may require a second factor.
func (w *web) wayAt(v *login.Visit, next, level string) string {
	if level == "2" && v.Level() < 2 && !v.Forced() {
		return withNext(w.at("/confirm?level=2"), next)
	}
	return w.way(v, next)
}

// onward is where a sign-in goes: to next, or to the profile.
func (w *web) onward(next string) string {
	if next == "" {
		return w.at("/profile")
	}
	return next
}

// cancel forgets the pending login.
func (w *web) cancel(c *gin.Context) error {
	next := ""
	if f, err := form(c, "next"); err == nil { // a form that cannot be read cancels all the same
		next = w.next(f["next"])
	}
	if err := w.Login.Cancel(c.Request.Context(), w.cookies.get(c, loginCookie)); err != nil {
		return err
	}
	w.cookies.drop(c, loginCookie)
	w.redirect(c, withNext("/login", next))
	return nil
}

// logoutPage shows the button that signs out: applications link to it.
func (w *web) logoutPage(c *gin.Context) error {
	return w.render(c, http.StatusOK, views.Button{Heading: "Sign out", Text: "This signs you out here and in the applications that you use through this site.",
		Action: "/logout", Label: "Sign out", Next: w.wanted(c)}, views.Frame{Title: "Sign out"})
}

// logout ends the session, and a pending login too.
func (w *web) logout(c *gin.Context) error {
	next := ""
	if f, err := form(c, "next"); err == nil { // a form that cannot be read signs out all the same
		next = w.next(f["next"])
	}
	if err := w.untangle(c); err != nil {
		return err
	}
	err := w.Login.Logout(c.Request.Context(), w.cookies.get(c, sessionCookie), w.cookies.get(c, loginCookie), w.client(c))
	if err != nil {
		return err
	}
	w.cookies.drop(c, sessionCookie)
	w.cookies.drop(c, loginCookie)
	w.dropPass(c)
	w.leave(c, cmp.Or(next, w.at("/login?said=signed-out")))
	return nil
}
