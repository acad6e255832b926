package routes

import (
	"net/http"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// home leads everyone to where they can do something.
func (w *web) home(c *gin.Context) error {
	c.Redirect(http.StatusSeeOther, "/profile")
	return nil
}

// loginPage is the first step. It says so when a sign-in took too long.
func (w *web) loginPage(c *gin.Context) error {
	s := views.Login{Next: SafeNext(c.Query("next")), Register: w.Accounts.Open()}
	if c.Query("over") != "" {
		s.Alert = "Your sign-in took too long. Please start again."
	}
	return w.render(c, http.StatusOK, s, views.Frame{Title: "Sign in"})
}

// login judges name and password. With a factor it opens no session.
func (w *web) login(c *gin.Context) error {
	f, err := form(c, "login", "password", "next")
	if err != nil {
		return err
	}
	next := SafeNext(f["next"])
	entry, r, err := w.Login.Password(c.Request.Context(), f["login"], f["password"], next, w.client(c))
	if err != nil {
		return err
	}
	if !r.OK() {
		if r.Why == login.Wrong {
			r.Text = "That login and password do not match."
		}
		return w.refused(c, r, func(alert string) (views.Screen, views.Frame) {
			return views.Login{Login: f["login"], Next: next, Register: w.Accounts.Open(), Alert: alert}, views.Frame{Title: "Sign in"}
		})
	}
	w.enter(c, entry)
	if entry.Pending != "" {
		w.redirect(c, "/login/challenge")
		return nil
	}
	w.redirect(c, onward(next))
	return nil
}

// onward is where a sign-in leads.
func onward(next string) string {
	if next == "" {
		return "/profile"
	}
	return next
}

// cancel forgets the pending login.
func (w *web) cancel(c *gin.Context) error {
	if err := w.Login.Cancel(c.Request.Context(), w.cookies.get(c, loginCookie)); err != nil {
		return err
	}
	w.cookies.drop(c, loginCookie)
	w.redirect(c, "/login")
	return nil
}

// logout ends the session, and the pending login too.
func (w *web) logout(c *gin.Context) error {
	err := w.Login.Logout(c.Request.Context(), w.cookies.get(c, sessionCookie), w.cookies.get(c, loginCookie), w.client(c))
	if err != nil {
		return err
	}
	w.cookies.drop(c, sessionCookie)
	w.cookies.drop(c, loginCookie)
	w.redirect(c, "/login?said=signed-out")
	return nil
}
