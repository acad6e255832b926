// Package login holds the rules of getting in: password, pending login,
// challenge, confirmation, session, trusted browser, throttle and policy.
//
// It knows neither HTTP nor SQL. What it wants kept goes through Store, whose
// Write is one transaction; what it wants told goes into the same transaction
// as events and mails.
package login

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Role is what an account may do.
type Role string

// The two roles.
const (
	Member Role = "user"
	Admin  Role = "admin"
)

// Status is what an account is. It is kept, and follows from nothing else: who
// has no password need not be invited.
type Status string

// What an account can be. A disabled one keeps its standing for later.
const (
	Invited  Status = "invited"  // nobody used the invite yet
	Active   Status = "active"   //
	Locked   Status = "locked"   // by its owner, until there is a new password: see Secure in accounts
	Disabled Status = "disabled" // by an admin
)

// Hidden is text that must never be printed: a password hash. Formatting it
// gives a word instead.
type Hidden string

// String hides the value.
func (Hidden) String() string { return "hidden" }

// GoString hides the value from %#v.
func (Hidden) GoString() string { return "hidden" }

// Account is one person.
type Account struct {
	ID              string
	Login           string // as its owner writes it
	Key             string // canonical form, unique: see LoginKey
	Name            string
	Email           string // may be empty
	EmailVerified   time.Time
	Role            Role
	Origin          string // who made it: setup, cli, admin or self
	Password        Hidden // PHC string; may be empty
	PasswordChanged time.Time
	Preferred       string // id of the credential asked for first
	Created         time.Time
	LastLogin       time.Time
	Standing        Status // invited, active or locked: what it is while no admin has it disabled
	Disabled        time.Time
	Kinds           []factors.Kind // confirmed kinds, recovery codes left out
	RecoveryLeft    int
	Off             []factors.Kind // kinds that failures switched off
	MustEnroll      time.Time      // an admin took the factors then: see Bare
}

// HasFactor says whether a second step stands before this account.
func (a Account) HasFactor() bool { return len(a.Kinds) > 0 }

// Has says whether the account has a confirmed factor of a kind.
func (a Account) Has(k factors.Kind) bool {
	return slices.Contains(a.Kinds, k)
}

// Status is what an account is now: its standing, unless it is disabled.
func (a Account) Status() Status {
	if !a.Disabled.IsZero() {
		return Disabled
	}
	return a.Standing
}

// Vouched says whether the address may be told to other applications: its
// owner proved it.
func (a Account) Vouched() bool { return a.Email != "" && !a.EmailVerified.IsZero() }

// ProvenKey is the fold of the address that its owner proved; empty when there
// is none.
func (a Account) ProvenKey() string {
	if a.Email == "" || a.EmailVerified.IsZero() {
		return ""
	}
	key, _ := identity.LoginKey(a.Email)
	return key
}

// LoginIsAddress says whether other applications would take the login for an
// address.
func (a Account) LoginIsAddress() bool { return strings.Contains(a.Key, "@") }

// LoginVouched says whether the login may be told to other applications: one
// that looks like an address must be the account's own, which its owner proved
// or whoever runs this site gave it.
func (a Account) LoginVouched() bool {
	if !a.LoginIsAddress() || a.ProvenKey() == a.Key {
		return true
	}
	own, _ := identity.LoginKey(a.Email)
	return a.Origin != "self" && own == a.Key
}

// Registration is an account that waits for its address, which is its login,
// to be proven.
type Registration struct {
	TokenHash, BrowserHash string
	Login, Name, Next      string
	Password               Hidden
	Created, Expires       time.Time
}

// Client is the browser that asks, as far as it can be told.
type Client struct {
	Address string // for the record
	Range   string // bucket of the per-address limit: IPv4, or IPv6 /64
	Shown   string // for mails: the address with its end hidden
	Browser string // "Firefox on Windows"
	Known   string // token of the cookie of a browser that signed in before
	Trusted string // token of the trusted-browser cookie
	Session string // token of the session that the browser has already
	Ticket  string // token of an enrollment link that was pressed in this browser
}

// Pending is a login whose password was right and whose factor is awaited.
// It holds no password.
type Pending struct {
	ID, TokenHash, AccountID, Next string
	Address, Shown, Browser        string
	Known                          bool // from a browser that signed in before
	Told                           bool // the owner was warned about this one
	Created, Expires               time.Time
}

// Ceremony is the state of one started proof or enrollment.
type Ceremony struct {
	ID, AccountID, Subject string
	Purpose                factors.Purpose
	Kind                   factors.Kind
	State                  []byte // sealed at rest
	Tries                  int
	Created, Expires       time.Time
}

// Session is one signed-in browser.
type Session struct {
	ID, TokenHash, AccountID   string
	Level                      int
	Factor                     factors.Kind // what raised it to level 2; ByBrowser when nothing was proved
	Address, Browser           string
	Created, LastSeen, Confirm time.Time // Confirm is the last proof; zero when there was none
	Warning                    string    // something its owner should see: a code used twice
	Kept                       bool      // the answer that led here is kept for a repeat: see Outcome
}

// ByBrowser is the Factor of a session that a trusted browser opened.
const ByBrowser factors.Kind = "browser"

// Browser is a browser known to an account, or trusted by it.
type Browser struct {
	ID, TokenHash, AccountID string
	Trusted                  bool
	Address, Browser         string
	Created, LastUsed, Until time.Time
}

// Link is a one-time link sent by mail.
type Link struct {
	TokenHash, AccountID, Data string
	Purpose                    LinkPurpose
	Created, Expires           time.Time
}

// Event is one row of the audit log.
type Event struct {
	Seq              int64
	At               time.Time
	Kind             EventKind
	AccountID        string // whom it is about; empty for an unknown name
	ActorID          string // who did it; empty for nobody signed in
	Actor            string // "self", "admin", "cli", "system" or "stranger"
	Address, Browser string
	Level            int
	Reason, Detail   string

	// A row that tells of many tries, and their first and last; 0 is one. See Tries.
	Times        int
	Since, Until time.Time
}

// Mail is a message to be sent, written in the transaction that causes it.
type Mail struct {
	ID            string // empty: one is drawn
	Template      MailKind
	To, AccountID string
	Data          map[string]string // sealed at rest
	Created       time.Time
	Expires       time.Time // zero: never
}

// CodeMail begins the id of a mail with a code; the id of the code's ceremony
// follows. Without that ceremony the code is void and the mail is not sent.
const CodeMail = "code-"

// MailState is how far a mail has come.
type MailState struct {
	Sent    bool // the mail server took it
	Refused bool // it was refused for good
	Tried   bool // at least one try went wrong
	Expired bool // nobody took it in time
}

// NewToken draws an opaque token and the form in which it is kept: whoever
// reads the database cannot use what is found there.
func NewToken() (token, hash string) {
	token = rand.Text() + rand.Text()[:6] // 160 bits
	return token, HashToken(token)
}

// HashToken is the stored form of a token. The token is random, so a plain
// hash is enough.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}

// NewID draws an opaque id.
func NewID() string { return rand.Text() }
