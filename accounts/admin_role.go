package accounts

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// SetDisabled locks an account out at once, or lets it in again. What was
// proved before counts no more.
func (s *Service) SetDisabled(ctx context.Context, by By, id string, disabled bool) error {
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (none identity.Event, err error) {
		if disabled == !a.Disabled.IsZero() {
			return identity.NothingHappened, nil
		}
		kind, what := identity.EventAccountEnabled, "it was enabled again"
		a.Disabled = time.Time{}
		if disabled {
			kind, what, a.Disabled = identity.EventAccountDisabled, "it was disabled", s.opt.Now()
			if err := needsReason(by); err != nil {
				return none, err
			}
			if err := s.notTheLast(ctx, tx, a); err != nil {
				return none, err
			}
			if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
				return none, err
			}
			if err := tx.DropTokensOf(ctx, a.ID); err != nil {
				return none, err
			}
			if err := tx.DropLinks(ctx, a.ID, identity.LinkReset, identity.LinkVerify, identity.LinkSecure, identity.LinkTicket,
				identity.LinkStop, identity.LinkUndo); err != nil {
				return none, err
			}
		}
		if err := tx.SaveAccount(ctx, a); err != nil {
			return none, err
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(kind, a.ID, by, ""), what})
	})
}

// SetRole makes an account an admin or a user. Its next request has the role;
// an admin's rights are for whoever proves a factor, so the trust ends.
func (s *Service) SetRole(ctx context.Context, by By, id string, role identity.Role) error {
	if role != identity.Admin && role != identity.Member {
		return bad("Choose user or admin.")
	}
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (none identity.Event, err error) {
		if a.Role == role {
			return none, identity.Refuse(identity.Bad, map[identity.Role]string{identity.Admin: "This account is an admin already. Nothing was changed.",
				identity.Member: "This account is a user already. Nothing was changed."}[role])
		}
		if role != identity.Admin {
			if err := s.notTheLast(ctx, tx, a); err != nil {
				return none, err
			}
			if err := tx.DropTokensOf(ctx, a.ID); err != nil {
				return none, err
			}
		}
		a.Role = role
		if err := tx.SaveAccount(ctx, a); err != nil {
			return none, err
		}
		if role == identity.Admin {
			if err := s.login.Promote(ctx, tx, a.ID); err != nil {
				return none, err
			}
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(identity.EventRoleChanged, a.ID, by, string(role)), "its role is now " + string(role)})
	})
}

// notTheLast keeps the site from losing its last admin, also when two admins
// take each other's role at the same time.
func (s *Service) notTheLast(ctx context.Context, tx login.Tx, a identity.Account) error {
	if a.Role != identity.Admin {
		return nil
	}
	other, err := tx.OtherAdmin(ctx, a.ID)
	if err != nil || other {
		return err
	}
	return identity.Refuse(identity.Denied, "This is the last admin. Make another account an admin first.")
}

// Person is all that an admin may see of one account. No secret is among it.
type Person struct {
	identity.Account
	Credentials []factors.Credential
	Sessions    []identity.Session
	Browsers    []identity.Browser
	Events      []login.Line
}

// personEvents is how many events the page of an account shows.
const personEvents = 20

// Person reads one account; ErrNotFound when there is none.
func (s *Service) Person(ctx context.Context, id string) (p Person, err error) {
	if p.Account, err = s.store.Account(ctx, id); err != nil {
		return p, err
	}
	o, err := s.login.Overview(ctx, &login.Visit{Account: p.Account, Now: s.opt.Now()})
	if err != nil {
		return p, err
	}
	p.Credentials, p.Sessions, p.Browsers = o.Credentials, o.Sessions, o.Browsers
	p.Events, _, err = login.Lines(ctx, s.store, id, 0, personEvents)
	return p, err
}
