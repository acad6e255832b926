package views

import "time"

// adminFixtures are the screens of an admin.
func adminFixtures() []Fixture {
	reset := inside("Ada Byron", "admin")
	reset.Notice = "The factors were reset."
	failed := personFixture()
	failed.Alert, failed.AlertFor, failed.Reason, failed.Status, failed.Self = "This is the last admin. Make another account an admin first.", "disable", "left us", "active", true
	return []Fixture{
		{"admin", inside("Accounts", "admin"), adminFixture()},
		{"admin-filtered", inside("Accounts", "admin"), Admin{Total: 204, Statuses: statusFilters("locked"), Factors: factorFilters("none"), Filter: AdminFilter{Query: "zzz", Status: "locked", Factor: "none", Role: "admin", Sort: "-last"}, List: AdminList{CSV: "/admin/enrollment.csv?q=zzz"}}},
		{"admin-partial", inside("Accounts", "admin"), Admin{Total: 1000000, Statuses: statusFilters(""), Factors: factorFilters(""), Filter: AdminFilter{Query: "a"}, List: AdminList{Count: -1, Partial: true, More: "/admin?after=a5", First: "/admin?q=a", CSV: "/admin/enrollment.csv?q=a"}}},
		{"admin-alert", inside("Accounts", "admin"), Admin{Statuses: statusFilters(""), Factors: factorFilters(""), Alert: "This login is taken.", Login: "ada", List: AdminList{CSV: "/admin/enrollment.csv"}}},
		{"admin-person", reset, personFixture()},
		{"admin-person-alert", inside("Ada Byron", "admin"), failed},
		{"admin-person-invited", inside("grace@example.com", "admin"), AdminPerson{AccountRow: accounts()[2], Email: "grace@example.com"}},
		{"admin-person-email-alert", inside("Alan Mathison", "admin"), AdminPerson{AccountRow: accounts()[1], Email: "alan@example.com", EmailVerified: true, Typed: "alan@", Reason: "typed wrongly",
			Alert: "Enter an email address such as ada@example.com.", AlertFor: "email"}},
		{"admin-person-bare", inside("kurt", "admin"), AdminPerson{AccountRow: accounts()[4]}},
		{"admin-policy", inside("Policy", "admin"), AdminPolicy{Who: "everyone", From: "2026-12-07", UserKinds: policyKinds(true, true), AdminKinds: policyKinds(true, false),
			Present: "From 7 December 2026 on everyone must have a second factor.", Hit: 37, Admins: 4, Idle: 12, Rows: accounts()[1:3], All: "/admin?status=required", Told: 60, Began: 41, Confirmed: 38, Saved: 20}},
		{"admin-policy-preview", inside("Policy", "admin"), AdminPolicy{Who: "admins", From: "2026-12-07", UserKinds: policyKinds(true, false), AdminKinds: policyKinds(true, false), Preview: true, Reason: "asked for by the board",
			Present: "Nobody has to have a second factor.", Hit: 1, Admins: 1, Idle: 1, Rows: []AccountRow{idleAdmin()}}},
		{"admin-policy-many", inside("Policy", "admin"), AdminPolicy{Who: "everyone", From: "2026-12-07", UserKinds: policyKinds(true, false), AdminKinds: policyKinds(true, false), Preview: true,
			Present: "Nobody has to have a second factor.", Hit: 24310, Admins: 4, Idle: 10000, IdleMore: true, Rows: accounts()[1:3]}},
		{"admin-policy-alert", inside("Policy", "admin"), AdminPolicy{Who: "nobody", UserKinds: policyKinds(false, false), AdminKinds: policyKinds(false, false), Present: "Nobody has to have a second factor.", Alert: "Choose everyone, admins or nobody."}},
		{"admin-import", inside("Import", "admin"), AdminImport{Max: 1000}},
		{"admin-import-alert", inside("Import", "admin"), AdminImport{Max: 1000, Alert: "Choose a file, or paste its lines."}},
		{"admin-import-try", inside("Import", "admin"), AdminImport{Lines: tryFixture(), Good: 1, CSV: "ada@example.com,Ada\nb b"}},
		{"admin-import-done", inside("Import", "admin"), AdminImport{Lines: importFixture(), Good: 1, Done: true}},
		{"admin-import-stopped", inside("Import", "admin"), AdminImport{Lines: importFixture(), Good: 1, Done: true, Alert: "The import stopped before the end. Import the same file again."}},
		{"admin-audit", inside("Audit log", "admin"), AdminAudit{Rows: auditFixture(), Kinds: []string{"factors.reset", "login"}, Event: "login", More: "/admin/audit?after=3", CSV: "/admin/audit.csv"}},
		{"admin-audit-none", inside("Audit log", "admin"), AdminAudit{Query: "zzz", CSV: "/admin/audit.csv?q=zzz"}},
		{"admin-mail", inside("Outbox", "admin"), AdminMail{Rows: mailFixture(), Queued: 1, Failed: 1, More: "/admin/mail?after=1"}},
		{"admin-mail-fault", inside("Outbox", "admin"), AdminMail{Rows: mailFixture(), Queued: 1, Failed: 1, FaultSince: before(2 * time.Hour), Fault: "504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname"}},
		{"admin-mail-alert", inside("Outbox", "admin"), AdminMail{Status: "failed", Alert: "The content of this email was deleted, so it cannot be sent again."}},
	}
}

// policyKinds are the kinds that can count, with a tick for the app and for
// email as given.
func policyKinds(app, mail bool) []Selectable {
	return []Selectable{{"totp", "Authenticator app", app}, {"email", "Emailed code", mail}}
}

// statusFilters are the choices of the filter by status.
func statusFilters(chosen string) []Selectable {
	list := []Selectable{{"active", "Active", false}, {"invited", "Invited", false}, {"disabled", "Disabled", false}, {"locked", "Locked", false},
		{"enrolled", "With a factor", false}, {"missing", "Without a factor", false}, {"required", "Required, missing", false}, {"never", "Never signed in", false}}
	for i := range list {
		list[i].Chosen = list[i].Value == chosen
	}
	return list
}

// factorFilters are the choices of the filter by factor.
func factorFilters(chosen string) []Selectable {
	list := []Selectable{{"none", "No factor", false}, {"totp", "Authenticator app", false}, {"email", "Emailed code", false}, {"emailonly", "Email only", false}, {"recovery", "Recovery codes left", false}, {"low", "Codes low", false}}
	for i := range list {
		list[i].Chosen = list[i].Value == chosen
	}
	return list
}

// idleAdmin is an admin who has only an emailed code, and has not signed in for
// more than 90 days.
func idleAdmin() AccountRow {
	return AccountRow{ID: "a9", Login: "grace@example.com", Name: "Grace Brewster", Role: "admin", Status: "active", Kinds: []Badge{mailBadge}, RecoveryLeft: 9,
		LastLogin: before(120 * day), Created: before(400 * day)}
}

func accounts() []AccountRow {
	return []AccountRow{
		{ID: "a1", Login: "ada@example.com", Name: "Ada Byron", Role: "admin", Status: "active", Kinds: []Badge{appBadge, mailBadge}, RecoveryLeft: 7, LastLogin: before(2 * time.Hour), Created: before(400 * day)},
		{ID: "a2", Login: "alan", Name: "Alan Mathison", Role: "user", Status: "active", Reset: true, LastLogin: before(9 * day), Created: before(300 * day)},
		{ID: "a3", Login: "grace@example.com", Role: "user", Status: "invited", Created: before(2 * day)},
		{ID: "a4", Login: "a-rather-long-login-name-of-somebody@department.example.com", Name: "<b>Bobby</b> Tables", Role: "user", Status: "locked", Kinds: []Badge{mailBadge}, RecoveryLeft: 2, LastLogin: before(60 * day), Created: before(90 * day)},
		{ID: "a5", Login: "kurt", Role: "user", Status: "disabled", Kinds: []Badge{appBadge}, RecoveryLeft: 10, LastLogin: before(200 * day), Created: before(500 * day)},
	}
}

func adminFixture() Admin {
	a := Admin{Total: 204, Series: []string{"App", "Email only"}, Statuses: statusFilters(""), Factors: factorFilters(""), List: AdminList{Rows: accounts(), Count: 204, More: "/admin?after=a5", CSV: "/admin/enrollment.csv",
		Columns: []Column{{"Account", "/admin?sort=-login", "ascending"}, {"Role", "", ""}, {"Status", "", ""}, {"Factors", "", ""}, {"Recovery codes", "", ""}, {"Last sign-in", "/admin?sort=-last", ""}, {"Added", "/admin?sort=-created", ""}}}}
	for i, n := range []int{204, 131, 96, 35, 12, 9, 1, 22} {
		label := []string{"Accounts", "With a second factor", "Authenticator app", "Email only", "Required but missing", "Recovery codes low", "Switched off by failures", "Never signed in"}[i]
		a.Totals = append(a.Totals, AdminTotal{Label: label, Href: "/admin", N: n, Share: i == 1, Bad: i >= 4 && i < 7, Current: i == 0})
	}
	for i := range 3 {
		a.Days = append(a.Days, Adoption{Day: before(time.Duration(21-7*i) * day), Accounts: 190 + 7*i, Enrolled: 110 + 10*i, By: []int{80 + 8*i, 30 + 2*i}})
	}
	return a
}

func personFixture() AdminPerson {
	p := profile()
	f := p.Factors
	f[0].Off, f[0].Preferred, f[0].Hint = true, false, ""
	return AdminPerson{AccountRow: AccountRow{ID: "a1", Login: "ada@example.com", Name: "Ada Byron", Role: "admin", Status: "disabled", Kinds: []Badge{appBadge, mailBadge}, RecoveryLeft: 2,
		LastLogin: before(2 * time.Hour), Created: before(400 * day)}, Email: "ada@analytical.example", Factors: f, Sessions: p.Sessions, Browsers: p.Browsers, Events: events(), Off: true,
		Link: "https://nightlatch.example.com/enroll/Jm3cP8sVw2Yq7Kx4"}
}

// tryFixture is the preview of importFixture.
func tryFixture() []ImportLine {
	lines := importFixture()
	lines[0].Fate, lines[0].Link = "Will be created.", ""
	return lines
}

func importFixture() []ImportLine {
	return []ImportLine{
		{Number: 1, Login: "ada", Name: "Ada Byron", Role: "admin", OK: true, Fate: "Created. Give them the link.", Link: "https://nightlatch.example.com/invite/Jm3cP8sVw2Yq7Kx4"},
		{Number: 2, Login: "b b", Role: "user", Fate: "Choose a login without spaces and colons, such as ada or ada@example.com."},
	}
}

func auditFixture() []AuditRow {
	return []AuditRow{
		{Seq: 42, At: before(time.Hour), Kind: "account.deleted", Text: "Account deleted by an admin", Reason: "Left us", Detail: "kurt", Account: "kurt", Actor: "ada@example.com", ActorID: "a1", Address: "192.0.2.14", Browser: "Firefox on Linux", Level: 2, Bad: true},
		{Seq: 41, At: before(time.Hour), Kind: "factors.reset", Text: "Factors reset by an admin", Reason: "Lost phone, came by in person", Account: "alan", AccountID: "a2", Actor: "ada@example.com", ActorID: "a1", Address: "192.0.2.14", Browser: "Firefox on Linux", Level: 2, Bad: true},
		{Seq: 40, At: before(2 * time.Hour), Kind: "login", Text: "Signed in", Detail: "totp", Account: "ada@example.com", AccountID: "a1", Actor: "self", Address: "192.0.2.14", Browser: "Firefox on Linux", Level: 2},
	}
}

func mailFixture() []MailRow {
	return []MailRow{
		{ID: "m1", To: "alan@example.com", About: "Factors reset by an admin", Status: "queued", Attempts: 3, Error: "454 4.7.0 Try again later", Created: before(time.Hour), Next: fixtureNow.Add(4 * time.Minute), Retry: true},
		{ID: "m2", To: "ada@example.com", About: "Code", Status: "sent", Created: before(2 * time.Hour), Sent: before(2 * time.Hour)},
		{ID: "m3", To: "gone@example.com", About: "Invite", Status: "failed", Attempts: 1, Error: "550 5.1.1 No such user", Created: before(3 * time.Hour), Retry: true},
	}
}
