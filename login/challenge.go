package login

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Pending finds the pending login of a token.
func (s *Service) Pending(ctx context.Context, token string) (identity.Pending, error) {
	return s.pending(ctx, s.store, identity.HashToken(token))
}

func (s *Service) pending(ctx context.Context, r Reader, hash string) (identity.Pending, error) {
	p, err := r.PendingByToken(ctx, hash)
	if errors.Is(err, identity.ErrNotFound) || err == nil && s.over(p.Created, p.Expires) {
		return identity.Pending{}, identity.Refuse(identity.Gone, "")
	}
	return p, err
}

// subject is what a proof is bound to: a pending login, or a session that
// steps up, with the browser that it comes from.
type subject struct {
	purpose factors.Purpose
	id      string
	account identity.Account
	client  identity.Client
	pending identity.Pending // of a sign-in
	policy  string           // as it is kept, of a sign-in
	unsent  bool             // nothing was sent for it
	seen    *Seen            // nil where nobody looked
}

// Waiting is a pending login with what every step of it needs.
type Waiting struct {
	Pending identity.Pending
	Account identity.Account
	Policy  string // as it is kept
	Sent    bool   // something was sent for it
	Seen
}

// Challenge is the chooser of a pending login. It sends nothing.
func (s *Service) Challenge(ctx context.Context, token string, want factors.Kind, target string, c identity.Client) (Chooser, error) {
	sub, err := s.pendingSubject(ctx, token, "", c)
	if err != nil {
		return Chooser{}, err
	}
	ch, err := s.chooser(ctx, sub, asked{want, target})
	return ch, err
}

// pendingSubject looks a pending login up, with the counters of the kind that it
// is answered with.
func (s *Service) pendingSubject(ctx context.Context, token string, k factors.Kind, c identity.Client) (subject, error) {
	w, err := s.store.Waiting(ctx, identity.HashToken(token), asker(c, Counter{What: CountFactor, Kind: k}))
	switch p := w.Pending; {
	case errors.Is(err, identity.ErrNotFound), err == nil && (s.over(p.Created, p.Expires) || !w.Account.Disabled.IsZero()):
		return subject{}, identity.Refuse(identity.Gone, "")
	case err != nil:
		return subject{}, err
	}
	if !s.recognized(w.Known) {
		w.Known = identity.Browser{}
	}
	return subject{factors.ForLogin, w.Pending.ID, w.Account, c, w.Pending, w.Policy, !w.Sent, &w.Seen}, nil
}

// Send queues a code for a pending login, if the kind sends codes.
func (s *Service) Send(ctx context.Context, token string, k factors.Kind, target string, c identity.Client) error {
	sub, err := s.pendingSubject(ctx, token, k, c)
	if err != nil {
		return err
	}
	return s.send(ctx, sub, k, target, "sign in")
}

// send starts a proof. State and mail are written in one transaction; the new
// code voids the old one.
func (s *Service) send(ctx context.Context, sub subject, k factors.Kind, target, words string) error {
	creds, err := s.credentials(ctx, sub.account.ID, k)
	if err != nil {
		return err
	}
	list, err := s.counters(ctx, sub.account.ID, []factors.Kind{k}, sub.client)
	if err != nil {
		return err
	}
	if err := held(list[0], s.Now()); err != nil {
		return err
	}
	if len(creds) == 0 {
		return identity.Refuse(identity.Wrong, "")
	}
	about, err := s.again(ctx, sub, k)
	if err != nil {
		return err
	}
	kind, ok := s.kinds.Find(k).(factors.Challenger)
	if !ok { // there is nothing to send
		return nil
	}
	step, err := kind.Challenge(ctx, about, creds, target)
	if errors.Is(err, factors.ErrWrong) {
		return identity.Refuse(identity.Wrong, "")
	}
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx Act) (identity.Event, error) { return s.begin(ctx, tx, sub, challenge{k, step, words}) })
}

// challenge is what a kind asks of somebody, and what for, as its mail says it.
type challenge struct {
	kind  factors.Kind
	step  factors.Step
	words string
}

// begin saves the state of a ceremony and queues its code.
func (s *Service) begin(ctx context.Context, tx Act, sub subject, ch challenge) (identity.Event, error) {
	sent := identity.NothingHappened
	if _, err := tx.LockAccount(ctx, sub.account.ID); err != nil {
		return sent, err
	}
	now := s.Now()
	ttl := ch.step.TTL
	if ttl == 0 {
		ttl = s.opt.LoginTTL
	}
	id := identity.NewID()
	err := tx.PutCeremony(ctx, Ceremony{ID: id, AccountID: sub.account.ID, Subject: sub.id, Purpose: sub.purpose,
		Kind: ch.kind, State: ch.step.State, Created: now, Expires: now.Add(ttl)})
	if err != nil {
		return sent, err
	}
	for _, d := range ch.step.Send {
		if err := s.countCode(ctx, tx, sub.account.ID); err != nil {
			return sent, err
		}
		m := s.codeMail(sub, d, ch.words)
		m.ID = identity.CodeMail + id
		if err := tx.Post(ctx, m); err != nil {
			return sent, err
		}
		tx.Record(sent)
		sent = s.event(identity.EventCodeSent, sub.account.ID, sub.client)
	}
	return sent, nil
}

// codeMail is the mail that carries a code.
func (s *Service) codeMail(sub subject, d factors.Delivery, words string) identity.Mail {
	a, c, now := sub.account, sub.client, s.Now()
	return identity.Mail{Template: identity.MailCode, To: d.To, AccountID: a.ID, Created: now, Expires: now.Add(d.TTL), Data: map[string]string{
		"login": a.Login, "code": d.Code, "purpose": words, "browser": c.Browser, "address": c.Shown,
		"time": now.UTC().Format("2 January 2006, 15:04 UTC"), "sent": now.UTC().Format("15:04:05 UTC"), "minutes": strconv.Itoa(max(1, int(d.TTL/time.Minute))),
	}}
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
