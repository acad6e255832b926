package views

import "time"

// insideFixtures are the screens of someone signed in.
func insideFixtures() []Fixture {
	fresh := inside("Save your recovery codes", "")
	fresh.Notice = "Your new factor is ready."
	added := inside("Profile", "profile")
	added.Notice = "The factor was removed."
	banner := inside("Profile", "profile")
	banner.Viewer = &Viewer{Login: "alan", Level: 1}
	banner.Banner = "From 7 December 2026 on you need a second factor to sign in: 14 days left."
	return []Fixture{
		{"recovery-fresh", fresh, Recovery{Codes: codes(0), Left: 10, Made: fixtureNow, Set: "K4", Site: "nightlatch.example.com", Fresh: true, Next: "/profile"}},
		{"recovery", inside("Recovery codes", "profile"), Recovery{Codes: codes(3), Left: 7, Made: before(40 * day), Set: "K4", Site: "nightlatch.example.com"}},
		{"recovery-check", inside("Recovery codes", "profile"), Recovery{Codes: codes(3), Left: 7, Made: before(40 * day), Set: "K4", Check: "Yes, that code is good. It was not used up.", Alert: "Wait a minute before the next try."}},
		{"profile", added, profile()},
		{"profile-bare", banner, Profile{Login: "alan", Offers: []Offer{appOffer, mailOffer}, Sessions: profile().Sessions[:1]}},
		{"profile-low", inside("Profile", "profile"), lowProfile()},
		{"profile-restored", inside("Profile", "profile"), restoredProfile()},
		{"profile-alert-password", inside("Profile", "profile"), profileAlert("password", "That is not your current password.")},
		{"profile-alert-email", inside("Profile", "profile"), profileAlert("email", "That is not an address.")},
		{"profile-alert-name", inside("Profile", "profile"), profileAlert("name", "A name can have at most 100 characters.")},
		{"activity", inside("Activity", "profile"), Activity{Events: events(), More: "/profile/activity?after=e9"}},
		{"activity-none", inside("Activity", "profile"), Activity{}},
	}
}

// codes are ten recovery codes of which the first few are used up.
func codes(used int) []RecoveryCode {
	texts := []string{
		"7k3m-q9xt-4wpr-h2n6", "d8vz-3fja-m5kc-9ytq", "p4ws-x7hn-2ebg-6rvk", "c9tj-5mqd-w3zx-8fpa", "n2yb-8kgv-r6hs-4tcw",
		"x5fr-t3pm-9jqe-7dkz", "h6qa-2wvn-c8yt-3gmx", "v3kd-9rbs-5fzp-q7jh", "m8gx-4ctw-7nva-2ekr", "r9pz-6hyf-3dqm-5bst",
	}
	var cs []RecoveryCode
	for i, t := range texts {
		c := RecoveryCode{Text: t}
		if i < used {
			c.Used = before(time.Duration(i+1) * 9 * day)
		}
		cs = append(cs, c)
	}
	return cs
}

func profile() Profile {
	return Profile{
		Login: "ada@example.com", Name: "Ada Byron", Email: "ada@example.com", EmailVerified: true, HasFactor: true, Offers: []Offer{appOffer, mailOffer},
		Factors: []FactorRow{
			{ID: "f1", Kind: "totp", Icon: "totp", Label: "Authenticator app", Name: "Phone", Strength: "Strong", Remains: "These remain: Authenticator app, Work mail, and 8 recovery codes. Trusted browsers are forgotten.", Added: before(210 * day), LastUsed: before(2 * time.Hour), Preferred: true, Hint: "This phone’s clock seems to be about 25 seconds slow. Set it to automatic time."},
			{ID: "f2", Kind: "totp", Icon: "totp", Label: "Authenticator app", Strength: "Strong", Remains: "These remain: Phone, Work mail, and 8 recovery codes. Trusted browsers are forgotten.", Added: before(3 * day)},
			{ID: "f3", Kind: "email", Icon: "email", Weak: true, Label: "Emailed code", Detail: "a•••@example.com", Name: "Work mail", Strength: "Weaker", Remains: "These remain: Phone, Authenticator app, and 8 recovery codes. Trusted browsers are forgotten.", Added: before(90 * day), LastUsed: before(20 * day)},
		},
		RecoveryLeft: 7, RecoveryTotal: 10,
		Sessions: []SessionRow{
			{ID: "s1", Browser: "Firefox on Linux", Address: "192.0.2.14", Started: before(2 * time.Hour), LastSeen: before(5 * time.Second), Level: 2, Current: true},
			{ID: "s2", Browser: "Safari on iPhone", Address: "2001:db8:4a1::", Started: before(20 * time.Hour), LastSeen: before(3 * time.Hour), Level: 1},
		},
		Browsers: []BrowserRow{
			{ID: "b1", Browser: "Firefox on Linux", Address: "192.0.2.14", LastUsed: before(2 * time.Hour), Until: fixtureNow.Add(21 * day), Current: true},
			{ID: "b2", Browser: "Chrome on Windows", Address: "198.51.100.7", LastUsed: before(6 * day), Until: fixtureNow.Add(8 * day)},
		},
		Activity: events(), CanDisable: true, TrustOffered: true,
	}
}

func lowProfile() Profile {
	p := profile()
	p.Factors[0].Off, p.Factors[0].Preferred, p.Factors[0].Hint = true, false, ""
	p.RecoveryLeft, p.CanDisable, p.TrustOffered, p.Browsers = 2, false, true, nil
	p.EmailVerified, p.NewEmail = false, "ada@analytical.example"
	p.Warning = "A code of yours was used a second time. If that was not you, end your other sessions and change your password."
	p.Alert, p.AlertFor = "A second factor is required, so the last one cannot be removed.", "factors"
	return p
}

// restoredProfile has no recovery codes, as after a backup was put back.
func restoredProfile() Profile {
	p := profile()
	p.RecoveryLeft, p.RecoveryTotal, p.Browsers, p.Sessions = 0, 0, nil, p.Sessions[:1]
	return p
}

func profileAlert(section, alert string) Profile {
	return Profile{Login: "ada", Email: "ada@example.com", EmailVerified: true, HasFactor: true, Offers: profile().Offers, Sessions: profile().Sessions[:1], AlertFor: section, Alert: alert}
}

func events() []EventRow {
	return []EventRow{
		{At: before(2 * time.Hour), Text: "Signed in", Detail: "with the app “Phone”", Browser: "Firefox on Linux", Address: "192.0.2.14"},
		{At: before(26 * time.Hour), Text: "Right password, then a wrong code", Browser: "Chrome on Windows", Address: "203.0.113.80", Bad: true},
		{At: before(3 * day), Text: "Authenticator app added", Browser: "Firefox on Linux", Address: "192.0.2.14"},
		{At: before(20 * day), Text: "Recovery code used", Detail: "7 are left"},
	}
}
