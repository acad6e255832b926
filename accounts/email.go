package accounts

import (
	"context"
	"strings"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// AskVerify mails a link to the account's own address.
func (s *Service) AskVerify(ctx context.Context, v *login.Visit, c identity.Client) error {
	if v.Account.Email == "" {
		return bad("Your account has no address yet. Enter one first.")
	}
	return s.store.Write(ctx, func(tx login.Tx) error {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		if err := s.countMail(ctx, tx, a.ID); err != nil {
			return err
		}
		link, err := s.login.NewVerify(ctx, tx, a, emailTTL)
		if err != nil {
			return err
		}
		return s.post(ctx, tx, identity.MailEmailVerify, a, link)
	})
}

// ChangeEmail mails a link to the new address, and to the old one a link that
// stops it. The address is the account's only when the link was clicked and
// confirmed; until then nothing else is ever mailed to it.
func (s *Service) ChangeEmail(ctx context.Context, v *login.Visit, email string, c identity.Client) error {
	email = identity.Trim(email)
	if !identity.LooksLikeEmail(email) {
		return bad("Enter an email address such as ada@example.com.")
	}
	if strings.EqualFold(email, v.Account.Email) {
		return bad("This is already your address.")
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return none, err
		}
		if err := s.countMail(ctx, tx, a.ID); err != nil {
			return none, err
		}
		link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkChange, Data: email, TTL: emailTTL})
		if err != nil {
			return none, err
		}
		asked := a
		asked.Email = email
		if err := s.post(ctx, tx, identity.MailEmailChange, asked, link); err != nil {
			return none, err
		}
		return s.event(identity.EventEmailChangeAsked, a.ID, v, c), s.warnOld(ctx, tx, a, email, c)
	})
}

// countMail keeps a person from filling a stranger's mailbox with links.
func (s *Service) countMail(ctx context.Context, tx login.Tx, accountID string) error {
	now := s.opt.Now()
	t, err := login.LockLimit(ctx, tx, login.Counter{What: login.CountLinks, Account: accountID}, now)
	if err != nil {
		return err
	}
	if !now.Before(t.Until) {
		t.Fails, t.Until = 0, now.Add(resetTTL)
	}
	if t.Fails >= linksAnHour {
		return identity.RefuseFor(t.Until.Sub(now))
	}
	t.Fails, t.Last = t.Fails+1, now
	return tx.SaveThrottle(ctx, t)
}

// linksAnHour is how many address links one account may have sent in an hour.
const linksAnHour = 10

// post mails a link to the address that an account has, or would have.
func (s *Service) post(ctx context.Context, tx login.Tx, template identity.MailKind, a identity.Account, link string) error {
	now := s.opt.Now()
	return tx.Post(ctx, identity.Mail{Template: template, To: a.Email, AccountID: a.ID, Created: now, Expires: now.Add(emailTTL),
		Data: map[string]string{"login": a.Login, "link": link, "hours": "24", "time": now.UTC().Format("2 January 2006, 15:04 UTC")}})
}

// VerifyEmail is the button behind a link to an address: opening the link
// alone confirms nothing, for mail scanners open links too.
func (s *Service) VerifyEmail(ctx context.Context, token string, c identity.Client) error {
	l, _, err := s.Link(ctx, token, identity.LinkVerify, identity.LinkChange)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := s.take(ctx, tx, l)
		if err != nil {
			return none, err
		}
		old, proved := a.Email, !a.EmailVerified.IsZero()
		if l.Purpose == identity.LinkVerify && !strings.EqualFold(old, l.Data) {
			return none, identity.Refuse(identity.Gone, "")
		}
		a.Email, a.EmailVerified = l.Data, s.opt.Now()
		if err := s.saveProved(ctx, tx, &a); err != nil {
			return none, err
		}
		if l.Purpose == identity.LinkVerify {
			return s.event(identity.EventEmailVerified, a.ID, nil, c), nil
		}
		undo := ""
		if proved {
			if undo, err = s.undoLink(ctx, tx, a, old); err != nil {
				return none, err
			}
		} else if err := tx.DropLinks(ctx, a.ID, identity.LinkStop); err != nil { // it may be a stranger's, typed by mistake
			return none, err
		}
		return s.emailChanged(ctx, tx, a, moved{old: old, undo: undo, event: identity.EventEmailChanged}, c)
	})
}

// moved is a change of address that has happened.
type moved struct {
	old   string
	undo  string // link for the old address that takes it back; may be empty
	event identity.EventKind
}

// emailChanged tells both addresses and voids what was sent to the old one.
func (s *Service) emailChanged(ctx context.Context, tx login.Act, a identity.Account, m moved, c identity.Client) (identity.Event, error) {
	e := s.event(m.event, a.ID, nil, c)
	if err := tx.DropLinks(ctx, a.ID, identity.LinkReset, identity.LinkInvite, identity.LinkVerify, identity.LinkSecure); err != nil {
		return e, err
	}
	told := a
	told.Email = m.old
	if err := s.login.Tell(ctx, tx, login.Notice{Template: identity.MailEmailChanged, Account: told, Client: c}, "old", m.old, "new", a.Email, "undo", m.undo); err != nil {
		return e, err
	}
	return e, s.login.Tell(ctx, tx, login.Notice{Template: identity.MailEmailChanged, Account: a, Client: c}, "old", m.old, "new", a.Email)
}
