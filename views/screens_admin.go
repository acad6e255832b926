package views

import "time"

// AccountRow is one account in the admin's list.
type AccountRow struct {
	ID, Login, Name, Role, Status string // Status: active, invited, disabled, locked
	Kinds                         []Badge
	RecoveryLeft                  int
	Groups                        []string
	Reset                         bool // an admin removed the factors, and no new one was set up yet
	LastLogin, Created            time.Time
}

// AdminTotal is one number at the top, with a link to the accounts that it
// counts.
type AdminTotal struct {
	Label, Href string
	N           int
	Share       bool // also show it in percent of all
	Bad         bool // needs attention unless it is 0
	Current     bool
}

// Column is a heading of the list; Href sorts by it, where it can.
type Column struct{ Label, Href, Sorted string } // Sorted: ascending, descending or ""

// Admin is who is enrolled and who is not.
type Admin struct {
	Total    int
	Totals   []AdminTotal
	Days     []Adoption // one day of each week, for people who cannot see the charts
	Series   []string   // what the numbers of a day by kind are called
	Filter   AdminFilter
	Statuses []Selectable // the filter by status
	Factors  []Selectable // the filter by factor
	List     AdminList
	Alert    string // about the form of an invite
	Login    string // what was typed into it
	Name     string
	Email    string
	Groups   string
}

// AdminFilter is what is chosen above the list; "" is any.
type AdminFilter struct{ Query, Status, Factor, Role, Group, Sort string }

// AdminList is the list below.
type AdminList struct {
	Rows        []AccountRow
	Columns     []Column
	Count       int // accounts found; -1 when it is not known
	More, First string
	Partial     bool   // the search was not finished: More goes on with it
	CSV         string // the same rows as a file
}

// AdminPerson is one account, as an admin may see it.
type AdminPerson struct {
	AccountRow
	Email         string
	EmailVerified bool
	Factors       []FactorRow
	Sessions      []SessionRow
	Browsers      []BrowserRow
	Events        []EventRow
	Off           bool   // some kind is switched off
	Self          bool   // the admin's own account
	Link          string // one-time link to pass on to the owner; empty for none
	Reason        string
	Typed         string // the address that was refused
	Alert         string
	AlertFor      string // the last part of the action's path, such as reset or delete
}

// AdminPolicy is who must have a second factor.
type AdminPolicy struct {
	Groups                string // joined by commas
	Who, From, Today      string // From and Today as 2006-01-02
	Preview               bool   // the choice shown is not in force
	Reason                string
	Present               string
	Hit, Admins, Idle     int
	IdleMore              bool
	Rows                  []AccountRow
	All                   string // link to all of them; empty for a preview
	Told, Began           int
	Confirmed, Saved      int
	Alert                 string
	UserKinds, AdminKinds []Selectable
}

// AdminImport is the import of accounts from a file.
type AdminImport struct {
	CSV   string
	Lines []ImportLine
	Good  int
	Done  bool
	Max   int // lines of a file
	Alert string
}

// ImportLine is what happens, or happened, to one line of the file.
type ImportLine struct {
	Number                        int
	Login, Name, Role, Fate, Link string
	Email                         string
	OK                            bool
}

// AuditRow is one row of the audit log.
type AuditRow struct {
	Seq                                int64 // 0 while it has none
	At                                 time.Time
	Kind, Text, Detail, Reason         string
	Account, AccountID, Actor, ActorID string
	Address, Browser                   string
	Level                              int
	Bad                                bool
}

// AdminAudit is the audit log.
type AdminAudit struct {
	Rows               []AuditRow
	Kinds              []string
	Query, Event, User string
	More, First, CSV   string
}

// MailRow is one mail of the outbox.
type MailRow struct {
	ID, To, About, Status, Error string
	Attempts                     int
	Created, Next, Sent          time.Time
	Retry                        bool // it may be tried again
}

// AdminMail is the outbox.
type AdminMail struct {
	Rows           []MailRow
	Status         string
	Queued, Failed int
	FaultSince     time.Time
	Fault          string // why the mail server takes nothing from this site; empty when it does
	More, First    string
	Alert          string
}

// Template names, as in screens.go.
func (Admin) Template() string       { return "admin" }
func (AdminPerson) Template() string { return "admin_person" }
func (AdminPolicy) Template() string { return "admin_policy" }
func (AdminImport) Template() string { return "admin_import" }
func (AdminAudit) Template() string  { return "admin_audit" }
func (AdminMail) Template() string   { return "admin_mail" }
