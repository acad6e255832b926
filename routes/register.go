package routes

import (
	"errors"
	"net/http"
	"time"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// registerPage exists only where anyone may register.
func (w *web) registerPage(c *gin.Context) error {
	if !w.Accounts.Open() {
		return errNotFound
	}
	w.nameForm(c)
	return w.render(c, http.StatusOK, views.Register{Action: "/register", Next: w.next(c.Query("next")), Sent: c.Query("sent") != ""},
		views.Frame{Title: "Create an account"})
}

// register answers the same whether or not the address has an account.
func (w *web) register(c *gin.Context) error {
	if !w.Accounts.Open() {
		return errNotFound
	}
	f, err := form(c, "login", "name", "password", "next")
	if err != nil {
		return err
	}
	next := w.next(f["next"])
	browser, err := w.Accounts.Register(c.Request.Context(), accounts.Form{Login: f["login"], Name: f["name"], Password: f["password"], Next: next}, w.client(c))
	if err != nil {
		return w.refused(c, err, func(alert string) (views.Screen, views.Frame) {
			return views.Register{Action: "/register", Login: f["login"], Name: f["name"], Next: next, Alert: alert}, views.Frame{Title: "Create an account"}
		})
	}
	w.cookies.set(c, registerCookie, browser, 24*time.Hour)
	w.redirect(c, "/register?sent=1") // the link in the mail carries the page to go to
	return nil
}

// verifyEmailPage only shows a button, so that a mail scanner that opens links
// confirms nothing.
func (w *web) verifyEmailPage(c *gin.Context) error {
	x, ask, err := w.Accounts.Registration(c.Request.Context(), c.Param("token"), w.cookies.get(c, registerCookie))
	if err == nil {
		w.nameForm(c)
		return w.render(c, http.StatusOK, views.Join{Action: c.Request.URL.Path, Login: x.Login, Ask: ask}, views.Frame{Title: "Confirm this address"})
	}
	if !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Button{Heading: "Confirm this address", Text: "It will be the address of the account " + a.Login + ".",
			Action: c.Request.URL.Path, Label: "Confirm"}, views.Frame{Title: "Confirm this address"}
	}, identity.LinkVerify, identity.LinkChange)
}

// verifyEmail confirms an address: of an existing account, or of a
// registration, whose account is then made.
func (w *web) verifyEmail(c *gin.Context) error {
	ctx, token, browser := c.Request.Context(), c.Param("token"), w.cookies.get(c, registerCookie)
	x, ask, err := w.Accounts.Registration(ctx, token, browser)
	if errors.Is(err, identity.ErrNotFound) {
		err := w.Accounts.VerifyEmail(ctx, token, w.client(c))
		return w.byLink(c, err, "/profile?said=email-confirmed", func(alert string) (views.Screen, views.Frame) {
			return views.Message{Heading: "Your address was not confirmed", Text: alert, Back: w.at("/profile"), BackLabel: "Back to your profile"},
				views.Frame{Title: "Your address was not confirmed"}
		})
	}
	if err != nil {
		return err
	}
	f, err := form(c, "password")
	if err != nil {
		return err
	}
	next, err := w.Accounts.Join(ctx, token, browser, f["password"], w.client(c))
	if err == nil {
		w.cookies.drop(c, registerCookie)
	}
	return w.byLink(c, err, withNext("/login?said=registered", next), func(alert string) (views.Screen, views.Frame) {
		return views.Join{Action: c.Request.URL.Path, Login: x.Login, Ask: ask, Alert: alert}, views.Frame{Title: "Confirm this address"}
	})
}
