package identity

import "time"

// LinkPurpose says what a one-time link is good for.
type LinkPurpose string

// The purposes of links.
const (
	LinkInvite LinkPurpose = "invite" // set a first password
	LinkReset  LinkPurpose = "reset"  // set a new password
	LinkVerify LinkPurpose = "verify" // the account's own address
	LinkChange LinkPurpose = "change" // a new address
	LinkSecure LinkPurpose = "secure" // end all sessions and begin a reset
	LinkEnroll LinkPurpose = "enroll" // sign in once more with the password alone, to enroll
	LinkStop   LinkPurpose = "stop"   // the old address stops a change of address; its data is that address, if it was proved
	LinkUndo   LinkPurpose = "undo"   // the same, mailed when the address was changed

	// LinkTicket is the token that a confirmed enrollment link leaves in the
	// browser: until it expires, this browser may sign in with the password alone,
	// to enroll.
	LinkTicket LinkPurpose = "ticket"
)

// Link is a one-time link sent by mail.
type Link struct {
	TokenHash, AccountID, Data string
	Purpose                    LinkPurpose
	Created, Expires           time.Time
}
