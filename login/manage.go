package login

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"nightlatch/factors"
)

// Sheet is the set of recovery codes as shown to its owner.
type Sheet struct {
	Codes []SheetCode
	Made  time.Time
	Set   string // short name of the set
	Left  int
}

// SheetCode is one of them.
type SheetCode struct {
	Text string
	Used time.Time // zero while it is good
}

// Rename gives one factor another name.
func (s *Service) Rename(ctx context.Context, v *Visit, id, name string, c Client) (Refusal, error) {
	name = strings.TrimSpace(name)
	if r := checkName(name, false); !r.OK() {
		return r, nil
	}
	return s.change(ctx, v, id, func(tx Tx, a Account, cred factors.Credential) error {
		old := cred.Name
		cred.Name = name
		if swapped, err := tx.SwapCredential(ctx, cred); err != nil || !swapped {
			return cmpErr(err, ErrNotFound)
		}
		e := s.event("factor.renamed", a.ID, c)
		e.Level, e.Detail = v.Session.Level, "“"+old+"” is now “"+name+"”"
		return tx.Record(ctx, e)
	})
}

// Prefer makes one factor the one that is asked for first.
func (s *Service) Prefer(ctx context.Context, v *Visit, id string, c Client) (Refusal, error) {
	return s.change(ctx, v, id, func(tx Tx, a Account, cred factors.Credential) error {
		a.Preferred = cred.ID
		if err := tx.SaveAccount(ctx, a); err != nil {
			return err
		}
		e := s.event("factor.preferred", a.ID, c)
		e.Level, e.Detail = v.Session.Level, "“"+cred.Name+"”"
		return tx.Record(ctx, e)
	})
}

// change runs a change of one factor that its owner may name. Ids of others
// are not found.
func (s *Service) change(ctx context.Context, v *Visit, id string, do func(Tx, Account, factors.Credential) error) (Refusal, error) {
	return s.write(ctx, func(tx Tx) error {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		cred, err := findFactor(ctx, tx, a.ID, id)
		if err != nil {
			return err
		}
		return do(tx, a, cred)
	})
}

func findFactor(ctx context.Context, r Reader, accountID, id string) (factors.Credential, error) {
	creds, err := r.Credentials(ctx, accountID)
	if err != nil {
		return factors.Credential{}, err
	}
	for _, c := range creds {
		if c.ID == id && c.Kind != factors.KindRecovery {
			return c, nil
		}
	}
	return factors.Credential{}, ErrNotFound
}

// Remove takes one factor away. The last one takes recovery codes and trusted
// browsers with it, and cannot go while the policy demands it.
func (s *Service) Remove(ctx context.Context, v *Visit, id string, c Client) (Refusal, error) {
	return s.change(ctx, v, id, func(tx Tx, a Account, cred factors.Credential) error {
		if _, err := tx.DeleteCredential(ctx, a.ID, cred.ID); err != nil {
			return err
		}
		left, err := tx.Account(ctx, a.ID)
		if err != nil {
			return err
		}
		if v.Policy.Asks(a) && v.Policy.Met(a) && !v.Policy.Met(left) {
			return refuse(Denied, "A second factor is required here. Add another one before you remove this one.")
		}
		if !left.HasFactor() {
			if err := s.bare(ctx, tx, a); err != nil {
				return err
			}
		}
		if _, err := tx.DropTrusted(ctx, a.ID); err != nil {
			return err
		}
		e := s.event("factor.removed", a.ID, c)
		e.Level, e.Detail = v.Session.Level, string(cred.Kind)+" “"+cred.Name+"”"
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
		return s.tell(ctx, tx, "factor-removed", a, c, "name", cred.Name, "kind", KindLabel(cred.Kind))
	})
}

// bare is what remains to be done when an account has no factor any more.
func (s *Service) bare(ctx context.Context, tx Tx, a Account) error {
	for _, k := range []factors.Kind{factors.KindRecovery, factors.KindTOTP, factors.KindEmail} {
		if err := tx.DeleteKind(ctx, a.ID, k); err != nil {
			return err
		}
		if err := tx.ClearThrottle(ctx, factorKey(a.ID, k)); err != nil {
			return err
		}
	}
	if err := tx.DropPendings(ctx, a.ID); err != nil {
		return err
	}
	return tx.LowerSessions(ctx, a.ID)
}

// Disable switches two-factor sign-in off: every factor, all recovery codes,
// every trusted browser.
func (s *Service) Disable(ctx context.Context, v *Visit, c Client) (Refusal, error) {
	return s.write(ctx, func(tx Tx) error {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		if !a.HasFactor() {
			return refuse(Denied, "Two-factor sign-in is off already.")
		}
		if v.Policy.Asks(a) {
			return refuse(Denied, "A second factor is required here. It cannot be switched off.")
		}
		if err := s.Strip(ctx, tx, a); err != nil {
			return err
		}
		e := s.event("two-factor.off", a.ID, c)
		e.Level = v.Session.Level
		if err := tx.Record(ctx, e); err != nil {
			return err
		}
		return s.tell(ctx, tx, "two-factor-off", a, c)
	})
}

// Strip takes every factor from an account, and what depended on them. The
// caller records and tells.
func (s *Service) Strip(ctx context.Context, tx Tx, a Account) error {
	if err := s.bare(ctx, tx, a); err != nil {
		return err
	}
	_, err := tx.DropTrusted(ctx, a.ID)
	return err
}

// MakeCodes makes a new set of recovery codes and voids the old one.
func (s *Service) MakeCodes(ctx context.Context, v *Visit, c Client) (Refusal, error) {
	codes, err := factors.Recovery{}.NewSet(s.ceremony(sessionSubject(v, factors.ForEnroll)))
	if err != nil {
		return Refusal{}, err
	}
	return s.write(ctx, func(tx Tx) error {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return err
		}
		if !a.HasFactor() {
			return refuse(Denied, "Recovery codes come with a second factor. Add one first.")
		}
		if _, err := tx.DropTrusted(ctx, a.ID); err != nil {
			return err
		}
		return s.replaceCodes(ctx, tx, a, codes, c)
	})
}

// Codes shows the recovery codes again. ErrNotFound when there are none.
func (s *Service) Codes(ctx context.Context, v *Visit) (Sheet, error) {
	creds, err := s.store.Credentials(ctx, v.Account.ID, factors.KindRecovery)
	if err != nil {
		return Sheet{}, err
	}
	var sheet Sheet
	for _, c := range creds {
		if c.Kind != factors.KindRecovery {
			continue
		}
		sheet.Codes = append(sheet.Codes, SheetCode{Text: string(c.Secret), Used: c.Used})
		sheet.Made, sheet.Set = c.Created, c.Batch[:min(6, len(c.Batch))]
		if c.Used.IsZero() {
			sheet.Left++
		}
	}
	if len(sheet.Codes) == 0 {
		return sheet, ErrNotFound
	}
	return sheet, nil
}

// CheckCode says whether a recovery code is good, without spending it. It is
// counted like an answer, or it would be a way to guess.
func (s *Service) CheckCode(ctx context.Context, v *Visit, code string, c Client) (Refusal, error) {
	_, r, err := s.prove(ctx, sessionSubject(v, factors.ForConfirm), factors.KindRecovery, factors.Answer{Code: code}, c)
	if err != nil || !r.OK() {
		return r, err
	}
	return s.write(ctx, func(tx Tx) error {
		return tx.ClearThrottle(ctx, factorKey(v.Account.ID, factors.KindRecovery))
	})
}

// EndSession ends one session of the account; ErrNotFound when it has none such.
func (s *Service) EndSession(ctx context.Context, v *Visit, id string, c Client) error {
	return s.drop(ctx, v, "session.ended", c, func(tx Tx) (bool, error) { return tx.EndSession(ctx, v.Account.ID, id) })
}

// EndOthers ends all sessions of the account but this one.
func (s *Service) EndOthers(ctx context.Context, v *Visit, c Client) error {
	return s.drop(ctx, v, "sessions.ended", c, func(tx Tx) (bool, error) {
		_, err := tx.EndSessions(ctx, v.Account.ID, v.Session.ID)
		return true, err
	})
}

// Forget ends the trust in one browser.
func (s *Service) Forget(ctx context.Context, v *Visit, id string, c Client) error {
	return s.drop(ctx, v, "browser.forgotten", c, func(tx Tx) (bool, error) { return tx.DropBrowser(ctx, v.Account.ID, id) })
}

// ForgetAll ends the trust in every browser.
func (s *Service) ForgetAll(ctx context.Context, v *Visit, c Client) error {
	return s.drop(ctx, v, "browsers.forgotten", c, func(tx Tx) (bool, error) {
		_, err := tx.DropTrusted(ctx, v.Account.ID)
		return true, err
	})
}

func (s *Service) drop(ctx context.Context, v *Visit, kind string, c Client, do func(Tx) (bool, error)) error {
	_, err := s.write(ctx, func(tx Tx) error {
		found, err := do(tx)
		if err == nil && !found {
			err = ErrNotFound
		}
		if err != nil {
			return err
		}
		e := s.event(kind, v.Account.ID, c)
		e.Level = v.Session.Level
		return tx.Record(ctx, e)
	})
	return err
}

// Overview is everything that the profile shows.
type Overview struct {
	Credentials []factors.Credential
	Off         map[factors.Kind]bool
	Sessions    []Session
	Browsers    []Browser
	Events      []Event
	NewEmail    string // waits for its click
}

// Overview reads what the profile shows.
func (s *Service) Overview(ctx context.Context, v *Visit) (o Overview, err error) {
	id := v.Account.ID
	if o.Credentials, err = s.store.Credentials(ctx, id); err != nil {
		return o, err
	}
	o.Off = map[factors.Kind]bool{}
	for k := range s.kinds {
		t, err := s.store.Throttle(ctx, factorKey(id, k))
		if err != nil {
			return o, err
		}
		o.Off[k] = !t.Off.IsZero()
	}
	if o.Sessions, err = s.store.Sessions(ctx, id); err != nil {
		return o, err
	}
	o.Sessions = slices.DeleteFunc(o.Sessions, func(x Session) bool { return s.ended(x, v.Now) })
	if o.Browsers, err = s.store.Browsers(ctx, id); err != nil {
		return o, err
	}
	o.Browsers = slices.DeleteFunc(o.Browsers, func(b Browser) bool { return !v.Now.Before(b.Until) || s.opt.TrustTTL <= 0 })
	o.Events, err = s.store.Events(ctx, id, 0, 6)
	if err == nil {
		o.NewEmail, err = s.store.PendingEmail(ctx, id, v.Now)
	}
	return o, err
}

// Events are the account's own security events, newest first, older than one
// of them.
func (s *Service) Events(ctx context.Context, v *Visit, before int64, n int) ([]Event, error) {
	return s.store.Events(ctx, v.Account.ID, before, n)
}

// CancelLogins is for whoever changes a password or locks an account: nothing
// that was proved before counts any more.
func (s *Service) CancelLogins(ctx context.Context, tx Tx, accountID, exceptSession string) error {
	_, err := tx.EndSessions(ctx, accountID, exceptSession)
	if err == nil {
		err = tx.DropPendings(ctx, accountID)
	}
	if err == nil {
		_, err = tx.DropTrusted(ctx, accountID)
	}
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	return err
}
