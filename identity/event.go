package identity

import "time"

// EventKind says what an event of the audit log is about. The words are kept in
// the log, so they never change their meaning.
type EventKind string

// The kinds of event.
const (
	EventLogin                EventKind = "login"
	EventLogout               EventKind = "logout"
	EventLoginPassword        EventKind = "login.password"
	EventLoginFailed          EventKind = "login.failed"
	EventLoginAbandoned       EventKind = "login.abandoned"
	EventFactorFailed         EventKind = "factor.failed"
	EventFactorReplayed       EventKind = "factor.replayed"
	EventDatabaseRestored     EventKind = "database.restored"
	EventFactorOff            EventKind = "factor.off"
	EventCodeSent             EventKind = "code.sent"
	EventFactorAdded          EventKind = "factor.added"
	EventFactorRemoved        EventKind = "factor.removed"
	EventFactorRenamed        EventKind = "factor.renamed"
	EventFactorPreferred      EventKind = "factor.preferred"
	EventEnrollFailed         EventKind = "enroll.failed"
	EventTwoFactorOff         EventKind = "two-factor.off"
	EventRecoveryMade         EventKind = "recovery.made"
	EventRecoveryUsed         EventKind = "recovery.used"
	EventConfirmed            EventKind = "confirmed"
	EventPasswordFailed       EventKind = "password.failed"
	EventPasswordChanged      EventKind = "password.changed"
	EventPasswordReset        EventKind = "password.reset"
	EventPasswordResetAsked   EventKind = "password.reset-asked"
	EventSessionEnded         EventKind = "session.ended"
	EventSessionsEnded        EventKind = "sessions.ended"
	EventBrowserTrusted       EventKind = "browser.trusted"
	EventBrowserForgotten     EventKind = "browser.forgotten"
	EventBrowsersForgotten    EventKind = "browsers.forgotten"
	EventEmailVerified        EventKind = "email.verified"
	EventEmailChanged         EventKind = "email.changed"
	EventEmailChangeAsked     EventKind = "email.change-asked"
	EventEmailChangeStopped   EventKind = "email.change-stopped"
	EventEmailChangeUndone    EventKind = "email.change-undone"
	EventNameChanged          EventKind = "name.changed"
	EventAccountCreated       EventKind = "account.created"
	EventAccountAccepted      EventKind = "account.accepted"
	EventFactorsReset         EventKind = "factors.reset"
	EventTicketUsed           EventKind = "ticket.used"
	EventAccountUnlocked      EventKind = "account.unlocked"
	EventAccountDisabled      EventKind = "account.disabled"
	EventAccountEnabled       EventKind = "account.enabled"
	EventSessionsEndedByAdmin EventKind = "sessions.ended-by-admin"
	EventRoleChanged          EventKind = "role.changed"
	EventGroupsChanged        EventKind = "groups.changed"
	EventKeysAccepted         EventKind = "keys.accepted"
	EventFactorsLost          EventKind = "factors.lost"
	EventKeysRotated          EventKind = "keys.rotated"
	EventAuditBegun           EventKind = "audit.begun"
	EventAuditAccepted        EventKind = "audit.accepted"
	EventAuditUnsealed        EventKind = "audit.unsealed"
	EventPolicyChanged        EventKind = "policy.changed"
	EventTokenMade            EventKind = "token.made"
	EventTokenRevoked         EventKind = "token.revoked"
	EventMailRetried          EventKind = "mail.retried"
	EventAccountInvited       EventKind = "account.invited"
	EventPasswordResetStarted EventKind = "password.reset-started"
	EventEmailCorrected       EventKind = "email.corrected"
	EventAccountDeleted       EventKind = "account.deleted"
	EventAccountSecured       EventKind = "account.secured"
)

// DetailTrusted is the detail of an EventLogin where a trusted browser stood in
// for the factor. Otherwise it is the kind of the factor.
const DetailTrusted = "browser"

// NothingHappened is what an act returns in place of an event when it found
// nothing to do. It is never stored.
var NothingHappened = Event{Kind: "nothing"}

// Unchained lies behind all numbers of the audit log: events from there on wait to
// be chained, and get their number then.
const Unchained = 1 << 62

// Event is one row of the audit log.
type Event struct {
	Seq              int64 // its place: its number, or one behind Unchained
	At               time.Time
	Kind             EventKind
	AccountID        string // whom it is about; empty for an unknown name
	ActorID          string // who did it; empty for nobody signed in
	Actor            string // "self", "admin", "api", "cli", "system" or "stranger"
	Address, Browser string
	Level            int
	Reason, Detail   string

	// Took is how long a sign-in took from its password to its second factor. It is
	// told to those who watch the site, and not kept.
	Took time.Duration

	// For a row about many tries: how many, the first and the last. Times is 0
	// for a single one. See Tries.
	Times        int
	Since, Until time.Time
}

// Number is the number in the log; 0 while the event waits for one.
func (e Event) Number() int64 {
	if e.Seq >= Unchained {
		return 0
	}
	return e.Seq
}
