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
	Throttles(ctx context.Context, keys ...Counter) ([]Throttle, error)
	Link(ctx context.Context, hash string, purpose identity.LinkPurpose) (identity.Link, error)
	Setting(ctx context.Context, key string) (string, error) // "" when unset
	// Token is a token of the JSON interface, by its hash, also one that has ended.
	Token(ctx context.Context, hash string) (identity.APIToken, error)
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

// Tx is one transaction in which something is written that needs no event of the
// audit log: it changes nothing that an account is or has. What does is in Act.
// Every change to an account begins with LockAccount, which makes changes to one
// account happen one after another.
type Tx interface {
	Reader
	LockAccount(ctx context.Context, id string) (identity.Account, error)
	// Lock keeps every other transaction that asks for the same one waiting until
	// this one ends.
	Lock(ctx context.Context, what Lock) error
	// OtherAdmin says whether there is an admin who can act beside this one. It
	// makes changes of admins happen one after another.
	OtherAdmin(ctx context.Context, accountID string) (bool, error)

	// What waits for a proof. None of it is an account's before the proof.
	PutRegistration(ctx context.Context, r identity.Registration) error
	SavePending(ctx context.Context, p identity.Pending) error
	// TakePending deletes a pending login if it is still the one of that token.
	TakePending(ctx context.Context, id, tokenHash string) (bool, error)
	// HushPendings marks those of one browser as nothing to warn about.
	HushPendings(ctx context.Context, accountID string, c identity.Client) error
	PutCeremony(ctx context.Context, c Ceremony) error // replaces the one of its subject and kind
	TryCeremony(ctx context.Context, id string) (tries int, err error)
	UntryCeremony(ctx context.Context, id string) error // takes a try back
	TakeCeremony(ctx context.Context, id string) (bool, error)
	DropCeremonies(ctx context.Context, subject string, p factors.Purpose) error
	// PutVerify voids older links of identity.LinkVerify, whatever the link says:
	// it only confirms the address that its account has.
	PutVerify(ctx context.Context, l identity.Link) error

	PutNote(ctx context.Context, n Note) error // replaces the one of its session, topic and account
	TakeNote(ctx context.Context, id string) (bool, error)
	DropNotes(ctx context.Context, sessionID string, topic Topic) error

	// Counters of failures and of mails.
	LockThrottle(ctx context.Context, key Counter) (Throttle, error)
	// LockThrottles is LockThrottle that reads other counters with it, which are not
	// locked.
	LockThrottles(ctx context.Context, key Counter, others ...Counter) ([]Throttle, error)
	SaveThrottle(ctx context.Context, t Throttle) error
	ClearThrottle(ctx context.Context, key Counter) error
	// SwapThrottle saves a counter, or forgets one that is to count nothing, if it is as
	// it was read.
	SwapThrottle(ctx context.Context, was, to Throttle) (bool, error)

	// What the clock makes of a credential: no more than which steps count as used.
	// False when somebody saved it since it was read.
	SettleCredential(ctx context.Context, c factors.Credential) (bool, error)

	// What is shown and counted.
	WarnSessions(ctx context.Context, accountID, text string) error
	Reach(ctx context.Context, accountID string, steps identity.Step) error // notes steps that an account took
	SaveRound(ctx context.Context, text string) error                       // how far the reminders of the policy have come
	Post(ctx context.Context, ms ...identity.Mail) error

	// ClaimForm notes that a form is being carried out, in the place of a row
	// that began at some time; false when somebody else claimed it.
	ClaimForm(ctx context.Context, o Outcome, was time.Time) (bool, error)
	PutOutcomes(ctx context.Context, all ...Outcome) error // replace their claims
	DropClaim(ctx context.Context, key string) error
	DropOutcomes(ctx context.Context, session string) error // those of a session token's hash; lasting ones lose their cookies
}

// Store keeps everything. Write and Act run their function in one transaction,
// and may run it again when the database asks for that: so it must change nothing else.
type Store interface {
	Reader
	Write(ctx context.Context, do func(Tx) error) error
	// WriteSoon is Write for what is no loss should the machine go down before the
	// next commit that waits for the disk, which takes it along. A kill loses nothing.
	WriteSoon(ctx context.Context, do func(Tx) error) error
	// Act keeps what the function changed together with the event that it gives:
	// both or neither. An event without a kind is identity.ErrUnrecorded, and so is
	// identity.NothingHappened after a change.
	Act(ctx context.Context, do func(Act) (identity.Event, error)) error
	// Visit is the hot path: session, account and policy by the hash of a token.
	Visit(ctx context.Context, hash string) (Visited, error)
	// Holdings is what an account has.
	Holdings(ctx context.Context, accountID string, now time.Time) (Holdings, error)
	// Changes is how many changes there were that a visit may depend on.
	Changes(ctx context.Context) (int64, error)
	// Waiting is what every step of a sign-in looks up by the hash of its token.
	Waiting(ctx context.Context, hash string, of Asker) (Waiting, error)
	// Entrance is what a login and its password are judged by: AccountByName, without
	// an id where there is none, and who asks.
	Entrance(ctx context.Context, name string, of Asker) (identity.Account, Seen, error)
	// SwapThrottle is a transaction of its own, as of WriteSoon, that saves a counter
	// if it is as it was read and nothing was counted by the others since.
	SwapThrottle(ctx context.Context, was, to Throttle, beside ...Throttle) (bool, error)
	// TryClaim claims a form that nobody sent before, in a transaction of its own.
	// False when somebody did, or when its sender is not known.
	TryClaim(ctx context.Context, o Outcome, of Sender) (bool, error)
	// Given says whether the site gave out the cookie of a sender.
	Given(ctx context.Context, of Sender) (bool, error)
	// Touch notes when a session was last used.
	Touch(ctx context.Context, sessionID string, now time.Time) error
	// Stale gives pending logins that ended before now without a factor.
	Stale(ctx context.Context, now time.Time, n int) ([]identity.Pending, error)
	// Sweep deletes what has ended by itself.
	Sweep(ctx context.Context, now time.Time, sessionsBefore time.Time) error
}
