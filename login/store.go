package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Reader is what can be looked up. Inside a transaction it reads what the
// transaction has written.
type Reader interface {
	Account(ctx context.Context, id string) (identity.Account, error)
	AccountByKey(ctx context.Context, key string) (identity.Account, error)
	// AccountByName finds by login, else by the address that an account proved.
	AccountByName(ctx context.Context, key string) (identity.Account, error)
	Registration(ctx context.Context, hash string, now time.Time) (identity.Registration, error)
	// Credentials gives an account's credentials oldest first, spent recovery
	// codes included; with secrets opened for the kinds named, none if none is.
	Credentials(ctx context.Context, accountID string, open ...factors.Kind) ([]factors.Credential, error)
	PendingByToken(ctx context.Context, hash string) (identity.Pending, error)
	Outcome(ctx context.Context, key string) (Outcome, error) // ErrNotFound when the form was not sent
	Ceremony(ctx context.Context, p factors.Purpose, subject string, k factors.Kind) (Ceremony, error)
	Note(ctx context.Context, sessionID string, topic Topic, about string) (Note, error)
	Browser(ctx context.Context, hash, accountID string, trusted bool) (identity.Browser, error)
	// HasBrowser says whether a cookie is good at some account at a time.
	HasBrowser(ctx context.Context, hash string, trusted bool, now time.Time) (bool, error)
	Throttle(ctx context.Context, key Counter) (Throttle, error) // nothing counted when there is none
	Link(ctx context.Context, hash string, purpose identity.LinkPurpose) (identity.Link, error)
	Setting(ctx context.Context, key string) (string, error) // "" when unset
	Sessions(ctx context.Context, accountID string) ([]identity.Session, error)
	Browsers(ctx context.Context, accountID string) ([]identity.Browser, error) // trusted ones
	// LinkOf is the link of a purpose that an account has and that still works.
	LinkOf(ctx context.Context, accountID string, purpose identity.LinkPurpose, now time.Time) (identity.Link, error)
	Events(ctx context.Context, accountID string, before int64, n int) ([]identity.Event, error)
	MailState(ctx context.Context, id string) (identity.MailState, error) // zero when there is none
}

// Lock is something that one transaction at a time may do, over all processes.
type Lock int

// What is done by one transaction at a time.
const (
	LockSetup     Lock = iota // making the first account
	LockReminders             // sending the next reminders of the policy
)

// Tx is one transaction. Every change to an account begins with LockAccount,
// which makes changes to one account happen one after another.
type Tx interface {
	Reader
	LockAccount(ctx context.Context, id string) (identity.Account, error)
	InsertAccount(ctx context.Context, a identity.Account) error // ErrTaken
	SaveAccount(ctx context.Context, a identity.Account) error   // ErrTaken
	// Prove keeps the address that an account has proved, as the two above do;
	// false when another account proved the same one before.
	Prove(ctx context.Context, a identity.Account) (bool, error)
	PutRegistration(ctx context.Context, r identity.Registration) error
	TakeRegistration(ctx context.Context, hash string) (bool, error)
	// DeleteAccount takes an account away with everything that names it, but for
	// events.
	DeleteAccount(ctx context.Context, id string) error

	InsertCredentials(ctx context.Context, cs ...factors.Credential) error
	// SwapCredential saves a credential if nobody saved it since it was read.
	// What was bound at enrollment (secret, address, hash) stays as it is.
	SwapCredential(ctx context.Context, c factors.Credential) (bool, error)
	DeleteCredential(ctx context.Context, accountID, id string) (bool, error)
	DeleteKind(ctx context.Context, accountID string, k factors.Kind) error
	DeleteCredentials(ctx context.Context, accountID string) error // all of an account, whatever their kind

	InsertPending(ctx context.Context, p identity.Pending) error
	SavePending(ctx context.Context, p identity.Pending) error
	// TakePending deletes a pending login if it is still the one of that token.
	TakePending(ctx context.Context, id, tokenHash string) (bool, error)
	DropPendings(ctx context.Context, accountID string) error
	// HushPendings marks those of one browser as nothing to warn about.
	HushPendings(ctx context.Context, accountID string, c identity.Client) error

	PutCeremony(ctx context.Context, c Ceremony) error // replaces the one of its subject and kind
	TryCeremony(ctx context.Context, id string) (tries int, err error)
	UntryCeremony(ctx context.Context, id string) error // takes a try back
	TakeCeremony(ctx context.Context, id string) (bool, error)
	DropCeremonies(ctx context.Context, subject string, p factors.Purpose) error

	PutNote(ctx context.Context, n Note) error // replaces the one of its session, topic and account
	TakeNote(ctx context.Context, id string) (bool, error)
	DropNotes(ctx context.Context, sessionID string, topic Topic) error

	// Lock keeps every other transaction that asks for the same one waiting until
	// this one ends.
	Lock(ctx context.Context, what Lock) error
	LockThrottle(ctx context.Context, key Counter) (Throttle, error)
	SaveThrottle(ctx context.Context, t Throttle) error
	ClearThrottle(ctx context.Context, key Counter) error
	// ClearKind forgets the failures of a kind: of strangers and of every browser.
	ClearKind(ctx context.Context, accountID string, k factors.Kind) error
	// ClearCounters forgets all that an account was counted for, of some matters.
	ClearCounters(ctx context.Context, accountID string, what ...Counted) error

	InsertSession(ctx context.Context, s identity.Session) error
	SaveSession(ctx context.Context, s identity.Session) error
	EndSession(ctx context.Context, accountID, id string) (bool, error)
	EndSessionByToken(ctx context.Context, hash string) (identity.Session, error)
	EndSessions(ctx context.Context, accountID, except string) (int, error)
	LowerSessions(ctx context.Context, accountID string) error // back to level 1
	WarnSessions(ctx context.Context, accountID, text string) error

	// MoveBrowser gives all rows of one browser cookie another token.
	MoveBrowser(ctx context.Context, oldHash, newHash string) error
	PutBrowser(ctx context.Context, b identity.Browser) error
	DropBrowser(ctx context.Context, accountID, id string) (bool, error)
	DropTrusted(ctx context.Context, accountID string) (int, error)

	// DropKnown forgets the browsers that signed in before, but one.
	DropKnown(ctx context.Context, accountID, exceptHash string) error

	PutLink(ctx context.Context, l identity.Link) error // voids older ones of its purpose
	TakeLink(ctx context.Context, hash string) (bool, error)
	DropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error

	// SetMustEnroll notes that the account's factors were taken; zero takes it back.
	SetMustEnroll(ctx context.Context, accountID string, at time.Time) error
	// Reach notes steps that an account took; Unreach forgets all.
	Reach(ctx context.Context, accountID string, steps identity.Step) error
	Unreach(ctx context.Context, accountID string) error
	// OtherAdmin says whether there is an admin who can act beside this one. It
	// makes changes of admins happen one after another.
	OtherAdmin(ctx context.Context, accountID string) (bool, error)

	// ClaimForm notes that a form is being carried out, in the place of a row
	// that began at some time; false when somebody else claimed it.
	ClaimForm(ctx context.Context, o Outcome, was time.Time) (bool, error)
	PutOutcome(ctx context.Context, o Outcome) error // replaces the claim
	DropClaim(ctx context.Context, key string) error
	DropOutcomes(ctx context.Context, session string) error // those of a session token's hash; lasting ones lose their cookies

	SaveSetting(ctx context.Context, key, value string) error
	Record(ctx context.Context, es ...identity.Event) error
	// Tried is Record for what strangers bring about as often as they like: see
	// Tries. It comes last, since every stranger's try waits for the one before.
	Tried(ctx context.Context, e identity.Event) error
	Post(ctx context.Context, ms ...identity.Mail) error
	// RetryMail queues a mail anew, as if it were written now; false when there
	// is nothing to send any more.
	RetryMail(ctx context.Context, id string, now time.Time) (bool, error)
}

// Store keeps everything. Write runs its function in one transaction, and may
// run it again when the database asks for that: so it must change nothing else.
type Store interface {
	Reader
	Write(ctx context.Context, do func(Tx) error) error
	// Visit is the hot path: session, account and policy by the hash of a token.
	Visit(ctx context.Context, hash string) (identity.Session, identity.Account, string, error)
	// Touch notes when a session was last used.
	Touch(ctx context.Context, sessionID string, now time.Time) error
	// Stale gives pending logins that ended before now without a factor.
	Stale(ctx context.Context, now time.Time, n int) ([]identity.Pending, error)
	// Sweep deletes what has ended by itself.
	Sweep(ctx context.Context, now time.Time, sessionsBefore time.Time) error
}
