package login

import (
	"cmp"
	"context"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// proven is an enrollment whose code was right.
type proven struct {
	visit   *Visit
	pending Ceremony
	cred    factors.Credential
	codes   []factors.Credential // recovery codes, for a first factor
	client  identity.Client
}

// bind is the transaction of ConfirmEnrollment.
func (s *Service) bind(ctx context.Context, tx Act, p proven) (done Enrolled, e identity.Event, err error) {
	v, cred, c := p.visit, p.cred, p.client
	a, err := tx.LockAccount(ctx, v.Account.ID)
	if err != nil {
		return done, e, err
	}
	if a.HasFactor() && v.Session.Level < 2 { // someone enrolled elsewhere meanwhile
		return done, e, identity.Refuse(identity.Gone, "")
	}
	if taken, err := tx.TakeCeremony(ctx, p.pending.ID); err != nil || !taken {
		return done, e, cmp.Or(err, identity.Refuse(identity.Gone, ""))
	}
	first := !a.HasFactor()
	cred.ID, cred.AccountID, cred.Created = identity.NewID(), a.ID, s.Now()
	if err := tx.InsertCredentials(ctx, cred); err != nil {
		return done, e, err
	}
	if err := tx.ClearKind(ctx, a.ID, cred.Kind); err != nil {
		return done, e, err
	}
	if err := tx.Reach(ctx, a.ID, identity.StepBegan|identity.StepConfirmed); err != nil {
		return done, e, err
	}
	if err := s.adopt(ctx, tx, &a, cred); err != nil {
		return done, e, err
	}
	if first {
		if err := s.firstFactor(ctx, tx, a, p); err != nil {
			return done, e, err
		}
	}
	if err := s.Distrust(ctx, tx, a.ID); err != nil {
		return done, e, err
	}
	entry, err := s.raise(ctx, tx, v, 2, cred.Kind)
	if err != nil {
		return done, e, err
	}
	e = s.event(identity.EventFactorAdded, a.ID, c)
	e.Level, e.Detail = 2, string(cred.Kind)+" “"+cred.Name+"”"
	return Enrolled{Entry: entry, First: first}, e,
		s.Tell(ctx, tx, Notice{identity.MailFactorAdded, a, c}, "name", cred.Name, "kind", s.kinds.Of(cred.Kind).Label)
}

// adopt makes a proved address the account's own where it has none, and takes
// the proof where it is the same.
func (s *Service) adopt(ctx context.Context, tx Act, a *identity.Account, cred factors.Credential) error {
	if !s.kinds.Of(cred.Kind).Proves || a.Email != "" && !strings.EqualFold(a.Email, cred.Address) {
		return nil
	}
	mine := *a
	mine.Email, mine.EmailVerified = cred.Address, s.Now()
	if free, err := tx.Prove(ctx, mine); err != nil || !free { // another account proved it first: a factor all the same
		return err
	}
	*a = mine
	return tx.SaveAccount(ctx, mine)
}

// firstFactor creates recovery codes, ends every other session and pending login
// of the account, and no longer treats any other browser as known: none of them
// has passed the factor (CVE-2023-31140).
func (s *Service) firstFactor(ctx context.Context, tx Act, a identity.Account, p proven) error {
	if _, err := tx.EndSessions(ctx, a.ID, p.visit.Session.ID); err != nil {
		return err
	}
	if err := tx.DropPendings(ctx, a.ID); err != nil {
		return err
	}
	if err := tx.DropKnown(ctx, a.ID, identity.HashToken(p.client.Known)); err != nil {
		return err
	}
	if err := tx.DropLinks(ctx, a.ID, identity.LinkEnroll, identity.LinkTicket); err != nil {
		return err
	}
	if err := tx.SetMustEnroll(ctx, a.ID, time.Time{}); err != nil {
		return err
	}
	made, err := s.replaceCodes(ctx, tx, a, p.codes, p.client)
	tx.Record(made)
	return err
}

// replaceCodes deletes the old recovery codes and saves a new set.
func (s *Service) replaceCodes(ctx context.Context, tx Act, a identity.Account, codes []factors.Credential, c identity.Client) (identity.Event, error) {
	e := s.event(identity.EventRecoveryMade, a.ID, c)
	spare := s.kinds.Spare()
	if spare == nil {
		return identity.NothingHappened, nil
	}
	if err := tx.DeleteKind(ctx, a.ID, spare.Kind()); err != nil {
		return e, err
	}
	for i := range codes {
		codes[i].ID = identity.NewID()
	}
	if err := tx.InsertCredentials(ctx, codes...); err != nil {
		return e, err
	}
	if err := tx.ClearKind(ctx, a.ID, spare.Kind()); err != nil {
		return e, err
	}
	return e, s.Tell(ctx, tx, Notice{identity.MailRecoveryMade, a, c})
}
