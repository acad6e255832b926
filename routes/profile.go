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
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/views"
)

// profile shows people their own account. The address may name a form that is
// to be open.
func (w *web) profile(c *gin.Context) error {
	return w.showProfile(c, c.Query("form"), nil)
}

func (w *web) showProfile(c *gin.Context, section string, refused *identity.Refusal) error {
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
	if refused == nil {
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

// remains says what protects the account after one of the factors is removed.
func remains(list []views.FactorRow, i int, a identity.Account, p identity.Policy) string {
	var left []string
	after := identity.Account{Role: a.Role}
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
		return "A second factor is required, and this is your only one that counts. Add another one first."
	case len(left) == 0:
		return "This is your last factor. After this, only your password protects this account; recovery codes stop working and trusted browsers are forgotten."
	}
	codes := "no recovery codes"
	if a.RecoveryLeft > 0 {
		codes = english.Plural(a.RecoveryLeft, "recovery code", "")
	}
	return "These remain: " + strings.Join(left, ", ") + ", and " + codes + ". Trusted browsers are forgotten."
}

// driftHint is from how many seconds a phone's clock must seem to be off for a
// hint about it: two thirds of a code's life.
const driftHint = 20

func factorRow(t factors.Traits, c factors.Credential, a identity.Account, off bool) views.FactorRow {
	r := views.FactorRow{ID: c.ID, Kind: string(c.Kind), Icon: t.Icon, Label: t.Label, Name: c.Name, Detail: c.Address, Added: c.Created,
		LastUsed: c.LastUsed, Preferred: a.Preferred == c.ID, Off: off, Weak: t.Strength == factors.Weaker, Strength: "Strong"}
	if r.Weak {
		r.Strength = "Weaker than an app"
	}
	switch {
	case c.Drift > driftHint:
		r.Hint = "This phone’s clock seems to be about " + strconv.FormatInt(c.Drift, 10) + " seconds fast. Set it to automatic time."
	case c.Drift < -driftHint:
		r.Hint = "This phone’s clock seems to be about " + strconv.FormatInt(-c.Drift, 10) + " seconds slow. Set it to automatic time."
	}
	return r
}

// eventsPage is how many events one page shows.
const eventsPage = 50

// activity shows the account's own security events.
func (w *web) activity(c *gin.Context) error {
	before, _ := strconv.ParseInt(c.Query("before"), 10, 64) // any other text means the first page
	events, next, err := w.Login.Events(c.Request.Context(), visit(c), before, eventsPage)
	if err != nil {
		return err
	}
	s := views.Activity{Events: w.eventRows(events)}
	if next > 0 {
		s.More = w.at("/profile/activity?before=") + strconv.FormatInt(next, 10)
	}
	return w.render(c, http.StatusOK, s, views.Frame{Title: "Activity", Area: "profile", Wide: true})
}

func (w *web) eventRows(events []login.Line) []views.EventRow {
	rows := make([]views.EventRow, len(events))
	for i, e := range events {
		words := eventWords[e.Kind]
		if words.text == "" {
			words.text = string(e.Kind)
		}
		detail := w.eventDetail(e.Event)
		if e.Times > 1 {
			detail = strings.TrimSpace(fmt.Sprintf("%s %d tries since %s", detail, e.Times, e.Since.Format("2 January 2006, 15:04")))
		}
		rows[i] = views.EventRow{At: e.At, Text: words.text, Detail: detail, Browser: e.Browser, Address: e.Address, Bad: words.bad}
	}
	return rows
}

func (w *web) eventDetail(e identity.Event) string {
	if e.Kind == identity.EventLogin && e.Detail == identity.DetailTrusted {
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

// eventWords are the events in words for the account's owner.
var eventWords = map[identity.EventKind]struct {
	text string
	bad  bool
}{
	identity.EventLogin: {text: "Signed in"}, identity.EventLogout: {text: "Signed out"}, identity.EventLoginPassword: {text: "Password entered, second step pending"},
	identity.EventLoginFailed: {"Wrong password", true}, identity.EventLoginAbandoned: {"Someone knew the password and failed the second step", true},
	identity.EventFactorFailed: {"Wrong code", true}, identity.EventFactorReplayed: {"A code was used a second time", true},
	identity.EventDatabaseRestored: {"The database was restored from a backup", true},
	identity.EventFactorOff:        {"A factor was switched off after too many wrong codes", true}, identity.EventCodeSent: {text: "A code was emailed"},
	identity.EventFactorAdded: {text: "Factor added"}, identity.EventFactorRemoved: {text: "Factor removed"}, identity.EventFactorRenamed: {text: "Factor renamed"},
	identity.EventFactorPreferred: {text: "Preferred factor changed"}, identity.EventEnrollFailed: {text: "Wrong code while adding a factor"},
	identity.EventTwoFactorOff: {"Two-factor sign-in switched off", true}, identity.EventRecoveryMade: {text: "Recovery codes created"},
	identity.EventRecoveryUsed: {text: "Recovery code used"}, identity.EventConfirmed: {text: "Confirmed it was you"}, identity.EventPasswordFailed: {"Wrong password", true},
	identity.EventPasswordChanged: {text: "Password changed"}, identity.EventPasswordReset: {text: "Password reset"}, identity.EventPasswordResetAsked: {text: "Password reset requested"},
	identity.EventSessionEnded: {text: "A session was ended"}, identity.EventSessionsEnded: {text: "Other sessions were ended"},
	identity.EventBrowserTrusted: {text: "Browser trusted"}, identity.EventBrowserForgotten: {text: "Browser forgotten"}, identity.EventBrowsersForgotten: {text: "All browsers forgotten"},
	identity.EventEmailVerified: {text: "Address confirmed"}, identity.EventEmailChanged: {text: "Address changed"}, identity.EventEmailChangeAsked: {text: "Change of address requested"},
	identity.EventEmailChangeStopped: {text: "Change of address stopped"}, identity.EventEmailChangeUndone: {"Change of address undone from the old address", true},
	identity.EventNameChanged: {text: "Name changed"}, identity.EventAccountCreated: {text: "Account created"}, identity.EventAccountAccepted: {text: "Invite accepted"},
	identity.EventFactorsReset: {"Factors reset by an admin", true}, identity.EventTicketUsed: {text: "Link for a new factor opened"},
	identity.EventAccountUnlocked: {text: "Unlocked by an admin"}, identity.EventAccountDisabled: {"Disabled by an admin", true}, identity.EventAccountEnabled: {text: "Enabled by an admin"},
	identity.EventSessionsEndedByAdmin: {text: "All sessions ended by an admin"}, identity.EventRoleChanged: {text: "Role changed by an admin"}, identity.EventGroupsChanged: {text: "Groups changed by an admin"},
	identity.EventKeysAccepted: {"New keys accepted because the old ones were lost", true}, identity.EventFactorsLost: {"Factors lost with the keys of this site", true},
	identity.EventKeysRotated: {text: "Secrets encrypted with a new key"}, identity.EventAuditBegun: {text: "Protection of the end of this log started"},
	identity.EventAuditAccepted: {"Findings of audit verify accepted", true},
	identity.EventAuditUnsealed: {"Entries were added to this log without the keys", true},
	identity.EventPolicyChanged: {text: "Policy changed"}, identity.EventMailRetried: {text: "Email sent again"},
	identity.EventTokenMade: {text: "API token created"}, identity.EventTokenRevoked: {text: "API token revoked"},
	identity.EventAccountInvited: {text: "Invited again by an admin"}, identity.EventPasswordResetStarted: {"Password reset link created by an admin", true},
	identity.EventEmailCorrected: {"Address corrected by an admin", true}, identity.EventAccountDeleted: {"Account deleted by an admin", true},
	identity.EventAccountSecured: {"All sessions ended with a link from an email", true},
}
