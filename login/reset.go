package login

import (
	"context"
	"errors"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// admitBare lets an account without its factors sign in from the browser that
// pressed the link in the owner's mail. All other browsers are told to check
// that email.
func (s *Service) admitBare(ctx context.Context, tx Tx, a identity.Account, c identity.Client) error {
	l, err := tx.Link(ctx, identity.HashToken(c.Ticket), identity.LinkTicket)
	if err != nil && !errors.Is(err, identity.ErrNotFound) {
		return err
	}
	if err != nil || l.AccountID != a.ID || s.over(l.Created, l.Expires) {
		return identity.Refuse(identity.Denied, "The factors of this account were reset. Open the link in the email about it, then sign in.")
	}
	return nil
}

// UnlockKinds ends every wait of an account, and switches kinds on again that
// failures switched off; no kinds named means all, and the password's wait.
func (s *Service) UnlockKinds(ctx context.Context, tx Act, a identity.Account, kinds ...factors.Kind) error {
	if len(kinds) == 0 {
		if err := tx.ClearCounters(ctx, a.ID, CountFactor, CountPassword, CountSend, CountReset, CountLinks); err != nil {
			return err
		}
		if err := s.ForgivePassword(ctx, tx, a); err != nil {
			return err
		}
	}
	for _, k := range kinds {
		if err := tx.ClearKind(ctx, a.ID, k); err != nil {
			return err
		}
	}
	return s.unlockApps(ctx, tx, a)
}

// unlockApps lets apps be answered with again that were last used while the
// clock was ahead.
func (s *Service) unlockApps(ctx context.Context, tx Tx, a identity.Account) error {
	creds, err := tx.Credentials(ctx, a.ID)
	if err != nil {
		return err
	}
	for _, cred := range creds {
		if cred, ok := s.settle(cred); ok {
			if _, err := tx.SettleCredential(ctx, cred); err != nil {
				return err
			}
		}
	}
	return nil
}

// SavedCodes notes that the owner confirmed having saved the recovery codes.
func (s *Service) SavedCodes(ctx context.Context, v *Visit) error {
	err := s.store.Write(ctx, func(tx Tx) error { return tx.Reach(ctx, v.Account.ID, identity.StepSaved) })
	return err
}

// told notes that somebody without the required factor has seen the notice about
// it.
func (s *Service) told(ctx context.Context, tx Tx, a identity.Account, policy *string) error {
	if policy == nil {
		kept, err := tx.Setting(ctx, policySetting)
		if err != nil {
			return err
		}
		policy = &kept
	}
	if *policy == "" {
		return nil
	}
	if p, err := s.parsePolicy(*policy); err != nil || !p.Asks(a) || p.Met(a) {
		return err
	}
	return tx.Reach(ctx, a.ID, identity.StepTold)
}
