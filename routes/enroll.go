package routes

import (
	"html/template"
	"net/http"

	"github.com/gin-gonic/gin"
	"github.com/skip2/go-qrcode"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// startPage is where someone begins who must, or wants to, enroll.
func (w *web) startPage(c *gin.Context) error {
	v := visit(c)
	return w.render(c, http.StatusOK, views.Start{Forced: v.Forced(), Address: v.Account.Email, Next: wanted(c),
		TOTP:  !v.Forced() || v.Policy.Counts(v.Account.Role, factors.KindTOTP),
		Email: !v.Forced() || v.Policy.Counts(v.Account.Role, factors.KindEmail)}, views.Frame{Title: "Add a factor", Area: "profile"})
}

// beginTOTP draws a secret.
func (w *web) beginTOTP(c *gin.Context) error {
	if _, err := form(c, "next"); err != nil {
		return err
	}
	r, err := w.Login.BeginEnrollment(c.Request.Context(), visit(c), factors.KindTOTP, "", w.client(c))
	if err != nil {
		return err
	}
	if !r.OK() {
		return w.refused(c, r, func(alert string) (views.Screen, views.Frame) {
			return views.Message{Heading: "No factor was added", Text: alert, Back: "/profile", BackLabel: "Back to your profile"}, views.Frame{}
		})
	}
	w.redirect(c, withNext("/profile/factors/totp", wanted(c)))
	return nil
}

// totpPage shows the pending secret: as QR code, in groups of four, as a link.
func (w *web) totpPage(c *gin.Context) error { return w.showTOTP(c, "", login.Refusal{}) }

func (w *web) showTOTP(c *gin.Context, name string, refused login.Refusal) error {
	v := visit(c)
	e, r, err := w.Login.Enrollment(c.Request.Context(), v, factors.KindTOTP)
	if err != nil {
		return err
	}
	if !r.OK() {
		return w.notEnrolling(c)
	}
	show := func(alert string) (views.Screen, views.Frame) {
		link := w.totpLink(v, e.Secret)
		return views.EnrollTOTP{QR: "/profile/factors/totp/qr.png", Secret: factors.GroupSecret(e.Secret),
			Link: template.URL(link), Name: name, Next: wanted(c), Forced: v.Forced(), Alert: alert}, views.Frame{Title: "Add an authenticator app", Area: "profile"}
	}
	if refused.OK() {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

func (w *web) totpLink(v *login.Visit, secret []byte) string {
	return factors.TOTPLink(factors.Ceremony{Issuer: w.brand, Login: v.Account.Login}, secret)
}

// qrModule is the side of one square of the picture in pixels: a whole number,
// so that every square is the same however long the login is. About twice what
// the page shows, for sharp screens.
const qrModule = 8

// qr is the pending secret as a picture.
func (w *web) qr(c *gin.Context) error {
	v := visit(c)
	e, r, err := w.Login.Enrollment(c.Request.Context(), v, factors.KindTOTP)
	if err != nil {
		return err
	}
	if !r.OK() {
		return errNotFound
	}
	png, err := qrcode.Encode(w.totpLink(v, e.Secret), qrcode.Medium, -qrModule)
	if err != nil {
		return err
	}
	c.Data(http.StatusOK, "image/png", png)
	return nil
}

// confirmTOTP makes the pending secret a factor.
func (w *web) confirmTOTP(c *gin.Context) error {
	f, err := form(c, "code", "name", "next")
	if err != nil {
		return err
	}
	return w.confirmFactor(c, factors.KindTOTP, f, func(r login.Refusal) error { return w.showTOTP(c, f["name"], r) })
}

func (w *web) confirmFactor(c *gin.Context, k factors.Kind, f map[string]string, again func(login.Refusal) error) error {
	if f["code"] == "" {
		return again(login.Refusal{Why: login.Bad, Text: "Enter the code."})
	}
	done, r, err := w.Login.ConfirmEnrollment(c.Request.Context(), visit(c), k, factors.Answer{Code: f["code"], Name: f["name"]}, w.client(c))
	if err != nil {
		return err
	}
	if r.Why == login.Gone {
		return w.notEnrolling(c)
	}
	if !r.OK() {
		return again(r)
	}
	w.enter(c, done.Entry)
	next := wanted(c)
	switch {
	case done.First:
		w.redirect(c, withNext("/profile/factors/recovery?new=1", next))
	case next != "":
		w.redirect(c, next)
	default:
		w.redirect(c, "/profile?said=factor-added")
	}
	return nil
}

// notEnrolling is where someone lands who has nothing to confirm.
func (w *web) notEnrolling(c *gin.Context) error {
	c.Set(undoneKey, true)
	w.redirect(c, withNext("/profile/factors", wanted(c)))
	return nil
}

// emailPage asks for an address, or for the code that was sent to it.
func (w *web) emailPage(c *gin.Context) error { return w.showEmail(c, "", "", login.Refusal{}) }

func (w *web) showEmail(c *gin.Context, address, name string, refused login.Refusal) error {
	v := visit(c)
	e, r, err := w.Login.Enrollment(c.Request.Context(), v, factors.KindEmail)
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := views.EnrollEmail{Address: address, Name: name, Next: wanted(c), Forced: v.Forced(), Alert: alert}
		if r.OK() {
			s.Sent, s.Address, s.Masked, s.ResendIn = true, e.Address, factors.Mask(e.Address), seconds(e.ResendIn)
			s.Mailed, s.Late, s.Refused, s.Expired = e.Mail.Sent, e.Mail.Tried, e.Mail.Refused, e.Mail.Expired
		} else if address == "" {
			s.Address = v.Account.Email
		}
		return s, views.Frame{Title: "Add an address", Area: "profile"}
	}
	if refused.OK() {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

// beginEmail sends a code to the address to be added.
func (w *web) beginEmail(c *gin.Context) error {
	f, err := form(c, "address", "next")
	if err != nil {
		return err
	}
	r, err := w.Login.BeginEnrollment(c.Request.Context(), visit(c), factors.KindEmail, f["address"], w.client(c))
	if err != nil {
		return err
	}
	if r.Why == login.Wait {
		r = unsent(r)
	}
	if !r.OK() {
		return w.showEmail(c, f["address"], "", r)
	}
	w.redirect(c, withNext("/profile/factors/email", wanted(c)))
	return nil
}

// confirmEmail makes the address a factor when its own code is given.
func (w *web) confirmEmail(c *gin.Context) error {
	f, err := form(c, "code", "name", "next")
	if err != nil {
		return err
	}
	return w.confirmFactor(c, factors.KindEmail, f, func(r login.Refusal) error { return w.showEmail(c, "", f["name"], r) })
}

// cancelEnrollment drops the pending enrollment of a kind.
func (w *web) cancelEnrollment(k factors.Kind) handler {
	return func(c *gin.Context) error {
		v := visit(c)
		if err := w.Login.CancelEnrollment(c.Request.Context(), v, k); err != nil {
			return err
		}
		if v.Forced() {
			w.redirect(c, withNext("/profile/factors", wanted(c)))
		} else {
			w.redirect(c, onward(wanted(c)))
		}
		return nil
	}
}
