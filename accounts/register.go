package accounts

import (
	"cmp"
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// registerTTL is how long an account waits for its address to be proven, and
// registersAtOnce how many mails about it one address gets meanwhile.
const (
	registerTTL     = 24 * time.Hour
	registersAtOnce = 5
)

// Register asks for an account where anyone may have one. Nothing is made
// before the address, which is the login, is proven by the link in its mail.
// Whether the address has an account already is told in the mail alone: the
// answer and the work are the same. browser is a token for a cookie: the
// browser that has it proves the address without the password.
func (s *Service) Register(ctx context.Context, f Form, c identity.Client) (browser string, err error) {
	f.Role, f.Origin, f.Login = identity.Member, "self", identity.Trim(f.Login)
	if !identity.LooksLikeEmail(f.Login) {
		return "", bad("Enter your email address. It is your login, and we send a link to it.")
	}
	a, err := s.prepare(f)
	if err != nil {
		return "", err
	}
	if f.Password == "" {
		return "", bad("Choose a password.")
	}
	phc, err := s.hash(ctx, f.Password, a, c.Range)
	if err != nil {
		return "", err
	}
	browser, browserHash := identity.NewToken()
	token, hash := identity.NewToken()
	now := s.opt.Now()
	err = s.store.Write(ctx, func(tx login.Tx) error {
		if err := s.login.CountStranger(ctx, tx, c); err != nil {
			return err
		}
		if full, err := s.mailedEnough(ctx, tx, a.Key); err != nil || full {
			return err
		}
		m := identity.Mail{Template: identity.MailRegister, To: f.Login, Created: now, Expires: now.Add(registerTTL), Data: map[string]string{
			"login": f.Login, "link": s.opt.URL + "/email/verify/" + token, "hours": "24", "browser": c.Browser, "address": c.Shown,
			"time": now.UTC().Format("2 January 2006, 15:04 UTC")}}
		_, err := tx.AccountByName(ctx, a.Key)
		switch {
		case err == nil:
			m.Template, m.Data["link"] = identity.MailRegisterTaken, s.opt.URL+"/password/forgot"
		case !errors.Is(err, identity.ErrNotFound):
			return err
		default:
			err = tx.PutRegistration(ctx, identity.Registration{TokenHash: hash, BrowserHash: browserHash, Login: f.Login, Name: a.Name,
				Password: phc, Next: f.Next, Created: now, Expires: now.Add(registerTTL)})
			if err != nil {
				return err
			}
		}
		return tx.Post(ctx, m)
	})
	return browser, err
}

// mailedEnough counts a mail about registration to one address: the form must
// not be a way to fill somebody's mailbox.
func (s *Service) mailedEnough(ctx context.Context, tx login.Tx, key string) (bool, error) {
	t, err := tx.LockThrottle(ctx, login.Counter{What: login.CountRegister, Subject: identity.HashToken(key)[:32]})
	if err != nil {
		return false, err
	}
	now := s.opt.Now()
	if !now.Before(t.Until) || t.Until.Sub(now) > time.Hour {
		t.Fails, t.Until = 0, now.Add(time.Hour)
	}
	if t.Fails >= registersAtOnce {
		return true, nil
	}
	t.Fails, t.Last = t.Fails+1, now
	return false, tx.SaveThrottle(ctx, t)
}

// Registration finds what a link from a mail proves. ask says that this
// browser is not the one that registered, so that the password is asked:
// else a stranger's password would open an account of whoever presses the link.
func (s *Service) Registration(ctx context.Context, token, browser string) (x identity.Registration, ask bool, err error) {
	x, err = s.store.Registration(ctx, identity.HashToken(token), s.opt.Now())
	if err == nil && s.login.Over(x.Created, x.Expires) { // the clock was ahead
		err = identity.ErrNotFound
	}
	return x, identity.HashToken(browser) != x.BrowserHash, err
}

// Join makes the account of a registration whose address is proven. Gone means
// that the link is used, too old, or that the address has an account by now.
func (s *Service) Join(ctx context.Context, token, browser, password string, c identity.Client) (next string, err error) {
	x, ask, err := s.Registration(ctx, token, browser)
	if errors.Is(err, identity.ErrNotFound) {
		return "", identity.Refuse(identity.Gone, "")
	}
	if err != nil {
		return "", err
	}
	if ask {
		right := false
		err = login.Busied(s.hasher.Do(ctx, c.Range, func() (err error) {
			right, _, err = s.hasher.Verify(string(x.Password), password)
			return err
		}))
		if err != nil {
			return "", err
		}
		if !right {
			return "", bad("That is not the password that was chosen for this account.")
		}
	}
	err = s.store.Act(ctx, func(tx login.Act) (identity.Event, error) { return s.join(ctx, tx, x, c) })
	return x.Next, err
}

func (s *Service) join(ctx context.Context, tx login.Act, x identity.Registration, c identity.Client) (e identity.Event, err error) {
	a, err := s.prepare(Form{Login: x.Login, Name: x.Name, Role: identity.Member, Origin: "self"})
	if err != nil {
		return e, err
	}
	a.Email, a.EmailVerified, a.Standing = x.Login, a.Created, identity.Active
	a.Password, a.PasswordChanged = x.Password, x.Created
	if taken, err := tx.TakeRegistration(ctx, x.TokenHash); err != nil || !taken {
		return e, cmp.Or(err, identity.Refuse(identity.Gone, ""))
	}
	if _, err := tx.AccountByName(ctx, a.Key); !errors.Is(err, identity.ErrNotFound) {
		return e, cmp.Or(err, identity.Refuse(identity.Gone, ""))
	}
	err = tx.InsertAccount(ctx, a)
	if errors.Is(err, identity.ErrTaken) {
		return e, identity.Refuse(identity.Gone, "")
	}
	if err != nil {
		return e, err
	}
	if err := s.proved(ctx, tx, a); err != nil {
		return e, err
	}
	e = s.event(identity.EventAccountCreated, a.ID, nil, c)
	e.Detail = string(a.Role)
	return e, nil
}

// proved refuses an address that another account proved before.
func (s *Service) proved(ctx context.Context, tx login.Act, a identity.Account) error {
	if mine, err := tx.Prove(ctx, a); err != nil || !mine {
		return cmp.Or(err, identity.Refuse(identity.Bad, "This address belongs to another account."))
	}
	return nil
}

// saveProved saves an account whose address was proven just now. A login that
// is another address goes with it: such a login is only ever the account's own.
func (s *Service) saveProved(ctx context.Context, tx login.Act, a *identity.Account) error {
	if a.LoginIsAddress() && a.Key != a.ProvenKey() {
		a.Login, a.Key = a.Email, a.ProvenKey()
	}
	err := tx.SaveAccount(ctx, *a)
	if errors.Is(err, identity.ErrTaken) {
		return identity.Refuse(identity.Bad, "This address belongs to another account.")
	}
	if err != nil {
		return err
	}
	return s.proved(ctx, tx, *a)
}
