package views

import (
	"slices"
	"time"
)

// Fixture is one state of one screen, with made-up people.
type Fixture struct {
	Name   string // of its golden file and in the gallery
	Frame  Frame
	Screen Screen
}

// fixtureNow is the moment at which the fixtures are set.
var fixtureNow = time.Date(2026, time.November, 23, 15, 30, 0, 0, time.UTC)

func before(d time.Duration) time.Time { return fixtureNow.Add(-d) }

const (
	day     = 24 * time.Hour
	wrong   = "That code is not right. Look again; a new one comes every 30 seconds."
	trusted = "Don’t ask on this browser for 30 days"
)

// Fixtures are all states of all screens. The list of their screens is the list
// of screens there are: one that is missing here cannot be shown.
func Fixtures() []Fixture {
	return slices.Concat(frontFixtures(), factorFixtures(), insideFixtures(), adminFixtures())
}

func front(title string) Frame { return Frame{Brand: "Nightlatch", Title: title} }

func inside(title, area string) Frame {
	f := front(title)
	f.Area, f.Wide = area, area == "admin"
	f.Viewer = &Viewer{Login: "ada@example.com", Name: "Ada Byron", Admin: true, Level: 2}
	return f
}

// frontFixtures are the screens of someone not signed in.
func frontFixtures() []Fixture {
	noticed := front("Sign in")
	noticed.Notice = "You are signed out."
	return []Fixture{
		{"setup", front("First admin"), Setup{Token: "t0k3n"}},
		{"setup-alert", front("First admin"), Setup{Token: "t0k3n", Login: "ada", Alert: "This password is one of the most common ones. Please choose another."}},
		{"login", noticed, Login{Next: "/profile", Register: true}},
		{"login-signed-in", front("Sign in"), Login{As: "ada.with.a.rather.long.name@accounting.example.com", On: "/profile"}},
		{"login-alert", front("Sign in"), Login{Login: "ada@example.com", Alert: "That login and password do not match."}},
		{"login-told", front("Sign in"), Login{Told: "Your browser did not keep the cookie that signs you in. Allow cookies for login.example.com, switch off what blocks them, and open this site as https://login.example.com. Then sign in again."}},
		{"register", front("Create an account"), Register{Action: "/register"}},
		{"register-sent", front("Check your email"), Register{Sent: true}},
		{"join", front("Confirm this address"), Join{Action: "/email/verify/t0k3n", Login: "grace@example.com"}},
		{"join-ask", front("Confirm this address"), Join{Action: "/email/verify/t0k3n", Login: "grace@example.com", Ask: true, Alert: "That is not the password that was chosen for this account."}},
		{"register-invite", front("Welcome"), Register{Action: "/invite/t0k3n", Login: "grace@example.com", Name: "Grace", Invite: true, Alert: "The password needs at least 8 characters."}},
		{"forgot", front("Forgot your password?"), Forgot{Login: "ada", Alert: "Too many attempts. Try again in 60 seconds."}},
		{"forgot-sent", front("Check your email"), Forgot{Sent: true}},
		{"reset", front("Set a new password"), Reset{Action: "/password/reset/t0k3n", Login: "ada@example.com"}},
		{"button", front("Verify your address"), Button{Heading: "Is this your address?", Text: "ada@example.com will belong to the account Ada.", Action: "/email/verify/t0k3n", Label: "Yes, it is mine"}},
		{"button-danger", front("Was it you?"), Button{Heading: "Someone knows your password", Text: "End all sessions now and choose a new password.", Action: "/alarm/t0k3n", Label: "End all sessions", Danger: true}},
		{"message", front("Not found"), Message{Heading: "Not Found", Text: "This page does not exist, or you have no access to it.", RequestID: "7f3a91c2", Back: "/profile"}},
		{"message-plain", front("Done"), Message{Heading: "Done", Text: "You can close this page.", BackLabel: "Back"}},
	}
}

func choices(open string) []Choice {
	return []Choice{
		{Icon: "totp", Label: "Authenticator app", Detail: "Phone, Tablet", Href: "/login/challenge?factor=totp", Open: open == "totp"},
		{Icon: "email", Label: "Emailed code", Detail: "a•••@example.com", Href: "/login/challenge?factor=email", Open: open == "email"},
		{Icon: "recovery", Label: "Recovery code", Detail: "7 codes left", Href: "/login/challenge?factor=recovery", Open: open == "recovery"},
	}
}

var (
	appPanel      = Panel{Kind: "totp", Icon: "totp", Label: "Authenticator app", Ask: "The 6 digits your app shows now", Action: "/login/challenge/totp", Input: "digits"}
	mailPanel     = Panel{Kind: "email", Icon: "email", Label: "Emailed code", Ask: "6-digit code from the email", Message: "email", Weakness: weak, Target: "a•••@example.com", Action: "/login/challenge/email", Send: "/login/challenge/email/code", To: "c2", Input: "digits"}
	recoveryPanel = Panel{Kind: "recovery", Icon: "recovery", Label: "Recovery code", Ask: "One of your recovery codes", Hint: "Each code works once. Upper or lower case and dashes do not matter.", Action: "/login/challenge/recovery", Input: "code"}
	weak          = "An emailed code is weaker than an app: anyone who can read your email can use it."
	appOffer      = Offer{Kind: "totp", Icon: "totp", Label: "Authenticator app", About: "An app on your phone shows a new code every 30 seconds. Recommended.", Add: "Add an authenticator app"}
	mailOffer     = Offer{Kind: "email", Icon: "email", Label: "Codes by email", About: "Weaker than an app: anyone who can read your email can use the code.", Add: "Add an email address", Weakness: weak, To: "address", ToLabel: "Email address", ToButton: "Send a code", ToInput: "email", Ask: "6-digit code from the email", Message: "email"}
	appBadge      = Badge{"totp", "app"}
	mailBadge     = Badge{"email", "email"}
)

// mailSent is the page of an address after a code was sent to it.
func mailSent(e Enroll) Enroll {
	e.Offer, e.Title, e.Address, e.Sent, e.Masked = mailOffer, "Codes by email", "ada@example.com", true, "a•••@example.com"
	return e
}

// factorFixtures are the challenge, the confirmation and the enrollments.
func factorFixtures() []Fixture {
	const login = "ada@example.com"
	sent := mailPanel
	sent.Sent, sent.ResendIn = true, 42
	mailed, late, refused := sent, sent, sent
	mailed.Mailed, late.Late, refused.Refused = true, true, true
	off := appPanel
	off.Off = true
	someOff := choices("email")
	someOff[0].Off = true
	confirm := appPanel
	confirm.Action = "/confirm"
	confirmMail := sent
	confirmMail.Action, confirmMail.Send, confirmMail.ResendIn = "/confirm", "/confirm/code", 0
	password := Panel{Kind: "password", Icon: "password", Input: "password", Label: "Password", Action: "/confirm"}
	app := Enroll{Offer: appOffer, Title: "Set up an authenticator app", Picture: "/profile/factors/totp/qr.png", Show: struct{ Secret, Link string }{
		"JBSW Y3DP EHPK 3PXP JBSW Y3DP EHPK 3PXP", "otpauth://totp/Nightlatch:ada%40example.com?secret=JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP&issuer=Nightlatch"}}
	mail := Enroll{Offer: mailOffer, Title: "Codes by email", Address: login}
	mailForced := Enroll{Offer: mailOffer, Title: "Codes by email", Forced: true, Others: []Offer{appOffer}, Alert: "That is not an address."}
	appForced := app
	appForced.Forced, appForced.Alert, appForced.Name = true, wrong, "Phone"
	forced := inside("Set up an authenticator app", "")
	forced.Banner = "A second factor has been required since 1 November."
	return []Fixture{
		{"challenge-totp", front("One more step"), Challenge{Login: login, Choices: choices("totp"), Panel: appPanel, Trust: trusted}},
		{"challenge-totp-alert", front("One more step"), Challenge{Login: login, Choices: choices("totp"), Panel: appPanel, Trust: trusted, Alert: wrong}},
		{"challenge-totp-off", front("One more step"), Challenge{Login: login, Choices: choices("totp"), Panel: off}},
		{"challenge-email", front("One more step"), Challenge{Login: login, Choices: choices("email"), Panel: mailPanel, Trust: trusted}},
		{"challenge-email-sent", front("One more step"), Challenge{Login: login, Choices: someOff, Panel: sent, Trust: trusted}},
		{"challenge-email-mailed", front("One more step"), Challenge{Login: login, Choices: choices("email"), Panel: mailed, Trust: trusted}},
		{"challenge-email-late", front("One more step"), Challenge{Login: login, Choices: choices("email"), Panel: late, Trust: trusted}},
		{"challenge-email-refused", front("One more step"), Challenge{Login: login, Choices: choices("email"), Panel: refused, Trust: trusted}},
		{"challenge-totp-instead", front("One more step"), Challenge{Login: login, Choices: choices("totp"), Panel: appPanel, Trust: trusted, Refused: "a•••@example.com"}},
		{"challenge-recovery", front("One more step"), Challenge{Login: login, Choices: choices("recovery"), Panel: recoveryPanel, Alert: "That is not one of your codes."}},
		{"confirm-totp", inside("Confirm it’s you", ""), Challenge{Confirm: true, Choices: choices("totp"), Panel: confirm, Next: "/profile", HeldID: "HELD", Held: "Remove the app “Phone”"}},
		{"confirm-email", inside("Confirm it’s you", ""), Challenge{Confirm: true, Choices: choices("email"), Panel: confirmMail, Next: "/profile"}},
		{"confirm-password", inside("Confirm it’s you", ""), Challenge{Confirm: true, Login: login, Choices: []Choice{{Icon: "password", Label: "Password", Open: true}}, Panel: password, Next: "/profile", Held: "Add an authenticator app", Alert: "That password is not right."}},
		{"confirm-enroll", inside("Second factor required", ""), Challenge{Confirm: true, Enroll: []Offer{appOffer}, Next: "/admin"}},
		{"start", inside("Add a factor", "profile"), Start{Offers: []Offer{appOffer, mailOffer}, Address: login}},
		{"start-forced", forced, Start{Forced: true, Offers: []Offer{appOffer}}},
		{"enroll-totp", inside("Set up an authenticator app", ""), app},
		{"enroll-totp-forced", forced, appForced},
		{"enroll-email", inside("Codes by email", ""), mail},
		{"enroll-email-sent", inside("Codes by email", ""), mailSent(Enroll{ResendIn: 1, Alert: wrong})},
		{"enroll-email-mailed", inside("Codes by email", ""), mailSent(Enroll{Mailed: true, ResendIn: 42})},
		{"enroll-email-late", inside("Codes by email", ""), mailSent(Enroll{Late: true, ResendIn: 42})},
		{"enroll-email-refused", inside("Codes by email", ""), mailSent(Enroll{Refused: true, ResendIn: 42})},
		{"enroll-email-expired", inside("Codes by email", ""), mailSent(Enroll{Expired: true})},
		{"enroll-email-forced", forced, mailForced},
	}
}
