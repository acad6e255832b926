package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Act is a transaction that changes what an account is or has (itself, its
// credentials, sessions, browsers and links) or the settings of the site. Only
// Store.Act gives one out, and its function must return the event, so that
// nothing is changed without a row of the audit log.
type Act interface {
	Tx
	// Record adds events that come before the one that the act ends with;
	// identity.NothingHappened adds none.
	Record(es ...identity.Event)
	// Tried is for an event that strangers bring about as often as they like: see
	// Tries. It gives the event to end the act with, or identity.NothingHappened
	// where the event is only counted. It comes last, since every stranger's try
	// waits for the one before.
	Tried(ctx context.Context, e identity.Event) (identity.Event, error)

	InsertAccount(ctx context.Context, a identity.Account) error // ErrTaken
	// SaveGroups puts an account into some groups and out of all others.
	SaveGroups(ctx context.Context, accountID string, names []string) error
	SaveAccount(ctx context.Context, a identity.Account) error // ErrTaken
	// SignedIn notes when an account, as it was locked, signed in.
	SignedIn(ctx context.Context, a identity.Account, now time.Time) error
	// Prove keeps the address that an account has proved, as the two above do;
	// false when another account proved the same one before.
	Prove(ctx context.Context, a identity.Account) (bool, error)
	TakeRegistration(ctx context.Context, hash string) (bool, error)
	// SetMustEnroll records when an admin removed the account's factors; zero
	// clears it.
	SetMustEnroll(ctx context.Context, accountID string, at time.Time) error
	Unreach(ctx context.Context, accountID string) error // forgets all steps that an account took
	// DeleteAccount deletes an account with everything about it, except its
	// events.
	DeleteAccount(ctx context.Context, id string) error

	InsertCredentials(ctx context.Context, cs ...factors.Credential) error
	// SwapCredential saves a credential if nobody saved it since it was read.
	// What was bound at enrollment (secret, address, hash) stays as it is.
	SwapCredential(ctx context.Context, c factors.Credential) (bool, error)
	DeleteCredential(ctx context.Context, accountID, id string) (bool, error)
	DeleteKind(ctx context.Context, accountID string, k factors.Kind) error
	DeleteCredentials(ctx context.Context, accountID string) error // all of an account, whatever their kind

	// ClearKind forgets the failures of a kind: of strangers and of every browser.
	ClearKind(ctx context.Context, accountID string, k factors.Kind) error
	// ClearCounters forgets all that an account was counted for, of some matters.
	ClearCounters(ctx context.Context, accountID string, what ...Counted) error

	InsertPending(ctx context.Context, p identity.Pending) error // of a right password
	DropPendings(ctx context.Context, accountID string) error
	InsertSession(ctx context.Context, s identity.Session) error
	SaveSession(ctx context.Context, s identity.Session) error
	EndSession(ctx context.Context, accountID, id string) (bool, error)
	EndSessionByToken(ctx context.Context, hash string) (identity.Session, error) // ErrNotFound when there is none
	EndSessions(ctx context.Context, accountID, except string) (int, error)
	LowerSessions(ctx context.Context, accountID string) error // back to level 1

	// MoveBrowser gives all rows of one browser cookie another token.
	MoveBrowser(ctx context.Context, oldHash, newHash string) error
	PutBrowser(ctx context.Context, b identity.Browser) error
	UseBrowser(ctx context.Context, b identity.Browser) error // last used, until: if it still has its token
	DropBrowser(ctx context.Context, accountID, id string) (bool, error)
	DropTrusted(ctx context.Context, accountID string) (int, error)
	// DropKnown forgets the browsers that signed in before, but one.
	DropKnown(ctx context.Context, accountID, exceptHash string) error

	PutLink(ctx context.Context, l identity.Link) error // voids older ones of its purpose
	TakeLink(ctx context.Context, hash string) (bool, error)
	DropLinks(ctx context.Context, accountID string, purposes ...identity.LinkPurpose) error

	PutToken(ctx context.Context, t identity.APIToken) (bool, error) // false when there is one of its name
	DropToken(ctx context.Context, name string) (bool, error)        // false when there is none
	DropTokensOf(ctx context.Context, adminID string) error          // those that an admin made

	SaveSetting(ctx context.Context, key, value string) error
	// RetryMail queues a mail anew, as if it were written now; false when there
	// is nothing to send any more.
	RetryMail(ctx context.Context, id string, now time.Time) (bool, error)
}
