package routes

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// challengePage is the second step: the chooser with one panel open. Loading it
// never sends a code.
func (w *web) challengePage(c *gin.Context) error {
	return w.showChallenge(c, factors.Kind(c.Query("factor")), c.Query("to"), nil)
}

// wanted is the page to go to afterwards, from the form or the address; empty
// for none.
func (w *web) wanted(c *gin.Context) string {
	if c.Request.Method == http.MethodPost {
		return w.next(c.PostForm("next"))
	}
	return w.next(c.Query("next"))
}

// showChallenge shows the second step, and what was refused, if anything was.
func (w *web) showChallenge(c *gin.Context, k factors.Kind, to string, refused *identity.Refusal) error {
	ch, err := w.Login.Challenge(c.Request.Context(), w.cookies.get(c, loginCookie), k, to, w.client(c))
	if identity.Reason(err) == identity.Gone {
		return w.over(c, w.wanted(c))
	}
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := w.challengeScreen(ch, place{answer: "/login/challenge/", send: "/login/challenge/", open: w.at("/login/challenge?"), next: ch.Next})
		s.Alert = alert
		if trust := w.Login.TrustLabel(); trust != "" {
			s.Trust = "Don’t ask on this browser for " + trust
		}
		return s, views.Frame{Title: "Second step"}
	}
	if refused == nil {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

// over answers a request whose pending login is missing or has ended. Someone
// who is signed in by now, after a double click or in another tab, is sent on
// to the page they wanted.
func (w *web) over(c *gin.Context, next string) error {
	v, err := w.Login.Visit(c.Request.Context(), w.cookies.get(c, sessionCookie))
	if err != nil {
		return err
	}
	c.Set(undoneKey, true)
	if v != nil && v.Passed() {
		w.leave(c, w.way(v, next))
		return nil
	}
	w.overLogin(c, next)
	return nil
}

func (w *web) overLogin(c *gin.Context, next string) {
	to := withNext(w.at("/login"), next)
	if w.cookies.get(c, loginCookie) != "" {
		w.cookies.drop(c, loginCookie)
		to = withNext(w.at("/login?over=1"), next)
	}
	if c.GetHeader("HX-Request") == "true" {
		c.Header("HX-Redirect", to)
		c.Status(http.StatusUnauthorized)
		return
	}
	w.leave(c, to)
}

// place is where the forms of a chooser are sent: to a sign-in or to a step-up.
type place struct {
	answer, send, open string
	confirm            bool
	next               string // the page to go to after a sign-in
}

// challengeScreen turns a chooser into its screen.
func (w *web) challengeScreen(ch login.Chooser, at place) views.Challenge {
	s := views.Challenge{Login: ch.Login, Confirm: at.confirm, Next: at.next, Refused: ch.Refused}
	for i, o := range ch.Options {
		q := url.Values{"factor": {string(o.Kind)}}
		if o.Target != "" {
			q.Set("to", o.Target)
		}
		if at.next != "" {
			q.Set("next", at.next)
		}
		t := w.Login.Kinds().Of(o.Kind)
		choice := views.Choice{Icon: t.Icon, Label: t.Label, Detail: detail(o),
			Href: at.open + q.Encode(), Open: i == ch.Open, Off: o.Off}
		s.Choices = append(s.Choices, choice)
		if i == ch.Open {
			s.Panel = w.panel(t, o, ch, at)
		}
	}
	return s
}

// detail tells which of the person's factors a choice is, by its masked target
// or its name.
func detail(o login.Option) string {
	switch {
	case o.Off:
		return "Switched off after too many wrong codes"
	case o.Left > 0:
		return english.Plural(o.Left, "code", "") + " left"
	}
	return strings.Join(o.Names, ", ")
}

func (w *web) panel(t factors.Traits, o login.Option, ch login.Chooser, at place) views.Panel {
	p := views.Panel{Kind: string(o.Kind), Icon: t.Icon, Label: t.Label, Ask: t.Ask, Hint: t.Hint, Message: t.Message, Weakness: t.Weakness,
		Action: at.answer, To: o.Target, Off: o.Off, Input: string(t.Input)}
	if !at.confirm {
		p.Action += string(o.Kind)
	}
	if _, sends := w.Login.Kinds().Find(o.Kind).(factors.Challenger); !sends {
		return p
	}
	p.Show, p.Target, p.Sent, p.ResendIn = ch.Show, strings.Join(o.Names, ", "), ch.Sent, seconds(ch.ResendIn)
	p.Mailed, p.Late, p.Refused = ch.Mail.Sent, ch.Mail.Tried && !ch.Mail.Sent && !ch.Mail.Refused, ch.Mail.Refused
	if p.Send = at.send; !at.confirm {
		p.Send += string(o.Kind) + "/code"
	}
	return p
}

// kind reads a kind of factor from a path. One that does not exist is not
// found.
func (w *web) kind(name string) (factors.Kind, error) {
	if k := factors.Kind(name); w.Login.Knows(k) {
		return k, nil
	}
	return "", errNotFound
}

// sendCode sends a code, if the kind sends one.
func (w *web) sendCode(c *gin.Context) error {
	k, err := w.kind(c.Param("kind"))
	if err != nil {
		return err
	}
	f, err := form(c, "to")
	if err != nil {
		return err
	}
	err = w.Login.Send(c.Request.Context(), w.cookies.get(c, loginCookie), k, f["to"], w.client(c))
	if identity.Reason(err) == identity.Gone {
		return w.over(c, w.wanted(c))
	}
	if refused := identity.Refused(err); refused != nil {
		return w.showChallenge(c, k, f["to"], unsent(refused))
	}
	if err != nil {
		return err
	}
	w.redirect(c, withNext("/login/challenge?"+factorQuery(k, f["to"]), w.wanted(c)))
	return nil
}

// unsent says why no code was sent.
func unsent(r *identity.Refusal) *identity.Refusal {
	if r.Why == identity.Wait {
		r.Text = "A code was sent a moment ago. You can request another code in " + words(r.Wait) + "."
	} else {
		r.Text = "No code can be sent this way. Choose another way."
	}
	return r
}

func factorQuery(k factors.Kind, to string) string {
	q := url.Values{"factor": {string(k)}}
	if to != "" {
		q.Set("to", to)
	}
	return q.Encode()
}

// answer judges a code. A right one opens the session.
func (w *web) answer(c *gin.Context) error {
	k, err := w.kind(c.Param("kind"))
	if err != nil {
		return err
	}
	f, err := form(c, "code", "trust", "to")
	if err != nil {
		return err
	}
	if strings.TrimSpace(f["code"]) == "" {
		return w.showChallenge(c, k, f["to"], &identity.Refusal{Why: identity.Bad, Text: "Enter the code."})
	}
	entry, err := w.Login.Answer(c.Request.Context(), w.cookies.get(c, loginCookie),
		login.Reply{Kind: k, Answer: factors.Answer{Code: f["code"], Target: f["to"]}, Trust: f["trust"] == "on"}, w.client(c))
	if identity.Reason(err) == identity.Gone {
		return w.over(c, w.wanted(c))
	}
	if refused := identity.Refused(err); refused != nil {
		return w.showChallenge(c, k, f["to"], refused)
	}
	if err != nil {
		return err
	}
	if err := w.untangle(c); err != nil {
		return err
	}
	w.enter(c, entry)
	return w.goOn(c, entry.Session, entry.Next)
}
