package login

import (
	"cmp"
	"context"
	"errors"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// Rename gives one factor another name.
func (s *Service) Rename(ctx context.Context, v *Visit, id, name string, c identity.Client) error {
	name, err := fitName(name, false)
	if err != nil {
		return err
	}
	return s.change(ctx, v, id, func(tx Act, a identity.Account, cred factors.Credential) (identity.Event, error) {
		e := s.event(identity.EventFactorRenamed, a.ID, c)
		e.Level, e.Detail = v.Session.Level, "“"+cred.Name+"” is now “"+name+"”"
		cred.Name = name
		if swapped, err := tx.SwapCredential(ctx, cred); err != nil || !swapped {
			return e, cmp.Or(err, identity.ErrNotFound)
		}
		return e, nil
	})
}

// Prefer makes one factor the one that is asked for first.
func (s *Service) Prefer(ctx context.Context, v *Visit, id string, c identity.Client) error {
	return s.change(ctx, v, id, func(tx Act, a identity.Account, cred factors.Credential) (identity.Event, error) {
		e := s.event(identity.EventFactorPreferred, a.ID, c)
		e.Level, e.Detail = v.Session.Level, "“"+cred.Name+"”"
		a.Preferred = cred.ID
		return e, tx.SaveAccount(ctx, a)
	})
}

// change runs a change of one factor that its owner may name. Ids of others
// are not found.
func (s *Service) change(ctx context.Context, v *Visit, id string, do func(Act, identity.Account, factors.Credential) (identity.Event, error)) error {
	return s.store.Act(ctx, func(tx Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return none, err
		}
		cred, err := s.findFactor(ctx, tx, a.ID, id)
		if err != nil {
			return none, err
		}
		return do(tx, a, cred)
	})
}

// findFactor finds a factor by its id: one that is set up one by one.
func (s *Service) findFactor(ctx context.Context, r Reader, accountID, id string) (factors.Credential, error) {
	creds, err := r.Credentials(ctx, accountID)
	if err != nil {
		return factors.Credential{}, err
	}
	for _, c := range creds {
		if c.ID == id && !s.kinds.Of(c.Kind).Spare {
			return c, nil
		}
	}
	return factors.Credential{}, identity.ErrNotFound
}

// Remove deletes one factor. With the last one, recovery codes and trusted
// browsers go too. It is refused when the policy requires the factor.
func (s *Service) Remove(ctx context.Context, v *Visit, id string, c identity.Client) error {
	return s.change(ctx, v, id, func(tx Act, a identity.Account, cred factors.Credential) (identity.Event, error) {
		e := s.event(identity.EventFactorRemoved, a.ID, c)
		e.Level, e.Detail = v.Session.Level, string(cred.Kind)+" “"+cred.Name+"”"
		if _, err := tx.DeleteCredential(ctx, a.ID, cred.ID); err != nil {
			return e, err
		}
		left, err := tx.Account(ctx, a.ID)
		if err != nil {
			return e, err
		}
		if v.Policy.Asks(a) && v.Policy.Met(a) && !v.Policy.Met(left) {
			return e, identity.Refuse(identity.Denied, "A second factor is required here. Add another one before you remove this one.")
		}
		if !left.HasFactor() {
			if err := s.bare(ctx, tx, a); err != nil {
				return e, err
			}
		}
		if err := s.Distrust(ctx, tx, a.ID); err != nil {
			return e, err
		}
		return e, s.Tell(ctx, tx, Notice{identity.MailFactorRemoved, a, c}, "name", cred.Name, "kind", s.kinds.Of(cred.Kind).Label)
	})
}

// bare removes what an account without any factor must not keep.
func (s *Service) bare(ctx context.Context, tx Act, a identity.Account) error {
	if err := tx.ClearCounters(ctx, a.ID, CountFactor); err != nil {
		return err
	}
	if err := tx.DeleteCredentials(ctx, a.ID); err != nil {
		return err
	}
	if err := tx.DropPendings(ctx, a.ID); err != nil {
		return err
	}
	return tx.LowerSessions(ctx, a.ID)
}

// Disable switches two-factor sign-in off: every factor, all recovery codes,
// every trusted browser.
func (s *Service) Disable(ctx context.Context, v *Visit, c identity.Client) error {
	return s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := s.event(identity.EventTwoFactorOff, v.Account.ID, c)
		e.Level = v.Session.Level
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return e, err
		}
		if !a.HasFactor() {
			return e, identity.Refuse(identity.Denied, "Two-factor sign-in is already off.")
		}
		if v.Policy.Asks(a) {
			return e, identity.Refuse(identity.Denied, "A second factor is required here. It cannot be switched off.")
		}
		if err := s.Strip(ctx, tx, a); err != nil {
			return e, err
		}
		return e, s.Tell(ctx, tx, Notice{identity.MailTwoFactorOff, a, c})
	})
}

// Strip removes every factor of an account and what depends on them. The caller
// records the event and notifies the owner.
func (s *Service) Strip(ctx context.Context, tx Act, a identity.Account) error {
	if err := s.bare(ctx, tx, a); err != nil {
		return err
	}
	return s.Distrust(ctx, tx, a.ID)
}

// EndSession ends one session of the account; ErrNotFound when it has no such
// session. A change of address that may have been asked for there ends with it.
func (s *Service) EndSession(ctx context.Context, v *Visit, id string, c identity.Client) error {
	return s.drop(ctx, v, identity.EventSessionEnded, c, func(tx Act) (bool, error) {
		found, err := tx.EndSession(ctx, v.Account.ID, id)
		if err != nil || !found {
			return found, err
		}
		return true, tx.DropLinks(ctx, v.Account.ID, identity.LinkChange)
	})
}

// EndOthers ends all sessions of the account but this one, and a change of
// address that may have been asked for there.
func (s *Service) EndOthers(ctx context.Context, v *Visit, c identity.Client) error {
	return s.drop(ctx, v, identity.EventSessionsEnded, c, func(tx Act) (bool, error) {
		if _, err := tx.EndSessions(ctx, v.Account.ID, v.Session.ID); err != nil {
			return true, err
		}
		return true, tx.DropLinks(ctx, v.Account.ID, identity.LinkChange)
	})
}

// Forget ends the trust in one browser.
func (s *Service) Forget(ctx context.Context, v *Visit, id string, c identity.Client) error {
	return s.drop(ctx, v, identity.EventBrowserForgotten, c, func(tx Act) (bool, error) { return tx.DropBrowser(ctx, v.Account.ID, id) })
}

// ForgetAll ends the trust in every browser.
func (s *Service) ForgetAll(ctx context.Context, v *Visit, c identity.Client) error {
	return s.drop(ctx, v, identity.EventBrowsersForgotten, c, func(tx Act) (bool, error) {
		_, err := tx.DropTrusted(ctx, v.Account.ID)
		return true, err
	})
}

// DismissWarning clears the warning that the account's sessions show.
func (s *Service) DismissWarning(ctx context.Context, v *Visit) error {
	err := s.store.Write(ctx, func(tx Tx) error { return tx.WarnSessions(ctx, v.Account.ID, "") })
	return err
}

func (s *Service) drop(ctx context.Context, v *Visit, kind identity.EventKind, c identity.Client, do func(Act) (bool, error)) error {
	return s.store.Act(ctx, func(tx Act) (identity.Event, error) {
		e := s.event(kind, v.Account.ID, c)
		e.Level = v.Session.Level
		found, err := do(tx)
		if err == nil && !found {
			err = identity.ErrNotFound
		}
		return e, err
	})
}

// Promote must be called when an account gets more rights: it ends its trusted
// browsers, and a session that one of them opened is asked for a factor.
func (s *Service) Promote(ctx context.Context, tx Act, accountID string) error {
	if err := s.Distrust(ctx, tx, accountID); err != nil {
		return err
	}
	list, err := tx.Sessions(ctx, accountID)
	if err != nil {
		return err
	}
	for _, x := range list {
		if !x.Trusted {
			continue
		}
		x.Level, x.Trusted = 1, false
		if err := tx.SaveSession(ctx, x); err != nil {
			return err
		}
	}
	return nil
}

// CancelLogins must be called when a password is changed or an account is
// disabled: pending logins that passed the old password end.
func (s *Service) CancelLogins(ctx context.Context, tx Act, accountID, exceptSession string) error {
	_, err := tx.EndSessions(ctx, accountID, exceptSession)
	if err == nil {
		err = tx.DropPendings(ctx, accountID)
	}
	if err == nil {
		err = s.Distrust(ctx, tx, accountID)
	}
	if errors.Is(err, identity.ErrNotFound) {
		return nil
	}
	return err
}
