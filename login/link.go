package login

import (
	"context"
	"time"
)

// LinkPurpose says what a one-time link is good for.
type LinkPurpose string

// Purposes of links, and how long those live whose life is not configured.
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
	// browser: for TicketTTL this browser may sign in with the password alone, to
	// enroll.
	LinkTicket LinkPurpose = "ticket"
	// TicketTTL is the life of a ticket.
	TicketTTL = time.Hour

	// SecureTTL is the lifetime of the link with which an owner reports that a
	// sign-in was not theirs.
	SecureTTL = 7 * 24 * time.Hour
)

// linkPath says where a link of a purpose leads.
var linkPath = map[LinkPurpose]string{
	LinkInvite: "/invite/", LinkReset: "/password/reset/", LinkVerify: "/email/verify/",
	LinkChange: "/email/verify/", LinkSecure: "/secure/", LinkEnroll: "/enroll/",
	LinkStop: "/email/stop/", LinkUndo: "/email/stop/",
}

// Terms are what a one-time link is good for, and how long.
type Terms struct {
	Purpose LinkPurpose
	Data    string // what the purpose needs, such as a new address; may be empty
	TTL     time.Duration
}

// NewLink makes a one-time link and voids the older ones of its purpose. The
// origin is the configured one, whatever the request said.
func (s *Service) NewLink(ctx context.Context, tx Tx, a Account, t Terms) (string, error) {
	token, hash := NewToken()
	now := s.Now()
	err := tx.PutLink(ctx, Link{TokenHash: hash, AccountID: a.ID, Purpose: t.Purpose, Data: t.Data, Created: now, Expires: now.Add(t.TTL)})
	return s.opt.URL + linkPath[t.Purpose] + token, err
}
