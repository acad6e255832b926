package routes

import (
	"context"
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// linkPage shows the page behind a link from a mail, or says that the link has
// expired or was already used.
func (w *web) linkPage(c *gin.Context, show func(identity.Account) (views.Screen, views.Frame), purposes ...identity.LinkPurpose) error {
	_, a, err := w.Accounts.Link(c.Request.Context(), c.Param("token"), purposes...)
	if identity.Reason(err) == identity.Gone {
		return w.linkOver(c)
	}
	if err != nil {
		return err
	}
	w.nameForm(c)
	s, f := show(a)
	return w.render(c, http.StatusOK, s, f)
}

// linkOver says that a link has expired or was already used. In the browser
// that used it, it says that it worked.
func (w *web) linkOver(c *gin.Context) error {
	to, err := w.usedHere(c)
	if err != nil {
		return err
	}
	if to != "" {
		code := http.StatusOK
		if c.Request.Method == http.MethodPost { // this form was not carried out
			code = http.StatusNotFound
		}
		return w.render(c, code, views.Message{Heading: "Already done",
			Text: "You already used this link in this browser, and it worked. There is nothing left to do.",
			Back: to, BackLabel: "Continue"}, views.Frame{Title: "Already done"})
	}
	return w.render(c, http.StatusNotFound, views.Message{Heading: "This link has expired or was already used",
		Text: "A link works once, for a limited time, and only until a newer one is sent. Please request a new one.", Back: w.at("/login"), BackLabel: "Back to sign-in"},
		views.Frame{Title: "This link has expired or was already used"})
}

// byLink answers a form behind a link: with the page to, or with the form again
// and what was refused.
func (w *web) byLink(c *gin.Context, err error, to string, show func(alert string) (views.Screen, views.Frame)) error {
	switch {
	case identity.Reason(err) == identity.Gone:
		return w.linkOver(c)
	case err != nil && show != nil:
		return w.refused(c, err, show)
	case err != nil:
		return err
	}
	w.redirect(c, to)
	return nil
}

func (w *web) invitePage(c *gin.Context) error {
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Register{Action: c.Request.URL.Path, Login: a.Login, Name: a.Name, Next: w.wanted(c), Invite: true}, views.Frame{Title: "Your account"}
	}, identity.LinkInvite)
}

func (w *web) acceptInvite(c *gin.Context) error {
	f, err := form(c, "name", "password", "next")
	if err != nil {
		return err
	}
	ctx, token := c.Request.Context(), c.Param("token")
	_, a, err := w.Accounts.Link(ctx, token, identity.LinkInvite)
	if err == nil {
		err = w.Accounts.SetByLink(ctx, token, accounts.Chosen{Purpose: identity.LinkInvite, Password: f["password"], Name: f["name"]}, w.client(c))
	}
	return w.byLink(c, err, withNext("/login?said=registered", w.wanted(c)), func(alert string) (views.Screen, views.Frame) {
		return views.Register{Action: c.Request.URL.Path, Login: a.Login, Name: f["name"], Next: w.wanted(c), Invite: true, Alert: alert}, views.Frame{Title: "Your account"}
	})
}

func (w *web) forgotPage(c *gin.Context) error {
	w.nameForm(c)
	return w.render(c, http.StatusOK, views.Forgot{Sent: c.Query("sent") != "", Next: w.wanted(c)}, views.Frame{Title: "Forgotten password"})
}

// forgot gives the same answer for every login, whether or not it has an
// account.
func (w *web) forgot(c *gin.Context) error {
	f, err := form(c, "login", "next")
	if err != nil {
		return err
	}
	if f["login"] == "" {
		return w.refused(c, identity.Refuse(identity.Bad, "Enter your login."), func(alert string) (views.Screen, views.Frame) {
			return views.Forgot{Next: w.wanted(c), Alert: alert}, views.Frame{Title: "Forgotten password"}
		})
	}
	err = w.Accounts.Forgot(c.Request.Context(), f["login"], w.wanted(c), w.client(c))
	if err != nil {
		return w.refused(c, err, func(alert string) (views.Screen, views.Frame) {
			return views.Forgot{Login: f["login"], Next: w.wanted(c), Alert: alert}, views.Frame{Title: "Forgotten password"}
		})
	}
	w.redirect(c, withNext("/password/forgot?sent=1", w.wanted(c)))
	return nil
}

func (w *web) resetPage(c *gin.Context) error {
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Reset{Action: c.Request.URL.Path, Login: a.Login, Next: w.wanted(c)}, views.Frame{Title: "New password"}
	}, identity.LinkReset)
}

// reset sets a password and goes to the sign-in form. It opens no session, so
// the second factor is still required.
func (w *web) reset(c *gin.Context) error {
	f, err := form(c, "password", "next")
	if err != nil {
		return err
	}
	ctx, token := c.Request.Context(), c.Param("token")
	_, a, err := w.Accounts.Link(ctx, token, identity.LinkReset)
	if err == nil {
		err = w.Accounts.SetByLink(ctx, token, accounts.Chosen{Purpose: identity.LinkReset, Password: f["password"]}, w.client(c))
	}
	return w.byLink(c, err, withNext("/login?said=reset", w.wanted(c)), func(alert string) (views.Screen, views.Frame) {
		return views.Reset{Action: c.Request.URL.Path, Login: a.Login, Next: w.wanted(c), Alert: alert}, views.Frame{Title: "New password"}
	})
}

func (w *web) askVerify(c *gin.Context) error {
	return w.act(c, "email", "verify-asked", w.Accounts.AskVerify)
}

// securePage is the page of the link "this was not me".
func (w *web) securePage(c *gin.Context) error {
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Button{Heading: "Sign out everywhere", Text: "All sessions of the account " + a.Login +
			" end, its password stops working, and a link to set a new one is sent to your address.",
			Action: c.Request.URL.Path, Label: "End all sessions", Danger: true}, views.Frame{Title: "Sign out everywhere"}
	}, identity.LinkSecure)
}

func (w *web) secure(c *gin.Context) error {
	err := w.Accounts.Secure(c.Request.Context(), c.Param("token"), w.client(c))
	return w.byLink(c, err, "/login?said=secured", nil)
}

// stopEmailPage is the page of the link that is mailed to the old address. Like
// every page of a link it only shows a button.
func (w *web) stopEmailPage(c *gin.Context) error {
	return w.linkPage(c, func(a identity.Account) (views.Screen, views.Frame) {
		return views.Button{Heading: "Stop the change of address", Text: "The account " + a.Login + " keeps the address that this link was sent to." +
			" If it was already changed, it is changed back. Then you can end all sessions.",
			Action: c.Request.URL.Path, Label: "Keep this address", Danger: true}, views.Frame{Title: "Stop the change of address"}
	}, identity.LinkStop, identity.LinkUndo)
}

// stopEmail stops the change, and goes on to the page that ends all sessions.
func (w *web) stopEmail(c *gin.Context) error {
	secure, err := w.Accounts.StopEmail(c.Request.Context(), c.Param("token"), w.client(c))
	return w.byLink(c, err, strings.TrimPrefix(secure, w.Login.Options().URL)+"?said=stopped", nil)
}

func (w *web) cancelEmail(c *gin.Context) error {
	return w.act(c, "email", "email-cancelled", w.Accounts.CancelEmail)
}

func (w *web) changePassword(c *gin.Context) error {
	f, err := form(c, "current", "password")
	if err != nil {
		return err
	}
	if v := visit(c); v.Account.HasFactor() && !v.Fresh {
		return w.toConfirm(c)
	}
	return w.act(c, "password", "password", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Accounts.Change(ctx, v, f["current"], f["password"], k)
	})
}

func (w *web) changeEmail(c *gin.Context) error {
	f, err := form(c, "email")
	if err != nil {
		return err
	}
	return w.act(c, "email", "email-asked", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Accounts.ChangeEmail(ctx, v, f["email"], k)
	})
}

func (w *web) changeName(c *gin.Context) error {
	f, err := form(c, "name")
	if err != nil {
		return err
	}
	return w.act(c, "name", "name", func(ctx context.Context, v *login.Visit, k identity.Client) error {
		return w.Accounts.Rename(ctx, v, f["name"], k)
	})
}
