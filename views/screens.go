package views

import "time"

// Frame is what every full page needs around its screen.
type Frame struct {
	Brand  string
	Title  string
	Viewer *Viewer // nil for someone not signed in
	Notice string  // one sentence about what was just done
	Banner string  // one sentence that is shown until the person has done something about it
	Area   string  // "profile", "admin" or "": which entry of the navigation is current
	Wide   bool    // the whole width, for tables; without it a narrow card in the middle
}

// Viewer is the person who looks at the page.
type Viewer struct {
	Login string
	Name  string
	Admin bool
	Level int // 1 password, 2 with a second factor
}

// Screen is the typed data of one screen; it names the template that shows it.
type Screen interface{ Template() string }

// Setup makes the first admin.
type Setup struct{ Token, Login, Alert string }

// Login is the first step.
type Login struct {
	Login, Next, Alert string
	Told               string // an alert that is about nothing in the form
	Register           bool   // self-registration is open
	As                 string // login of who is signed in already; empty for nobody
	On                 string // where that person goes on
}

// Choice is one factor a person can answer with.
type Choice struct {
	Icon   string
	Label  string // "Authenticator app"
	Detail string // names of the apps, masked address, "7 codes left"
	Href   string // opens its panel
	Open   bool
	Off    bool // switched off after too many wrong codes
}

// Panel is the open factor: a form for the answer, and for some kinds one to
// have a code sent.
type Panel struct {
	Kind     string // of factor, or password for the step-up of someone without factors
	Icon     string
	Label    string
	Ask      string // label of the field
	Hint     string // below the field
	Input    string // digits, code or password
	Message  string // what carries a code: "mail"
	Weakness string // a sentence about a weak kind
	Show     any    // what the kind shows; nil for most
	Target   string // masked address
	Action   string // where the answer is posted
	Send     string // where a code is asked for; empty where the kind sends none
	To       string // id of the credential to send to
	Sent     bool   // a code was asked for
	Mailed   bool   // the mail server took it
	Late     bool   // the mail server did not take it yet
	Refused  bool   // it was refused for good
	ResendIn int    // seconds until another may be asked for; 0 means now
	Off      bool
}

// Challenge is the second step: chooser and open panel in one screen. Confirm
// uses it as well.
type Challenge struct {
	Confirm bool // a step-up of someone signed in, not a sign-in
	Login   string
	Choices []Choice
	Panel   Panel
	Trust   string  // label of "don't ask on this browser for 30 days"; empty when not offered
	Next    string  // where it leads, carried along
	HeldID  string  // the form that this step-up holds up
	Held    string  // what the step-up is for, in words: "Remove the app “Phone”"
	Refused string  // masked address that refused the code: another way is open instead
	Enroll  []Offer // the person has no factor, and the page requires one of these
	Alert   string
}

// RecoveryCode is one code of the set, as shown.
type RecoveryCode struct {
	Text string
	Used time.Time // zero while it is good
}

// Recovery shows the recovery codes.
type Recovery struct {
	Codes []RecoveryCode
	Left  int
	Made  time.Time
	Set   string // short name of the set, printed on the sheet
	Site  string
	Fresh bool   // just made
	Next  string // where "I have saved them" goes; empty for the profile
	Check string // outcome of "check a code without spending it"
	Alert string
}

// FactorRow is one factor on the profile.
type FactorRow struct {
	ID, Kind, Icon, Label, Name, Detail, Strength string
	Weak                                          bool
	Added, LastUsed                               time.Time
	Preferred, Off                                bool
	Hint                                          string // "your phone's clock is about 25 s slow"
	Remains                                       string // what is left when it is removed
}

// SessionRow is one signed-in browser.
type SessionRow struct {
	ID, Browser, Address string
	Started, LastSeen    time.Time
	Level                int
	Current              bool
}

// BrowserRow is one trusted browser.
type BrowserRow struct {
	ID, Browser, Address string
	LastUsed, Until      time.Time
	Current              bool
}

// EventRow is one security event.
type EventRow struct {
	At                             time.Time
	Text, Detail, Browser, Address string
	Bad                            bool
}

// Profile is what people see and change about their own account.
type Profile struct {
	Login, Name, Email, NewEmail string // NewEmail is not confirmed yet
	EmailVerified                bool
	HasFactor                    bool
	Factors                      []FactorRow
	Offers                       []Offer
	RecoveryLeft, RecoveryTotal  int
	Sessions                     []SessionRow
	Browsers                     []BrowserRow
	Activity                     []EventRow
	CanDisable                   bool // no policy demands a factor
	TrustOffered                 bool
	Warning                      string // a code was used twice
	Alert, AlertFor              string // message, and the section it belongs to: factors, password, email, name
}

// Activity is the account's own security events.
type Activity struct {
	Events []EventRow
	More   string // link to older ones
}

// Register makes an account: by an invite link, or openly.
type Register struct {
	Action, Login, Name, Next, Alert string
	Invite                           bool // the login is given, only name and password are asked
	Sent                             bool // a mail was sent; shown whether or not the address has an account
}

// Join is behind the link that proves the address of a registration.
type Join struct {
	Action, Login, Alert string
	Ask                  bool // for the password: it is another browser
}

// Forgot asks for a reset link.
type Forgot struct {
	Login, Alert string
	Sent         bool
	Next         string // where the sign-in after it leads
}

// Reset sets a new password.
type Reset struct {
	Action, Login, Alert string
	Next                 string // where the sign-in after it leads
}

// Button is a page with one thing to press: verify an address, end all sessions.
type Button struct {
	Heading, Text, Action, Label string
	Next                         string // the page to go to afterwards
	Danger                       bool
}

// Message is a page with nothing but a text: an error, or that something
// worked.
type Message struct {
	Heading, Text string
	RequestID     string
	Back          string // where its only button leads
	BackLabel     string
}

// Template names: each screen is views/templates/NAME.html.
func (Setup) Template() string     { return "setup" }
func (Login) Template() string     { return "login" }
func (Challenge) Template() string { return "challenge" }
func (Recovery) Template() string  { return "recovery" }
func (Profile) Template() string   { return "profile" }
func (Activity) Template() string  { return "activity" }
func (Register) Template() string  { return "register" }
func (Join) Template() string      { return "join" }
func (Forgot) Template() string    { return "forgot" }
func (Reset) Template() string     { return "reset" }
func (Button) Template() string    { return "button" }
func (Message) Template() string   { return "message" }

// Start is the choice of what to enroll.
type Start struct {
	Forced  bool // the policy requires it: the only other way is to sign out
	Offers  []Offer
	Address string
	Next    string // the page to go to afterwards
}

// Template names the file that shows Start.
func (Start) Template() string { return "start" }
