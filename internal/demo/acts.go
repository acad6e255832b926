package demo

import (
	"context"
	"errors"
	"fmt"
	"time"

	"nightlatch.example/nightlatch/accounts"
	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
)

// signIn gives the password, and then an app's code or a mailed one.
func (t *story) signIn(ctx context.Context, p *person) error {
	c := p.client
	c.Known, c.Session = p.known, p.session
	entry, err := t.b.login.Password(ctx, p.login, t.password, "", c)
	if err != nil {
		return err
	}
	if entry.Pending != "" {
		if entry, err = t.answer(ctx, p, entry.Pending, c); err != nil {
			return err
		}
	}
	p.session = entry.Session
	if entry.Known != "" {
		p.known = entry.Known
	}
	return nil
}

func (t *story) answer(ctx context.Context, p *person, pending string, c identity.Client) (login.Entry, error) {
	if p.secret != nil {
		code, err := t.code(p)
		if err != nil {
			return login.Entry{}, err
		}
		entry, err := t.b.login.Answer(ctx, pending, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: code}}, c)
		return entry, err
	}
	err := t.b.login.Send(ctx, pending, factors.KindEmail, "", c)
	if err != nil {
		return login.Entry{}, err
	}
	if err := t.deliver(ctx); err != nil {
		return login.Entry{}, err
	}
	entry, err := t.b.login.Answer(ctx, pending, login.Reply{Kind: factors.KindEmail, Answer: factors.Answer{Code: t.codes[p.login]}}, c)
	return entry, err
}

func (t *story) code(p *person) (string, error) {
	return factors.TOTPCode(p.secret, t.clock.Now().Unix()/factors.TOTPPeriod)
}

// enroll adds a factor of a kind.
func (t *story) enroll(ctx context.Context, p *person, k factors.Kind) error {
	t.clock.pass(61 * time.Second)
	v, err := t.b.login.Visit(ctx, p.session)
	if err != nil || v == nil {
		return errors.Join(err, errors.New("not signed in"))
	}
	err = t.b.login.BeginEnrollment(ctx, v, k, login.Wish{}, p.client)
	if err != nil {
		return err
	}
	a := login.Proof{Name: map[factors.Kind]string{factors.KindTOTP: "Phone", factors.KindEmail: "Work mail"}[k]}
	if k == factors.KindTOTP {
		e, err := t.b.login.Enrollment(ctx, v, k)
		if err != nil {
			return err
		}
		p.secret = e.Show.(factors.TOTPSetup).Key
		if a.Code, err = t.code(p); err != nil {
			return err
		}
	} else {
		if err := t.deliver(ctx); err != nil {
			return err
		}
		a.Code = t.codes[p.login]
	}
	done, err := t.b.login.ConfirmEnrollment(ctx, v, k, a, p.client)
	if done.Session != "" {
		p.session = done.Session
	}
	return err
}

// deliver reads the mailboxes of the story. Nothing leaves the machine.
func (t *story) deliver(ctx context.Context) error {
	for _, lane := range mail.Lanes() {
		if err := t.empty(ctx, lane); err != nil {
			return err
		}
	}
	return nil
}

func (t *story) empty(ctx context.Context, lane mail.Lane) error {
	for {
		list, err := t.b.store.ClaimMail(ctx, mail.Claim{Lane: lane, Now: t.clock.Now(), Lease: time.Minute, N: 100})
		if err != nil || len(list) == 0 {
			return err
		}
		for _, m := range list {
			if m.Template == "code" {
				t.codes[m.To] = m.Data["code"]
			}
			if err := t.b.store.MailSent(ctx, m.ID, t.clock.Now()); err != nil {
				return err
			}
		}
	}
}

// finish brings some people to the states that ordinary days do not lead to.
func (t *story) finish(ctx context.Context) error {
	for _, p := range t.people {
		if p.accepts < 0 {
			continue
		}
		a, err := t.find(ctx, p.login)
		if err != nil {
			return err
		}
		by := accounts.Terminal("Left the company")
		switch p.ends {
		case "disabled":
			err = t.b.accounts.SetDisabled(ctx, by, a.ID, true)
		case "reset":
			by.Reason = "Lost the phone on holiday"
			_, err = t.b.accounts.ResetFactors(ctx, by, a.ID)
		case "locked":
			err = t.attack(ctx, p)
		case "low":
			err = t.spend(ctx, p, 8)
		}
		if err != nil {
			return fmt.Errorf("%s, %s: %w", p.login, p.ends, err)
		}
	}
	return t.deliver(ctx)
}

// attack is somebody who knows a password and tries codes until the factor is
// switched off, during the last night.
func (t *story) attack(ctx context.Context, p *person) error {
	now := t.clock.Now()
	defer t.clock.set(now)
	t.clock.set(now.Add(-20 * time.Hour))
	thief := p.client // with another address and browser
	thief.Address = "203.0.113." + p.client.Address[len("198.51.100."):]
	thief.Shown, thief.Range, thief.Browser = "203.0.113.x", thief.Address, "An unknown browser"
	for range t.b.login.Options().LockDisable {
		t.clock.pass(login.LockWaitMax + time.Second)
		entry, err := t.b.login.Password(ctx, p.login, t.password, "", thief)
		if err != nil {
			return err
		}
		_, err = t.b.login.Answer(ctx, entry.Pending, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: "000000"}}, thief)
		if identity.Refused(err) == nil {
			return fmt.Errorf("a wrong code was not refused: %w", err)
		}
	}
	return nil
}

// spend uses recovery codes up.
func (t *story) spend(ctx context.Context, p *person, n int) error {
	for range n {
		code, err := t.firstCode(ctx, p)
		if err != nil {
			return err
		}
		entry, err := t.b.login.Password(ctx, p.login, t.password, "", p.client)
		if err != nil {
			return err
		}
		_, err = t.b.login.Answer(ctx, entry.Pending, login.Reply{Kind: factors.KindRecovery, Answer: factors.Answer{Code: code}}, p.client)
		if err != nil {
			return err
		}
	}
	return nil
}

// recoveryCode is a code with which the admin of the demo can sign in.
func (t *story) recoveryCode(ctx context.Context) (string, error) {
	return t.firstCode(ctx, t.people[0])
}

func (t *story) firstCode(ctx context.Context, p *person) (string, error) {
	a, err := t.find(ctx, p.login)
	if err != nil {
		return "", err
	}
	sheet, err := t.b.login.Codes(ctx, &login.Visit{Account: a})
	for _, x := range sheet.Codes {
		if x.Used.IsZero() {
			return x.Text, err
		}
	}
	return "", errors.Join(err, errors.New("no recovery code is left"))
}

func (t *story) find(ctx context.Context, name string) (identity.Account, error) {
	key, _ := identity.LoginKey(name)
	return t.b.store.AccountByKey(ctx, key)
}
