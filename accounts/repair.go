package accounts

import (
	"context"
	"errors"
	"strings"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Sent says how a one-time link that an admin asked for was delivered.
type Sent struct {
	Link   string // to hand over; empty when it went out by mail, for then it is its owner's alone
	Mailed bool
}

// InviteAgain makes a new invite for an account whose invite nobody used, and
// voids the one before.
func (s *Service) InviteAgain(ctx context.Context, by By, id string) (sent Sent, err error) {
	err = s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventAccountInvited, a.ID, by, "")
		if a.Standing != identity.Invited {
			return e, identity.Refuse(identity.Denied, "The invite of this account was already used. Reset the password instead.")
		}
		if !a.Disabled.IsZero() {
			return e, identity.Refuse(identity.Denied, "This account is disabled. Enable it first.")
		}
		sent, err = s.inviteTo(ctx, tx, a, by)
		return e, err
	})
	return sent, err
}

// inviteTo makes an invite that only its owner sees where there is an address;
// using it proves the address.
func (s *Service) inviteTo(ctx context.Context, tx login.Act, a identity.Account, by By) (Sent, error) {
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkInvite, Data: a.Email, TTL: inviteTTL})
	if err != nil {
		return Sent{}, err
	}
	if a.Email == "" {
		return Sent{Link: link}, s.show(ctx, tx, by, a.ID, link)
	}
	if err := s.show(ctx, tx, by, a.ID, ""); err != nil {
		return Sent{}, err
	}
	return Sent{Mailed: true}, s.mailInvite(ctx, tx, a, link, by.Name)
}

// StartReset makes a link with which the owner of an account chooses a new
// password. It changes nothing until it is used, never signs in, and never
// removes or skips a factor. No admin ever chooses the password of a person who
// has an address, nor of another admin: the link goes to the mailbox.
func (s *Service) StartReset(ctx context.Context, by By, id string) (sent Sent, err error) {
	err = s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventPasswordResetStarted, a.ID, by, "")
		switch {
		case a.ID == by.ID:
			return e, identity.Refuse(identity.Denied, "Change your own password on your profile.")
		case !a.Disabled.IsZero():
			return e, identity.Refuse(identity.Denied, "This account is disabled. Enable it first.")
		case rival(a, by) && a.EmailVerified.IsZero():
			return e, identity.Refuse(identity.Denied, "The link for another admin without a confirmed address can be created only on the server: nightlatch user password "+a.Login)
		}
		sent, err = s.sendReset(ctx, tx, a, by)
		return e, err
	})
	return sent, err
}

func (s *Service) sendReset(ctx context.Context, tx login.Act, a identity.Account, by By) (Sent, error) {
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkReset, Data: a.Email, TTL: resetTTL})
	if err != nil {
		return Sent{}, err
	}
	if a.Email == "" { // then the sessions that are open are all that can be told
		if err := tx.WarnSessions(ctx, a.ID, "An admin ("+by.Name+") created a password reset link for this account."); err != nil {
			return Sent{}, err
		}
		return Sent{Link: link}, s.show(ctx, tx, by, a.ID, link)
	}
	if err := s.show(ctx, tx, by, a.ID, ""); err != nil {
		return Sent{}, err
	}
	now := s.opt.Now()
	return Sent{Mailed: true}, tx.Post(ctx, identity.Mail{Template: identity.MailAdminPassword, To: a.Email, AccountID: a.ID, Created: now, Expires: now.Add(resetTTL),
		Data: map[string]string{"login": a.Login, "link": link, "hours": "1", "by": by.Name, "reason": by.Reason, "time": mailTime(now)}})
}

// rival says whether an admin acts on another admin who can act already. One
// admin alone must not become another on the screens.
func rival(a identity.Account, by By) bool {
	return by.Actor == "admin" && a.ID != by.ID && a.Role == identity.Admin && a.Standing != identity.Invited
}

// CorrectEmail gives an account another address. It is unconfirmed until its
// owner opens the link sent to it; the old address is told, and every link that
// was mailed before is void.
func (s *Service) CorrectEmail(ctx context.Context, by By, id, email string) error {
	email = identity.Trim(email)
	if !identity.LooksLikeEmail(email) {
		return bad("Enter an email address such as ada@example.com.")
	}
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventEmailCorrected, a.ID, by, "")
		if err := needsReason(by); err != nil {
			return e, err
		}
		switch {
		case a.ID == by.ID:
			return e, identity.Refuse(identity.Denied, "Change your own address on your profile.")
		case rival(a, by):
			return e, identity.Refuse(identity.Denied, "The address of another admin can be corrected only on the server: nightlatch user email "+a.Login)
		case strings.EqualFold(email, a.Email) && !a.EmailVerified.IsZero():
			return e, identity.Refuse(identity.Bad, "This is already the account’s address.")
		}
		old := a
		a.Email, a.EmailVerified = email, identity.Account{}.EmailVerified
		if err := tx.SaveAccount(ctx, a); err != nil {
			return e, err
		}
		if err := tx.DropLinks(ctx, a.ID, identity.LinkReset, identity.LinkInvite, identity.LinkVerify, identity.LinkChange, identity.LinkSecure,
			identity.LinkEnroll, identity.LinkTicket, identity.LinkStop, identity.LinkUndo); err != nil {
			return e, err
		}
		if _, err := s.tellChange(ctx, tx, by, old, deed{e, "its email address is now " + factors.Mask(email)}); err != nil {
			return e, err
		}
		return e, s.greet(ctx, tx, a, by)
	})
}

// greet asks whoever reads a corrected address whether it is theirs: with a new
// invite where nobody used the one before.
func (s *Service) greet(ctx context.Context, tx login.Act, a identity.Account, by By) error {
	if a.Status() == identity.Invited {
		_, err := s.inviteTo(ctx, tx, a, by)
		return err
	}
	link, err := s.login.NewVerify(ctx, tx, a, emailTTL)
	if err != nil {
		return err
	}
	return s.post(ctx, tx, identity.MailEmailVerify, a, link)
}

// Delete takes an account away with everything that names it, but for its rows
// of the audit log. Its login is free again. Deleting it once more, as by a
// double click, changes nothing.
func (s *Service) Delete(ctx context.Context, by By, id string) error {
	err := s.delete(ctx, by, id)
	if errors.Is(err, identity.ErrNotFound) {
		if gone, look := s.store.Departed(ctx, id); look == nil && gone == id {
			return nil
		}
	}
	return err
}

func (s *Service) delete(ctx context.Context, by By, id string) error {
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventAccountDeleted, a.ID, by, a.Login)
		if err := needsReason(by); err != nil {
			return e, err
		}
		if a.ID == by.ID {
			return e, identity.Refuse(identity.Denied, "You cannot delete your own account. Ask another admin to do it.")
		}
		if err := s.notTheLast(ctx, tx, a); err != nil {
			return e, err
		}
		if err := s.login.ForgivePassword(ctx, tx, a); err != nil {
			return e, err
		}
		if err := tx.DeleteAccount(ctx, a.ID); err != nil {
			return e, err
		}
		a.ID = "" // what is told to the address from here on belongs to no account
		return s.tellChange(ctx, tx, by, a, deed{e, "it was deleted"})
	})
}

// show keeps a link for the page that the admin sees next; nothing on the
// command line.
func (s *Service) show(ctx context.Context, tx login.Tx, by By, id, link string) error {
	if by.Session == "" {
		return nil
	}
	return s.login.Show(ctx, tx, login.Note{SessionID: by.Session, AccountID: by.ID, About: id, Text: link})
}
