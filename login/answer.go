package login

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strconv"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Reply is what somebody answers the second step with.
type Reply struct {
	Kind factors.Kind
	factors.Answer
	Trust bool // do not ask in this browser again
}

// Answer is the second step, from the form to the session. This file reads in
// the order of the calls: prove judges a code, complete spends it and opens the
// session.
//
// Completing is one transaction that saves the credential if its version is
// unchanged, deletes the pending login and inserts the session. A second request
// with the same code finds the version changed and is refused as a wrong code.
func (s *Service) Answer(ctx context.Context, token string, r Reply, c identity.Client) (Entry, error) {
	ctx = context.WithoutCancel(ctx) // a counted answer is judged even if the client disconnects
	sub, err := s.pendingSubject(ctx, token, r.Kind, c)
	if err != nil {
		return Entry{}, err
	}
	p, err := s.prove(ctx, sub, r.Kind, r.Answer)
	if err != nil {
		return Entry{}, err
	}
	var entry Entry
	err = s.store.Act(ctx, func(tx Act) (e identity.Event, err error) {
		entry, e, err = s.complete(ctx, tx, sub, p, r.Trust)
		return e, err
	})
	return entry, s.faulted(ctx, p.counted.Key, err)
}

// proof is an answer that was right.
type proof struct {
	cred    factors.Credential // as it must be saved
	counted Throttle           // the counter with the failure that was counted in advance
}

// prove counts a failure, then judges the code. The caller saves the credential
// in the transaction that grants the request. ctx must outlive the request: if the
// client disconnected in between, the counted failure would remain.
func (s *Service) prove(ctx context.Context, sub subject, k factors.Kind, a factors.Answer) (p proof, err error) {
	creds, err := s.credentials(ctx, sub.account.ID, k)
	if err != nil {
		return p, err
	}
	if p.counted, err = s.reserveFor(ctx, sub, k); err != nil {
		return p, err
	}
	key := p.counted.Key
	var state []byte
	p.cred, state, err = s.verify(ctx, sub, k, creds, a)
	switch {
	case identity.Reason(err) == identity.Busy:
		return p, cmp.Or(s.giveBack(ctx, key), err)
	case err == nil:
		return p, nil
	case errors.Is(err, factors.ErrOlder):
		return p, s.older(ctx, sub, k, key, state)
	case errors.Is(err, factors.ErrTypo):
		return p, cmp.Or(s.giveBack(ctx, key), identity.Refuse(identity.Typo, ""))
	case errors.Is(err, factors.ErrWrong), errors.Is(err, factors.ErrReplayed), errors.Is(err, factors.ErrExpired):
		return p, s.wrong(ctx, sub, k, err)
	}
	return p, s.faulted(ctx, key, err)
}

// reserveFor counts the failure of an answer in advance. At a sign-in the
// client's address may hold it up too.
func (s *Service) reserveFor(ctx context.Context, sub subject, k factors.Kind) (Throttle, error) {
	if sub.seen != nil {
		return s.reserve(ctx, endsOff, sub.seen.lane(), sub.seen.Address)
	}
	key, err := s.lane(ctx, s.store, sub.account.ID, k, sub.client)
	if err != nil {
		return Throttle{}, err
	}
	return s.reserve(ctx, endsOff, Throttle{Key: key})
}

// verify judges a code by the state of its ceremony, and gives that state.
func (s *Service) verify(ctx context.Context, sub subject, k factors.Kind, creds []factors.Credential, a factors.Answer) (cred factors.Credential, state []byte, err error) {
	if state, err = s.try(ctx, sub, k); err != nil {
		return cred, nil, err
	}
	settled, err := s.settleSteps(ctx, creds)
	if err != nil {
		return cred, nil, err
	}
	judge := func() (err error) {
		cred, err = s.kinds.Find(k).Verify(ctx, s.ceremony(sub), creds, state, a)
		return err
	}
	if s.kinds.Of(k).Slow {
		err = s.inTurn(ctx, sub.client, judge)
	} else {
		err = judge()
	}
	if settled && errors.Is(err, factors.ErrReplayed) {
		err = factors.ErrWrong // most likely a first use: no alarm
	}
	return cred, state, err
}

// try fetches the state of a ceremony and counts the attempt; a code that was
// tried too often is treated as not sent.
func (s *Service) try(ctx context.Context, sub subject, k factors.Kind) ([]byte, error) {
	if sub.unsent {
		return nil, nil
	}
	c, err := s.store.Ceremony(ctx, sub.purpose, sub.id, k)
	if errors.Is(err, identity.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	tries := 0
	err = s.store.WriteSoon(ctx, func(tx Tx) error {
		tries, err = tx.TryCeremony(ctx, c.ID)
		return err
	})
	if limit := s.kinds.Of(k).Tries; err != nil || tries == 0 || limit > 0 && tries > limit || s.ahead(c.Created) {
		return nil, err
	}
	return c.State, nil
}

// wrong records a refused answer, sends the warnings that it causes, and
// switches the kind off when the cap is reached (NIST SP 800-63B-4 §3.2.2).
func (s *Service) wrong(ctx context.Context, sub subject, k factors.Kind, why error) error {
	c := sub.client
	err := s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := s.event(identity.EventFactorFailed, sub.account.ID, c)
		a, err := tx.LockAccount(ctx, sub.account.ID)
		if err != nil {
			return e, err
		}
		e.Actor, e.Detail = "stranger", string(k)
		if errors.Is(why, factors.ErrReplayed) {
			e.Kind = identity.EventFactorReplayed
			if err := tx.WarnSessions(ctx, a.ID, "A code of yours was used a second time. If that was not you, end your other sessions and change your password."); err != nil {
				return e, err
			}
		}
		if err := s.capFailures(ctx, tx, a, k, c); err != nil {
			return e, err
		}
		if sub.purpose == factors.ForLogin {
			if err := s.addressFailed(ctx, tx, c); err != nil {
				return e, err
			}
			warned, err := s.warnOwner(ctx, tx, a, sub.pending)
			if err != nil {
				return e, err
			}
			tx.Record(warned)
		}
		return e, nil
	})
	if err != nil {
		return err
	}
	if errors.Is(why, factors.ErrExpired) {
		return identity.Refuse(identity.Expired, "")
	}
	return identity.Refuse(identity.Wrong, "")
}

// complete is the transaction of Answer: it spends the credential and opens the
// session.
func (s *Service) complete(ctx context.Context, tx Act, sub subject, right proof, trust bool) (entry Entry, e identity.Event, err error) {
	acct, err := s.spend(ctx, tx, sub, right)
	if err != nil {
		return entry, e, err
	}
	p := sub.pending
	if s.over(p.Created, p.Expires) { // while the code was judged
		return entry, e, identity.Refuse(identity.Gone, "")
	}
	if taken, err := tx.TakePending(ctx, p.ID, p.TokenHash); err != nil || !taken {
		return entry, e, cmp.Or(err, identity.Refuse(identity.Gone, ""))
	}
	entry, e, err = s.enter(ctx, tx, acct, grant{level: 2, by: right.cred.Kind, next: p.Next, policy: &sub.policy, known: sub.seen.Known}, sub.client)
	e.Took = s.Now().Sub(p.Created)
	if err != nil || !trust || s.opt.TrustTTL <= 0 {
		return entry, e, err
	}
	tx.Record(e)
	entry.Trusted, e, err = s.trust(ctx, tx, acct, sub.client)
	return entry, e, err
}

// spend saves an accepted credential in the transaction that grants the request,
// so that a code is accepted only once. It also takes back the failure that was
// counted in advance.
func (s *Service) spend(ctx context.Context, tx Act, sub subject, p proof) (identity.Account, error) {
	cred := p.cred
	a, err := tx.LockAccount(ctx, sub.account.ID)
	if err != nil {
		return a, err
	}
	if !a.Disabled.IsZero() {
		return a, identity.Refuse(identity.Gone, "")
	}
	cred.LastUsed = s.Now()
	if swapped, err := tx.SwapCredential(ctx, cred); err != nil || !swapped {
		return a, cmp.Or(err, identity.Refuse(identity.Wrong, ""))
	}
	if !sub.unsent {
		if err := tx.DropCeremonies(ctx, sub.id, sub.purpose); err != nil {
			return a, err
		}
	}
	if err := s.passed(ctx, tx, p.counted); err != nil {
		return a, err
	}
	if s.kinds.Of(cred.Kind).Spare {
		a.RecoveryLeft--
		return a, s.recoveryUsed(ctx, tx, a, sub.client)
	}
	return a, nil
}

func (s *Service) recoveryUsed(ctx context.Context, tx Act, a identity.Account, c identity.Client) error {
	e := s.event(identity.EventRecoveryUsed, a.ID, c)
	e.Detail = fmt.Sprintf("%d left", a.RecoveryLeft)
	tx.Record(e)
	return s.Tell(ctx, tx, Notice{identity.MailRecoveryUsed, a, c}, "left", strconv.Itoa(a.RecoveryLeft))
}
