package login

import (
	"context"
	"errors"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
)

// Option is one entry of the chooser.
type Option struct {
	Kind   factors.Kind
	Target string   // id of the credential, where each is a choice of its own
	Names  []string // of the apps; masked address; empty for recovery codes
	Left   int      // recovery codes left
	Off    bool     // switched off after too many failures
}

// Chooser is what a person can answer with, and which is open.
type Chooser struct {
	Login    string
	Options  []Option
	Open     int           // index into Options; -1 when there is nothing to answer with
	Sent     bool          // a code of the open one was asked for in this ceremony
	Mail     MailState     // how far it has come
	Refused  string        // masked address that refused the code, while another way is open
	ResendIn time.Duration // until another may be asked for
	Next     string        // where a sign-in leads
}

// Pending finds the pending login of a token.
func (s *Service) Pending(ctx context.Context, token string) (Pending, Refusal, error) {
	return s.pending(ctx, s.store, token)
}

func (s *Service) pending(ctx context.Context, r Reader, token string) (Pending, Refusal, error) {
	p, err := r.PendingByToken(ctx, HashToken(token))
	if errors.Is(err, ErrNotFound) || err == nil && s.over(p.Created, p.Expires) {
		return Pending{}, Refusal{Why: Gone}, nil
	}
	return p, Refusal{}, err
}

// subject is what a proof is bound to: a pending login, or a session that
// steps up.
type subject struct {
	purpose factors.Purpose
	id      string
	account Account
	pending Pending // of a sign-in
}

// Challenge is the chooser of a pending login. It sends nothing.
func (s *Service) Challenge(ctx context.Context, token string, want factors.Kind, target string, c Client) (Chooser, Refusal, error) {
	sub, r, err := s.pendingSubject(ctx, token)
	if err != nil || !r.OK() {
		return Chooser{}, r, err
	}
	ch, err := s.chooser(ctx, sub, asked{want, target}, c)
	return ch, Refusal{}, err
}

func (s *Service) pendingSubject(ctx context.Context, token string) (subject, Refusal, error) {
	p, r, err := s.pending(ctx, s.store, token)
	if err != nil || !r.OK() {
		return subject{}, r, err
	}
	a, err := s.store.Account(ctx, p.AccountID)
	if err == nil && !a.Disabled.IsZero() {
		return subject{}, Refusal{Why: Gone}, nil
	}
	return subject{factors.ForLogin, p.ID, a, p}, Refusal{}, err
}

// asked is the choice that an address names; empty where it names none.
type asked struct {
	kind   factors.Kind
	target string
}

// chooser lists exactly the confirmed factors of an account, the one asked for
// or preferred open.
func (s *Service) chooser(ctx context.Context, sub subject, want asked, client Client) (Chooser, error) {
	creds, err := s.store.Credentials(ctx, sub.account.ID)
	if err != nil {
		return Chooser{}, err
	}
	ch := Chooser{Login: sub.account.Login, Options: options(creds), Open: -1, Next: sub.pending.Next}
	for i, o := range ch.Options {
		t, err := s.counter(ctx, sub.account.ID, o.Kind, client)
		if err != nil {
			return ch, err
		}
		ch.Options[i].Off = !t.Off.IsZero()
	}
	ch.Open = pick(ch.Options, creds, sub.account.Preferred, want.kind, want.target)
	if ch.Open < 0 || ch.Options[ch.Open].Kind != factors.KindEmail {
		return ch, nil
	}
	if ch.ResendIn, err = s.resendIn(ctx, sub.account.ID); err != nil {
		return ch, err
	}
	if err := s.mailed(ctx, sub, &ch); err != nil {
		return ch, err
	}
	if want.kind == "" && ch.Mail.Refused { // no use waiting: another way opens by itself
		ch.another()
	}
	return ch, nil
}

// mailed says of the open address whether a code was asked for, and how far
// its mail has come.
func (s *Service) mailed(ctx context.Context, sub subject, ch *Chooser) error {
	c, err := s.store.Ceremony(ctx, sub.purpose, sub.id, factors.KindEmail)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	ch.Sent = !s.over(c.Created, c.Expires) && c.Tries < CodeTries &&
		factors.ChallengeTarget(c.State) == ch.Options[ch.Open].Target
	if ch.Sent {
		ch.Mail, err = s.store.MailState(ctx, CodeMail+c.ID)
	}
	return err
}

// another opens the first way that is not an emailed code and not switched off.
func (ch *Chooser) another() {
	i := slices.IndexFunc(ch.Options, func(o Option) bool { return !o.Off && o.Kind != factors.KindEmail })
	if i < 0 {
		return
	}
	ch.Refused = ch.Options[ch.Open].Names[0]
	ch.Open, ch.Sent, ch.Mail, ch.ResendIn = i, false, MailState{}, 0
}

// options makes one choice of all apps, one of each address, one of all
// recovery codes.
func options(creds []factors.Credential) []Option {
	var apps, codes Option
	var list []Option
	for _, c := range creds {
		switch c.Kind {
		case factors.KindTOTP:
			apps.Kind, apps.Names = c.Kind, append(apps.Names, c.Name)
		case factors.KindRecovery:
			if codes.Kind = c.Kind; c.Used.IsZero() {
				codes.Left++
			}
		default:
			list = append(list, Option{Kind: c.Kind, Target: c.ID, Names: []string{factors.Mask(c.Address)}})
		}
	}
	if apps.Kind != "" {
		list = slices.Insert(list, 0, apps)
	}
	if codes.Left > 0 {
		list = append(list, codes)
	}
	return list
}

// pick opens the choice asked for, else the preferred one, else the first that
// is not switched off.
func pick(list []Option, creds []factors.Credential, preferred string, want factors.Kind, target string) int {
	if want != "" {
		for i, o := range list {
			if o.Kind == want && (target == "" || o.Target == target) {
				return i
			}
		}
	}
	for _, c := range creds {
		if c.ID != preferred {
			continue
		}
		for i, o := range list {
			if o.Kind == c.Kind && (o.Target == "" || o.Target == c.ID) && !o.Off {
				return i
			}
		}
	}
	if i := slices.IndexFunc(list, func(o Option) bool { return !o.Off }); i >= 0 {
		return i
	}
	return min(0, len(list)-1)
}

// Send has a code sent for a pending login, where the kind sends one.
func (s *Service) Send(ctx context.Context, token string, k factors.Kind, target string, c Client) (Refusal, error) {
	sub, r, err := s.pendingSubject(ctx, token)
	if err != nil || !r.OK() {
		return r, err
	}
	return s.send(ctx, sub, k, target, "sign in", c)
}

// send starts a proof. State and mail are written in one transaction; the new
// code voids the old one.
func (s *Service) send(ctx context.Context, sub subject, k factors.Kind, target, words string, c Client) (Refusal, error) {
	creds, err := s.credentials(ctx, sub.account.ID, k)
	if err != nil {
		return Refusal{}, err
	}
	t, err := s.counter(ctx, sub.account.ID, k, c)
	if err != nil {
		return Refusal{}, err
	}
	if r := held(t, s.Now()); !r.OK() || len(creds) == 0 {
		return cmpRefusal(r, Refusal{Why: Wrong}), nil
	}
	about, err := s.again(ctx, sub, k)
	if err != nil {
		return Refusal{}, err
	}
	step, err := s.kinds[k].Challenge(ctx, about, creds, factors.Answer{Target: target})
	if errors.Is(err, factors.ErrWrong) {
		return Refusal{Why: Wrong}, nil
	}
	if err != nil || step.State == nil {
		return Refusal{}, err
	}
	return s.write(ctx, func(tx Tx) error { return s.begin(ctx, tx, sub, k, step, words, c) })
}

func cmpRefusal(r, other Refusal) Refusal {
	if r.OK() {
		return other
	}
	return r
}

// begin keeps the state of a ceremony and posts its code.
func (s *Service) begin(ctx context.Context, tx Tx, sub subject, k factors.Kind, step factors.Step, words string, c Client) error {
	if _, err := tx.LockAccount(ctx, sub.account.ID); err != nil {
		return err
	}
	now := s.Now()
	ttl := step.TTL
	if ttl == 0 {
		ttl = s.opt.LoginTTL
	}
	id := NewID()
	err := tx.PutCeremony(ctx, Ceremony{ID: id, AccountID: sub.account.ID, Subject: sub.id, Purpose: sub.purpose,
		Kind: k, State: step.State, Created: now, Expires: now.Add(ttl)})
	if err != nil {
		return err
	}
	for _, d := range step.Send {
		if err := s.countCode(ctx, tx, sub.account.ID); err != nil {
			return err
		}
		m := s.codeMail(sub.account, d, words, c)
		m.ID = CodeMail + id
		if err := tx.Post(ctx, m); err != nil {
			return err
		}
		if err := tx.Record(ctx, s.event("code.sent", sub.account.ID, c)); err != nil {
			return err
		}
	}
	return nil
}

// ceremony tells a factor what it needs to know.
func (s *Service) ceremony(sub subject) factors.Ceremony {
	return factors.Ceremony{Purpose: sub.purpose, Subject: sub.id, AccountID: sub.account.ID,
		Login: sub.account.Login, Email: sub.account.Email, Issuer: s.opt.Brand, Now: s.Now()}
}

// credentials are those of one kind with their secrets open; recovery codes
// need no secret, they are checked by their hash.
func (s *Service) credentials(ctx context.Context, accountID string, k factors.Kind) ([]factors.Credential, error) {
	var open []factors.Kind
	if k != factors.KindRecovery {
		open = append(open, k)
	}
	creds, err := s.store.Credentials(ctx, accountID, open...)
	return slices.DeleteFunc(creds, func(c factors.Credential) bool { return c.Kind != k }), err
}
