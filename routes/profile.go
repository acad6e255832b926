package routes

import (
	"cmp"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize/english"
	"github.com/gin-gonic/gin"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// profile is a person in charge of their own doors.
func (w *web) profile(c *gin.Context) error { return w.showProfile(c, "", login.Refusal{}) }

func (w *web) showProfile(c *gin.Context, section string, refused login.Refusal) error {
	v := visit(c)
	o, err := w.Login.Overview(c.Request.Context(), v)
	if err != nil {
		return err
	}
	show := func(alert string) (views.Screen, views.Frame) {
		s := w.profileScreen(v, o)
		s.Alert, s.AlertFor = alert, section
		return s, views.Frame{Title: "Your profile", Area: "profile", Wide: true}
	}
	if refused.OK() {
		s, f := show("")
		return w.render(c, http.StatusOK, s, f)
	}
	return w.refused(c, refused, show)
}

func (w *web) profileScreen(v *login.Visit, o login.Overview) views.Profile {
	a := v.Account
	s := views.Profile{Login: a.Login, Name: a.Name, Email: a.Email, NewEmail: o.NewEmail, EmailVerified: !a.EmailVerified.IsZero(),
		HasFactor: a.HasFactor(), RecoveryLeft: a.RecoveryLeft, CanDisable: a.HasFactor() && !v.Policy.Asks(a),
		TrustOffered: w.Login.TrustLabel() != "", Warning: v.Session.Warning}
	for _, cred := range o.Credentials {
		t := w.Login.Kinds().Of(cred.Kind)
		if t.Spare {
			s.RecoveryTotal++
			continue
		}
		s.Factors = append(s.Factors, factorRow(t, cred, a, o.Off[cred.Kind]))
	}
	for i := range s.Factors {
		s.Factors[i].Remains = remains(s.Factors, i, a, v.Policy)
	}
	for _, x := range o.Sessions {
		s.Sessions = append(s.Sessions, views.SessionRow{ID: x.ID, Browser: x.Browser, Address: x.Address, Started: x.Created,
			LastSeen: x.LastSeen, Level: x.Level, Current: x.ID == v.Session.ID})
	}
	for _, b := range o.Browsers {
		s.Browsers = append(s.Browsers, views.BrowserRow{ID: b.ID, Browser: b.Browser, Address: b.Address, LastUsed: b.LastUsed, Until: b.Until})
	}
	s.Activity, s.Offers = w.eventRows(o.Events), w.offers(v, false)
	return s
}

// remains says what is left when one of the factors is removed.
func remains(list []views.FactorRow, i int, a login.Account, p login.Policy) string {
	var left []string
	after := login.Account{Role: a.Role}
	for j, f := range list {
		if j == i {
			continue
		}
		name := cmp.Or(f.Name, f.Label)
		if f.Off {
			name += " (switched off)"
		}
		left = append(left, name)
		after.Kinds = append(after.Kinds, factors.Kind(f.Kind))
	}
	switch {
	case p.Asks(a) && p.Met(a) && !p.Met(after):
		return "A second factor is required here, and no other one of yours counts. Add another one first."
	case len(left) == 0:
		return "This is your last factor. Your password alone opens this account then; recovery codes stop working and trusted browsers are forgotten."
	}
	codes := "no recovery codes"
	if a.RecoveryLeft > 0 {
		codes = english.Plural(a.RecoveryLeft, "recovery code", "")
	}
	return "These remain: " + strings.Join(left, ", ") + ", and " + codes + ". Trusted browsers are forgotten."
}

// driftHint is how far off a phone's clock must seem before it is worth a word,
// in seconds: two thirds of a code's life.
const driftHint = 20

func factorRow(t factors.Traits, c factors.Credential, a login.Account, off bool) views.FactorRow {
	r := views.FactorRow{ID: c.ID, Kind: string(c.Kind), Icon: t.Icon, Label: t.Label, Name: c.Name, Detail: c.Address, Added: c.Created,
		LastUsed: c.LastUsed, Preferred: a.Preferred == c.ID, Off: off, Weak: t.Strength == factors.Weaker, Strength: "Strong"}
	if r.Weak {
		r.Strength = "Weaker than an app"
	}
	switch {
	case c.Drift > driftHint:
		r.Hint = "This phone’s clock seems to be about " + strconv.FormatInt(c.Drift, 10) + " seconds fast. Let it set its time by itself."
	case c.Drift < -driftHint:
		r.Hint = "This phone’s clock seems to be about " + strconv.FormatInt(-c.Drift, 10) + " seconds slow. Let it set its time by itself."
	}
	return r
}

// eventsPage is how many events one page shows.
const eventsPage = 50

// activity is the account's own security events.
func (w *web) activity(c *gin.Context) error {
	before, _ := strconv.ParseInt(c.Query("before"), 10, 64) // anything else is the first page
	events, next, err := w.Login.Events(c.Request.Context(), visit(c), before, eventsPage)
	if err != nil {
		return err
	}
	s := views.Activity{Events: w.eventRows(events)}
	if next > 0 {
		s.More = "/profile/activity?before=" + strconv.FormatInt(next, 10)
	}
	return w.render(c, http.StatusOK, s, views.Frame{Title: "Activity", Area: "profile", Wide: true})
}

func (w *web) eventRows(events []login.Line) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		words := eventWords[e.Kind]
		if words.text == "" {
			words.text = e.Kind
		}
		detail := w.eventDetail(e.Event)
		if e.Times > 1 {
			detail = strings.TrimSpace(fmt.Sprintf("%s %d tries since %s", detail, e.Times, e.Since.Format("2 January 2006, 15:04")))
		}
		rows[i] = views.EventRow{At: e.At, Text: words.text, Detail: detail, Browser: e.Browser, Address: e.Address, Bad: words.bad}
	}
	return rows
}

func (w *web) eventDetail(e login.Event) string {
	if e.Kind == "login" && e.Detail == string(login.ByBrowser) {
		return "Trusted browser"
	}
	kind, rest, _ := strings.Cut(e.Detail, " ") // totp “Phone”
	if k := factors.Kind(kind); w.Login.Knows(k) {
		return strings.TrimSpace(w.Login.Kinds().Of(k).Label + " " + rest)
	}
	if e.Reason != "" {
		return e.Reason
	}
	return e.Detail
}

// eventWords says each kind of event to its owner.
var eventWords = map[string]struct {
	text string
	bad  bool
}{
	"login": {text: "Signed in"}, "logout": {text: "Signed out"}, "login.password": {text: "Password given, second step awaited"},
	"login.failed": {"Wrong password", true}, "login.abandoned": {"Someone knew the password and failed the second step", true},
	"factor.failed": {"Wrong code", true}, "factor.replayed": {"A code was used a second time", true},
	"database.restored": {"The database was put back from a backup", true},
	"factor.off":        {"A factor was switched off after too many wrong codes", true}, "code.sent": {text: "A code was sent by mail"},
	"factor.added": {text: "Factor added"}, "factor.removed": {text: "Factor removed"}, "factor.renamed": {text: "Factor renamed"},
	"factor.preferred": {text: "Factor asked for first"}, "enroll.failed": {text: "Wrong code while adding a factor"},
	"two-factor.off": {"Two-factor sign-in switched off", true}, "recovery.made": {text: "Recovery codes made"},
	"recovery.used": {text: "Recovery code used"}, "confirmed": {text: "Confirmed it was you"}, "password.failed": {"Wrong password", true},
	"password.changed": {text: "Password changed"}, "password.reset": {text: "Password reset"}, "password.reset-asked": {text: "Password reset asked for"},
	"session.ended": {text: "A session was ended"}, "sessions.ended": {text: "Other sessions were ended"},
	"browser.trusted": {text: "Browser trusted"}, "browser.forgotten": {text: "Browser forgotten"}, "browsers.forgotten": {text: "All browsers forgotten"},
	"email.verified": {text: "Address confirmed"}, "email.changed": {text: "Address changed"}, "email.change-asked": {text: "New address asked for"},
	"email.change-stopped": {text: "Change of address stopped"}, "email.change-undone": {"Change of address taken back by the old address", true},
	"name.changed": {text: "Name changed"}, "account.created": {text: "Account made"}, "account.accepted": {text: "Invite accepted"},
	"factors.reset": {"Factors reset by an admin", true}, "ticket.used": {text: "Link for a new factor opened"},
	"account.unlocked": {text: "Unlocked by an admin"}, "account.disabled": {"Disabled by an admin", true}, "account.enabled": {text: "Enabled by an admin"},
	"sessions.ended-by-admin": {text: "All sessions ended by an admin"}, "role.changed": {text: "Role changed by an admin"},
	"keys.accepted": {"New keys accepted: those from before were lost", true}, "factors.lost": {"Factors lost with the keys of this site", true},
	"keys.rotated": {text: "A new key seals the secrets"}, "audit.begun": {text: "Head of this log kept from here on"},
	"audit.accepted": {"What audit verify had found was accepted", true},
	"audit.unsealed": {"Rows were added to this log without the keys", true},
	"policy.changed": {text: "Policy changed"}, "mail.retried": {text: "Mail tried again"},
	"account.invited": {text: "Invited again by an admin"}, "password.reset-started": {"Link for a new password made by an admin", true},
	"email.corrected": {"Address corrected by an admin", true}, "account.deleted": {"Account deleted by an admin", true},
	"account.secured": {"All sessions ended by the owner’s link", true},
}
