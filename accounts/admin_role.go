package accounts

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/login"
)

// SetDisabled locks an account out at once, or lets it in again. What was
// proved before counts no more.
func (s *Service) SetDisabled(ctx context.Context, by By, id string, disabled bool) error {
	return s.manage(ctx, by, id, func(tx login.Tx, a login.Account) error {
		if disabled == !a.Disabled.IsZero() {
			return nil
		}
		kind, what := login.EventAccountEnabled, "it was enabled again"
		a.Disabled = time.Time{}
		if disabled {
			kind, what, a.Disabled = login.EventAccountDisabled, "it was disabled", s.opt.Now()
			if err := needsReason(by); err != nil {
				return err
			}
			if err := s.notTheLast(ctx, tx, a); err != nil {
				return err
			}
			if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
				return err
			}
			if err := tx.DropLinks(ctx, a.ID, login.LinkReset, login.LinkVerify, login.LinkSecure, login.LinkTicket,
				login.LinkStop, login.LinkUndo); err != nil {
				return err
			}
		}
		if err := tx.SaveAccount(ctx, a); err != nil {
			return err
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(kind, a.ID, by, ""), what})
	})
}

// SetRole makes an account an admin or a user. Its next request has the role;
// an admin's rights are for whoever proves a factor, so the trust ends.
func (s *Service) SetRole(ctx context.Context, by By, id string, role login.Role) error {
	if role != login.Admin && role != login.Member {
		return bad("Choose user or admin.")
	}
	return s.manage(ctx, by, id, func(tx login.Tx, a login.Account) error {
		if a.Role == role {
			return login.Refuse(login.Bad, map[login.Role]string{login.Admin: "This account is an admin already. Nothing was changed.",
				login.Member: "This account is a user already. Nothing was changed."}[role])
		}
		if role != login.Admin {
			if err := s.notTheLast(ctx, tx, a); err != nil {
				return err
			}
		}
		a.Role = role
		if err := tx.SaveAccount(ctx, a); err != nil {
			return err
		}
		if role == login.Admin {
			if err := s.login.Promote(ctx, tx, a.ID); err != nil {
				return err
			}
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(login.EventRoleChanged, a.ID, by, string(role)), "its role is now " + string(role)})
	})
}

// notTheLast keeps the site from losing its last admin, also when two admins
// take each other's role at the same time.
func (s *Service) notTheLast(ctx context.Context, tx login.Tx, a login.Account) error {
	if a.Role != login.Admin {
		return nil
	}
	other, err := tx.OtherAdmin(ctx, a.ID)
	if err != nil || other {
		return err
	}
	return login.Refuse(login.Denied, "This is the last admin. Make another account an admin first.")
}

// Person is all that an admin may see of one account. No secret is among it.
type Person struct {
	login.Account
	Credentials []factors.Credential
	Sessions    []login.Session
	Browsers    []login.Browser
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
