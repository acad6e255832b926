package accounts

import (
	"context"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Invite makes an account for somebody and mails the link, if there is an
// address. The link is also returned, and shown on the account's page, so that
// the admin can pass it on.
func (s *Service) Invite(ctx context.Context, v *login.Visit, f Form, c identity.Client) (id, link string, err error) {
	return s.inviteAs(ctx, Admin(v, "", c), f)
}

// InviteBy is Invite for a program. The link goes nowhere but into the mail.
func (s *Service) InviteBy(ctx context.Context, by By, f Form) (id string, err error) {
	id, _, err = s.inviteAs(ctx, by, f)
	return id, err
}

func (s *Service) inviteAs(ctx context.Context, by By, f Form) (id, link string, err error) {
	if f.Role != identity.Admin {
		f.Role = identity.Member
	}
	f.Origin, f.Password = "admin", ""
	return s.create(ctx, f, maker{name: by.Name, event: s.did("", "", by, ""), by: by})
}

// invite makes the link with which an account sets its first password.
func (s *Service) invite(ctx context.Context, tx login.Act, a identity.Account, by string) (string, error) {
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkInvite, TTL: inviteTTL})
	if err != nil || a.Email == "" || by == "" {
		return link, err
	}
	return link, s.mailInvite(ctx, tx, a, link, by)
}

func (s *Service) mailInvite(ctx context.Context, tx login.Tx, a identity.Account, link, by string) error {
	return tx.Post(ctx, identity.Mail{Template: identity.MailInvite, To: a.Email, AccountID: a.ID,
		Data:    map[string]string{"login": a.Login, "link": link, "by": by, "hours": "168"},
		Created: s.opt.Now(), Expires: s.opt.Now().Add(inviteTTL)})
}
