package accounts

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"strings"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// Change sets a new password for someone signed in who knows the current one.
// All other sessions end and every trusted browser is forgotten
// (CVE-2019-10641).
func (s *Service) Change(ctx context.Context, v *login.Visit, current, password string, c identity.Client) error {
	if err := s.login.CheckPassword(ctx, v.Account, current, c); err != nil {
		if identity.Reason(err) == identity.Wrong {
			err = identity.Refuse(identity.Wrong, "That is not your current password.")
		}
		return err
	}
	phc, err := s.hash(ctx, password, v.Account, c.Range)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return none, err
		}
		if a.Password != v.Account.Password {
			return none, identity.Refuse(identity.Wrong, "The password was changed a moment ago.")
		}
		return s.setPassword(ctx, tx, a, newPassword{phc, identity.EventPasswordChanged, v, c})
	})
}

// newPassword is a change of a password: to which hash, and who made it.
type newPassword struct {
	hash   identity.Hidden
	event  identity.EventKind
	visit  *login.Visit // nil for whoever comes with a link
	client identity.Client
}

// setPassword is what every change of a password does.
func (s *Service) setPassword(ctx context.Context, tx login.Act, a identity.Account, p newPassword) (identity.Event, error) {
	e := s.event(p.event, a.ID, p.visit, p.client)
	a.Password, a.PasswordChanged, a.Standing = p.hash, s.opt.Now(), identity.Active
	if err := tx.SaveAccount(ctx, a); err != nil {
		return e, err
	}
	keep := ""
	if p.visit != nil {
		keep = p.visit.Session.ID
	}
	if err := s.login.CancelLogins(ctx, tx, a.ID, keep); err != nil {
		return e, err
	}
	if err := tx.DropLinks(ctx, a.ID, identity.LinkReset, identity.LinkInvite, identity.LinkSecure); err != nil {
		return e, err
	}
	if err := s.login.ForgivePassword(ctx, tx, a); err != nil {
		return e, err
	}
	if p.event == identity.EventAccountAccepted {
		return e, nil
	}
	return e, s.login.Tell(ctx, tx, login.Notice{Template: identity.MailPasswordChanged, Account: a, Client: p.client})
}

// Forgot mails a reset link to the account's address. It reveals nothing: the
// answer and the time that it takes are the same for every login. When nothing
// is sent, nothing is recorded. After the new password the link leads to next,
// which may be empty.
func (s *Service) Forgot(ctx context.Context, name, next string, c identity.Client) error {
	a := identity.Account{}
	if key, ok := identity.LoginKey(name); ok {
		found, err := s.store.AccountByName(ctx, key)
		if err != nil && !errors.Is(err, identity.ErrNotFound) {
			return err
		}
		a = found
	}
	return s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		none := identity.NothingHappened
		if err := s.login.CountStranger(ctx, tx, c); err != nil {
			return none, err
		}
		if a.ID == "" {
			return none, nil
		}
		a, err := tx.LockAccount(ctx, a.ID)
		if err != nil || a.Email == "" || !a.Disabled.IsZero() {
			return none, err
		}
		sent, err := s.mailReset(ctx, tx, a, next, c)
		if err != nil || !sent {
			return none, err
		}
		e := s.event(identity.EventPasswordResetAsked, a.ID, nil, c)
		e.Actor = "stranger"
		return tx.Tried(ctx, e)
	})
}

// mailReset sends a reset link, unless so many went out within the cooldown:
// the form must not be a way to fill somebody's mailbox.
func (s *Service) mailReset(ctx context.Context, tx login.Act, a identity.Account, next string, c identity.Client) (sent bool, err error) {
	now := s.opt.Now()
	t, err := login.LockLimit(ctx, tx, login.Counter{What: login.CountReset, Account: a.ID}, now)
	if err != nil {
		return false, err
	}
	if now.Before(t.Until) && t.Fails >= resetsAtOnce {
		return false, nil
	}
	if !now.Before(t.Until) {
		t.Fails, t.Until = 0, now.Add(resetTTL)
	}
	t.Fails, t.Last = t.Fails+1, now
	if err := tx.SaveThrottle(ctx, t); err != nil {
		return false, err
	}
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkReset, Data: a.Email, TTL: resetTTL})
	if err != nil {
		return false, err
	}
	if next != "" {
		link += "?next=" + url.QueryEscape(next)
	}
	return true, tx.Post(ctx, identity.Mail{Template: identity.MailPasswordReset, To: a.Email, AccountID: a.ID, Created: now, Expires: now.Add(resetTTL),
		Data: map[string]string{"login": a.Login, "link": link, "hours": "1", "browser": c.Browser, "address": c.Shown,
			"time": now.UTC().Format("2 January 2006, 15:04 UTC")}})
}

// resetsAtOnce is how many reset mails one account gets in the life of a link.
const resetsAtOnce = 5

// Link finds whose link a token is. Gone means used, replaced, too old, or
// made for another purpose.
func (s *Service) Link(ctx context.Context, token string, purposes ...identity.LinkPurpose) (identity.Link, identity.Account, error) {
	gone := identity.Refuse(identity.Gone, "")
	for _, p := range purposes {
		l, err := s.store.Link(ctx, identity.HashToken(token), p)
		if errors.Is(err, identity.ErrNotFound) || err == nil && s.login.Over(l.Created, l.Expires) {
			continue
		}
		if err != nil {
			return l, identity.Account{}, err
		}
		a, err := s.store.Account(ctx, l.AccountID)
		if errors.Is(err, identity.ErrNotFound) || err == nil && !a.Disabled.IsZero() {
			return l, a, gone
		}
		return l, a, err
	}
	return identity.Link{}, identity.Account{}, gone
}

// Chosen is what somebody chooses behind a reset or invite link.
type Chosen struct {
	Purpose  identity.LinkPurpose // of the link
	Password string
	Name     string // of the person; empty leaves it as it is
}

// SetByLink sets a password by a reset or invite link. It never signs in, and
// never removes or skips a factor.
func (s *Service) SetByLink(ctx context.Context, token string, x Chosen, c identity.Client) error {
	l, a, err := s.Link(ctx, token, x.Purpose)
	if err != nil {
		return err
	}
	if x.Name, err = fitName(x.Name); err != nil {
		return err
	}
	phc, err := s.hash(ctx, x.Password, a, c.Range)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := s.take(ctx, tx, l)
		if err != nil {
			return none, err
		}
		if x.Purpose == identity.LinkReset && l.Data != "" && !strings.EqualFold(l.Data, a.Email) { // it was mailed to an address that is gone
			return none, identity.Refuse(identity.Gone, "")
		}
		kind := identity.EventPasswordReset
		if x.Purpose == identity.LinkInvite {
			kind = identity.EventAccountAccepted
			if x.Name != "" {
				a.Name = x.Name
			}
		}
		if l.Data == a.Email && a.Email != "" && a.EmailVerified.IsZero() { // the link came by mail to this address
			proved := a
			proved.EmailVerified = s.opt.Now()
			if free, err := tx.Prove(ctx, proved); err != nil {
				return none, err
			} else if free {
				a = proved
			}
		}
		return s.setPassword(ctx, tx, a, newPassword{phc, kind, nil, c})
	})
}

// take spends a link, once.
func (s *Service) take(ctx context.Context, tx login.Act, l identity.Link) (identity.Account, error) {
	a, err := tx.LockAccount(ctx, l.AccountID)
	if err != nil {
		return a, err
	}
	if taken, err := tx.TakeLink(ctx, l.TokenHash); err != nil || !taken || !a.Disabled.IsZero() {
		return a, cmp.Or(err, identity.Refuse(identity.Gone, ""))
	}
	return a, nil
}

// Secure is what "this was not me" does: every session of the account ends,
// its password is worth nothing any more, and a reset link is mailed. It stays
// somebody's account, which reminders go to and which counts among the admins.
func (s *Service) Secure(ctx context.Context, token string, c identity.Client) error {
	l, _, err := s.Link(ctx, token, identity.LinkSecure)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := s.take(ctx, tx, l)
		if err != nil {
			return none, err
		}
		a.Password = ""
		if a.Standing == identity.Active {
			a.Standing = identity.Locked
		}
		if err := tx.SaveAccount(ctx, a); err != nil {
			return none, err
		}
		if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
			return none, err
		}
		if err := tx.ClearThrottle(ctx, login.Counter{What: login.CountReset, Account: a.ID}); err != nil {
			return none, err
		}
		_, err = s.mailReset(ctx, tx, a, "", c)
		return s.event(identity.EventAccountSecured, a.ID, nil, c), err
	})
}
