package routes

import (
	"net/http"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/skip2/go-qrcode"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// startPage is the choice of what to set up, for someone who must or wants to.
func (w *web) startPage(c *gin.Context) error {
	v := visit(c)
	return w.render(c, http.StatusOK, views.Start{Forced: v.Forced(), Address: v.Account.Email, Next: w.wanted(c), Offers: w.offers(v, v.Forced())},
		views.Frame{Title: "Add a factor", Area: "profile"})
}

// offers are the kinds that someone can set up. With counting, only those that
// the policy counts for their role.
func (w *web) offers(v *login.Visit, counting bool) (list []views.Offer) {
	for _, t := range w.Login.Kinds().Traits() {
		if w.Login.Kinds().Enroller(t.Kind) != nil && (!counting || v.Policy.Counts(v.Account.Role, t.Kind)) {
			list = append(list, offer(t))
		}
	}
	return list
}

func offer(t factors.Traits) views.Offer {
	return views.Offer{Kind: string(t.Kind), Icon: t.Icon, Label: t.Offer, About: t.About, Add: t.Add, Weakness: t.Weakness,
		To: t.To, ToLabel: t.ToLabel, ToButton: t.ToButton, ToInput: t.ToInput, Ask: t.Ask, Message: t.Message}
}

// enrollments are the routes of a kind that is set up one by one.
func (w *web) enrollments(k factors.Kind) []route {
	at, t := "/profile/factors/"+string(k), w.Login.Kinds().Of(k)
	adding := inSentence(t.Add)
	rows := []route{
		{get, at, enrolling, w.enrollmentPage(k), "Show the form to " + adding},
		{post, at, enrollingFresh, w.beginEnrollment(k), act(t.Add)},
		{post, at + "/confirm", enrollingFresh, w.confirmEnrollment(k), "Check the code and " + adding},
		{post, at + "/cancel", enrolling, w.cancelEnrollment(k), "Do not " + adding},
	}
	if t.Scan {
		rows = append(rows, route{get, at + "/qr.png", enrolling, w.qr(k), "Show the QR code to " + adding})
	}
	return rows
}

// inSentence is the text of a button as it reads inside a sentence: "add an
// authenticator app".
func inSentence(button string) act {
	first, rest, _ := strings.Cut(button, " ")
	return act(strings.ToLower(first) + " " + rest)
}

// beginEnrollment starts setting up a factor; some kinds send a code to the
// target first.
func (w *web) beginEnrollment(k factors.Kind) handler {
	to := w.Login.Kinds().Of(k).To
	fields := []string{"next", "over"}
	if to != "" {
		fields = append(fields, to)
	}
	return func(c *gin.Context) error {
		f, err := form(c, fields...)
		if err != nil {
			return err
		}
		err = w.Login.BeginEnrollment(c.Request.Context(), visit(c), k, login.Wish{Target: f[to], Over: f["over"] != ""}, w.client(c))
		refused := identity.Refused(err)
		switch {
		case refused == nil && err != nil:
			return err
		case refused == nil:
			w.redirect(c, withNext("/profile/factors/"+string(k), w.wanted(c)))
			return nil
		case refused.Why == identity.Wait:
			refused = unsent(refused)
		}
		if to != "" {
			return w.showEnrollment(c, k, views.Enroll{Address: f[to]}, refused)
		}
		return w.refused(c, refused, func(alert string) (views.Screen, views.Frame) {
			return views.Message{Heading: "No factor was added", Text: alert, Back: w.at("/profile"), BackLabel: "Back to your profile"}, views.Frame{}
		})
	}
}

// enrollmentPage shows the pending enrollment. Where there is none, it asks for
// the target, if the kind has one.
func (w *web) enrollmentPage(k factors.Kind) handler {
	return func(c *gin.Context) error { return w.showEnrollment(c, k, views.Enroll{}, nil) }
}

// showEnrollment shows the page of a kind, with what was typed into it.
func (w *web) showEnrollment(c *gin.Context, k factors.Kind, typed views.Enroll, refused *identity.Refusal) error {
	v, t := visit(c), w.Login.Kinds().Of(k)
	e, err := w.Login.Enrollment(c.Request.Context(), v, k)
	none := identity.Reason(err) == identity.Gone
	switch {
	case none && t.To == "":
		return w.notEnrolling(c)
	case err != nil && !none:
		return err
	}
	s := typed
	s.Offer, s.Title, s.Next, s.Forced = offer(t), t.Title, w.wanted(c), v.Forced()
	for _, o := range w.offers(v, v.Forced()) {
		if o.Kind != string(k) {
			s.Others = append(s.Others, o)
		}
	}
	if !none {
		s.Sent, s.Address, s.ResendIn, s.Show = e.Address != "", e.Address, seconds(e.ResendIn), e.Show
		s.Mailed, s.Late, s.Refused, s.Expired = e.Mail.Sent, e.Mail.Tried, e.Mail.Refused, e.Mail.Expired
		if t.Mask != nil {
			s.Masked = t.Mask(e.Address)
		}
		if t.Scan {
			s.Picture = w.at("/profile/factors/" + string(k) + "/qr.png")
		}
	} else if s.Address == "" {
		s.Address = v.Account.Email
	}
	frame := views.Frame{Title: t.Add, Area: "profile"}
	if refused == nil {
		return w.render(c, http.StatusOK, s, frame)
	}
	return w.refused(c, refused, func(alert string) (views.Screen, views.Frame) {
		s.Alert = alert
		return s, frame
	})
}

// qrModule is the side of one square of the QR code in pixels. A whole number
// keeps all squares the same size however long the login is. The picture is
// about twice the size in which the page shows it, for sharp screens.
const qrModule = 8

// qr is a pending enrollment as a QR code, for kinds that have one.
func (w *web) qr(k factors.Kind) handler {
	return func(c *gin.Context) error {
		e, err := w.Login.Enrollment(c.Request.Context(), visit(c), k)
		picture, ok := e.Show.(factors.Picture)
		if identity.Reason(err) == identity.Gone || err == nil && !ok {
			return errNotFound
		}
		if err != nil {
			return err
		}
		png, err := qrcode.Encode(picture.Picture(), qrcode.Medium, -qrModule)
		if err != nil {
			return err
		}
		c.Data(http.StatusOK, "image/png", png)
		return nil
	}
}

// confirmEnrollment turns the pending enrollment into a factor when the code is
// right.
func (w *web) confirmEnrollment(k factors.Kind) handler {
	return func(c *gin.Context) error {
		f, err := form(c, "code", "name", "next")
		if err != nil {
			return err
		}
		again := func(r *identity.Refusal) error { return w.showEnrollment(c, k, views.Enroll{Name: f["name"]}, r) }
		if f["code"] == "" {
			return again(&identity.Refusal{Why: identity.Bad, Text: "Enter the code."})
		}
		done, err := w.Login.ConfirmEnrollment(c.Request.Context(), visit(c), k,
			login.Proof{Answer: factors.Answer{Code: f["code"]}, Name: f["name"]}, w.client(c))
		if identity.Reason(err) == identity.Gone {
			return w.notEnrolling(c)
		}
		if refused := identity.Refused(err); refused != nil {
			return again(refused)
		}
		if err != nil {
			return err
		}
		w.enter(c, done.Entry)
		w.leave(c, w.enrolledAt(done.First, w.wanted(c)))
		return nil
	}
}

// enrolledAt is the page to go to after a factor was set up.
func (w *web) enrolledAt(first bool, next string) string {
	switch {
	case first:
		return withNext(w.at("/profile/factors/recovery?new=1"), next)
	case next != "":
		return next
	}
	return w.at("/profile?said=factor-added")
}

// notEnrolling answers when there is no pending enrollment to confirm: it goes
// to the choice of what to set up.
func (w *web) notEnrolling(c *gin.Context) error {
	c.Set(undoneKey, true)
	w.redirect(c, withNext("/profile/factors", w.wanted(c)))
	return nil
}

// cancelEnrollment drops the pending enrollment of a kind.
func (w *web) cancelEnrollment(k factors.Kind) handler {
	return func(c *gin.Context) error {
		v := visit(c)
		if err := w.Login.CancelEnrollment(c.Request.Context(), v, k); err != nil {
			return err
		}
		if v.Forced() {
			w.redirect(c, withNext("/profile/factors", w.wanted(c)))
		} else {
			w.leave(c, w.onward(w.wanted(c)))
		}
		return nil
	}
}
