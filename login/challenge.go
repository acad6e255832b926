package login

import (
	"context"
	"errors"
	"slices"

	"nightlatch.example/nightlatch/factors"
)

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
	kind, ok := s.kinds.Find(k).(factors.Challenger)
	if !ok { // there is nothing to send
		return Refusal{}, nil
	}
	step, err := kind.Challenge(ctx, about, creds, target)
	if errors.Is(err, factors.ErrWrong) {
		return Refusal{Why: Wrong}, nil
	}
	if err != nil {
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
		if err := tx.Record(ctx, s.event(EventCodeSent, sub.account.ID, c)); err != nil {
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

// credentials are those of one kind with their secrets open; the codes of a set
// need none, they are checked by their hash.
func (s *Service) credentials(ctx context.Context, accountID string, k factors.Kind) ([]factors.Credential, error) {
	var open []factors.Kind
	if !s.kinds.Of(k).Spare {
		open = append(open, k)
	}
	creds, err := s.store.Credentials(ctx, accountID, open...)
	return slices.DeleteFunc(creds, func(c factors.Credential) bool { return c.Kind != k }), err
}
