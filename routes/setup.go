package routes

import (
	"cmp"
	"crypto/subtle"
	"net/http"
	"sync"

	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/views"
)

// SetupToken opens the page on which the first admin is made. It exists only in
// this process, and is used up when that is done.
type SetupToken struct {
	mu    sync.Mutex
	token string
	turn  sync.Mutex // held while an admin is being made
}

// NewSetupToken draws a token.
func NewSetupToken() *SetupToken {
	token, _ := identity.NewToken()
	return &SetupToken{token: token}
}

// Link is the address to print on the terminal.
func (t *SetupToken) Link(origin string) string { return origin + "/setup?token=" + t.token }

// fits compares in constant time. It is always false after the token was used
// up.
func (t *SetupToken) fits(token string) bool {
	if t == nil {
		return false
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.token != "" && subtle.ConstantTimeCompare([]byte(t.token), []byte(token)) == 1
}

// begin lets only one request at a time use the token, so that one that had to
// wait finds it used up. The caller calls done.
func (t *SetupToken) begin(token string) (done func(), ok bool) {
	if !t.fits(token) {
		return nil, false
	}
	t.turn.Lock()
	if !t.fits(token) {
		t.turn.Unlock()
		return nil, false
	}
	return t.turn.Unlock, true
}

func (t *SetupToken) end() {
	t.mu.Lock()
	t.token = ""
	t.mu.Unlock()
}

func (w *web) setupPage(c *gin.Context) error {
	if !w.Options.Setup.fits(c.Query("token")) {
		if to, err := w.usedHere(c); err != nil || to == "" {
			return cmp.Or(err, error(errNotFound))
		}
		return w.linkOver(c)
	}
	w.nameForm(c)
	return w.render(c, http.StatusOK, views.Setup{Token: c.Query("token")}, views.Frame{Title: "First admin"})
}

// setup makes the first admin and signs them in.
func (w *web) setup(c *gin.Context) error {
	f, err := form(c, "token", "login", "password")
	if err != nil {
		return err
	}
	done, ok := w.Options.Setup.begin(f["token"])
	if !ok {
		return errNotFound
	}
	defer done()
	ctx, k := c.Request.Context(), w.client(c)
	err = identity.Refuse(identity.Bad, "Choose a password.")
	if f["password"] != "" {
		_, err = w.Accounts.Create(ctx, accounts.Form{Login: f["login"], Password: f["password"], Role: identity.Admin, Origin: "setup", From: k.Range},
			"", identity.Event{Actor: "self", Address: k.Address, Browser: k.Browser})
	}
	if identity.Reason(err) == identity.Gone { // somebody else made it first
		w.Options.Setup.end()
		return errNotFound
	}
	if err != nil {
		return w.refused(c, err, func(alert string) (views.Screen, views.Frame) {
			return views.Setup{Token: f["token"], Login: f["login"], Alert: alert}, views.Frame{Title: "First admin"}
		})
	}
	w.Options.Setup.end()
	entry, err := w.Login.Password(ctx, f["login"], f["password"], "", k)
	if identity.Refused(err) != nil {
		w.redirect(c, "/login?said=registered")
		return nil
	}
	if err != nil {
		return err
	}
	w.enter(c, entry)
	w.redirect(c, "/profile/factors")
	return nil
}
