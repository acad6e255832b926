package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// How long those links live whose life is not configured.
const (
	// TicketTTL is the life of a ticket.
	TicketTTL = time.Hour

	// SecureTTL is the lifetime of the link with which an owner reports that a
	// sign-in was not theirs.
	SecureTTL = 7 * 24 * time.Hour
)

// linkPath says where a link of a purpose leads.
var linkPath = map[identity.LinkPurpose]string{
	identity.LinkInvite: "/invite/", identity.LinkReset: "/password/reset/", identity.LinkVerify: "/email/verify/",
	identity.LinkChange: "/email/verify/", identity.LinkSecure: "/secure/", identity.LinkEnroll: "/enroll/",
	identity.LinkStop: "/email/stop/", identity.LinkUndo: "/email/stop/",
}

// Terms are what a one-time link is for, and how long it is valid.
type Terms struct {
	Purpose identity.LinkPurpose
	Data    string // what the purpose needs, such as a new address; may be empty
	TTL     time.Duration
}

// NewLink makes a one-time link and voids the older ones of its purpose. The
// origin is the configured one, whatever the request said.
func (s *Service) NewLink(ctx context.Context, tx Act, a identity.Account, t Terms) (string, error) {
	url, l := s.link(a, t)
	return url, tx.PutLink(ctx, l)
}

// NewVerify is NewLink for a link that only confirms the address which the
// account has.
func (s *Service) NewVerify(ctx context.Context, tx Tx, a identity.Account, ttl time.Duration) (string, error) {
	url, l := s.link(a, Terms{identity.LinkVerify, a.Email, ttl})
	return url, tx.PutVerify(ctx, l)
}

func (s *Service) link(a identity.Account, t Terms) (url string, l identity.Link) {
	token, hash := identity.NewToken()
	now := s.Now()
	return s.opt.URL + linkPath[t.Purpose] + token,
		identity.Link{TokenHash: hash, AccountID: a.ID, Purpose: t.Purpose, Data: t.Data, Created: now, Expires: now.Add(t.TTL)}
}
