package accounts

import (
	"context"
	"strings"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

const (
	maxReason = 200                // characters of a reason
	ticketTTL = 7 * 24 * time.Hour // life of the enrollment link of a reset
)

// By is who does something to another's account, and why.
type By struct {
	ID, Name string // of the admin; empty for the command line
	Session  string // in which a link may be shown; empty for the command line
	Token    string // hash of the token that a program uses; empty for people
	Actor    string // admin, api or cli
	Level    int
	Reason   string
	Client   identity.Client
}

// Admin is the admin who is signed in with a session.
func Admin(v *login.Visit, reason string, c identity.Client) By {
	by := By{ID: v.Account.ID, Name: v.Account.Name, Session: v.Session.ID, Actor: "admin", Level: v.Session.Level, Reason: strings.TrimSpace(reason), Client: c}
	if by.Name == "" {
		by.Name = v.Account.Login
	}
	return by
}

// Terminal is the person who runs a command on the server.
func Terminal(reason string) By {
	return By{Name: "the command line", Actor: "cli", Reason: strings.TrimSpace(reason)}
}

// did is the audit row of what was done.
func (s *Service) did(kind identity.EventKind, accountID string, by By, detail string) identity.Event {
	return identity.Event{At: s.opt.Now(), Kind: kind, AccountID: accountID, ActorID: by.ID, Actor: by.Actor, Address: by.Client.Address,
		Browser: by.Client.Browser, Level: by.Level, Reason: by.Reason, Detail: detail}
}

// allowed holds, in the transaction that acts, what the page held already: an
// admin at level 2, with a reason that can be kept.
func (s *Service) allowed(ctx context.Context, r login.Reader, by By) error {
	if _, fit := identity.Name(by.Reason); !fit || identity.TooLong(by.Reason, maxReason) {
		return identity.Refuse(identity.Bad, "A reason can have at most 200 characters, all of them visible.")
	}
	switch by.Actor {
	case "cli":
		return nil
	case "api":
		return s.tokenStands(ctx, r, by)
	}
	a, err := r.Account(ctx, by.ID)
	if err != nil {
		return err
	}
	if a.Role != identity.Admin || !a.Disabled.IsZero() || by.Level < 2 {
		return identity.Refuse(identity.Denied, "Your account no longer has permission to do this.")
	}
	return nil
}

// manage changes one account as an admin.
func (s *Service) manage(ctx context.Context, by By, id string, do func(login.Act, identity.Account) (identity.Event, error)) error {
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, id)
		if err != nil {
			return none, err
		}
		if err := s.allowed(ctx, tx, by); err != nil {
			return none, err
		}
		return do(tx, a)
	})
}

// deed is what an admin did: as the audit log keeps it, and as its owner reads it.
type deed struct {
	event identity.Event
	words string
}

// tellChange tells the owner what an admin did, and gives the event.
func (s *Service) tellChange(ctx context.Context, tx login.Tx, by By, a identity.Account, d deed) (identity.Event, error) {
	if a.Email == "" {
		return d.event, nil
	}
	return d.event, tx.Post(ctx, identity.Mail{Template: identity.MailAdminChange, To: a.Email, AccountID: a.ID, Created: d.event.At, Data: map[string]string{
		"login": a.Login, "time": mailTime(d.event.At), "by": by.Name, "reason": by.Reason, "what": d.words}})
}

// mailTime is a time as mails say it.
func mailTime(t time.Time) string { return t.UTC().Format("2 January 2006, 15:04 UTC") }

func needsReason(by By) error {
	if by.Reason == "" {
		return identity.Refuse(identity.Bad, "Enter a reason. It is recorded in the audit log.")
	}
	return nil
}

// ResetFactors removes all factors of an account and all that was proved with
// them. The password alone does not sign in afterwards: the owner gets a link
// by mail, good once. It is given back for an account that has no address.
func (s *Service) ResetFactors(ctx context.Context, by By, id string) (sent Sent, err error) {
	err = s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventFactorsReset, a.ID, by, "")
		if err := needsReason(by); err != nil {
			return e, err
		}
		if a.ID == by.ID {
			return e, identity.Refuse(identity.Denied, "Change your own factors on your profile.")
		}
		if !a.HasFactor() && !a.Bare() {
			return e, identity.Refuse(identity.Denied, "This account has no factor to reset.")
		}
		sent, err = s.takeFactors(ctx, tx, a, by)
		return e, err
	})
	return sent, err
}

func (s *Service) takeFactors(ctx context.Context, tx login.Act, a identity.Account, by By) (Sent, error) {
	if err := s.login.Strip(ctx, tx, a); err != nil {
		return Sent{}, err
	}
	if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
		return Sent{}, err
	}
	if err := tx.DropLinks(ctx, a.ID, identity.LinkTicket); err != nil {
		return Sent{}, err
	}
	if err := tx.SetMustEnroll(ctx, a.ID, s.opt.Now()); err != nil {
		return Sent{}, err
	}
	if err := tx.Unreach(ctx, a.ID); err != nil {
		return Sent{}, err
	}
	return s.sendEnroll(ctx, tx, a, by)
}

// LostFactors is for an account that lost factors with the keys of the site, and
// still has those that a says. Without any it is as after a reset: the password
// alone does not sign in, and its owner enrolls by a link.
func (s *Service) LostFactors(ctx context.Context, tx login.Act, a identity.Account, by By) (sent Sent, e identity.Event, err error) {
	e = s.did(identity.EventFactorsLost, a.ID, by, "")
	if !a.HasFactor() {
		sent, err = s.takeFactors(ctx, tx, a, by)
		return sent, e, err
	}
	if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
		return sent, e, err
	}
	e, err = s.tellChange(ctx, tx, by, a, deed{e, "its authenticator apps and recovery codes were removed; make new ones on your profile"})
	return sent, e, err
}

// sendEnroll makes the link with which an account without its factors enrolls
// again.
func (s *Service) sendEnroll(ctx context.Context, tx login.Act, a identity.Account, by By) (Sent, error) {
	link, err := s.login.NewLink(ctx, tx, a, login.Terms{Purpose: identity.LinkEnroll, TTL: ticketTTL})
	if err != nil {
		return Sent{}, err
	}
	if a.Email == "" {
		return Sent{Link: link}, s.show(ctx, tx, by, a.ID, link)
	}
	if err := s.show(ctx, tx, by, a.ID, ""); err != nil {
		return Sent{}, err
	}
	now := s.opt.Now()
	return Sent{Mailed: true}, tx.Post(ctx, identity.Mail{Template: identity.MailAdminReset, To: a.Email, AccountID: a.ID, Created: now, Expires: now.Add(ticketTTL),
		Data: map[string]string{"login": a.Login, "time": mailTime(now), "by": by.Name, "reason": by.Reason, "link": link}})
}

// Ticket is the button behind the link of a reset. The link is spent; what is
// given back lets one browser sign in with the password, to enroll.
func (s *Service) Ticket(ctx context.Context, token string, c identity.Client) (ticket string, err error) {
	l, _, err := s.Link(ctx, token, identity.LinkEnroll)
	if err != nil {
		return "", err
	}
	err = s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := s.take(ctx, tx, l)
		if err != nil {
			return none, err
		}
		now := s.opt.Now()
		var hash string
		ticket, hash = identity.NewToken()
		err = tx.PutLink(ctx, identity.Link{TokenHash: hash, AccountID: a.ID, Purpose: identity.LinkTicket, Created: now, Expires: now.Add(login.TicketTTL)})
		return s.event(identity.EventTicketUsed, a.ID, nil, c), err
	})
	return ticket, err
}

// Unlock ends the waits of an account and switches on again what failures
// switched off; with a kind only that one.
func (s *Service) Unlock(ctx context.Context, by By, id string, k factors.Kind) error {
	if k != "" && !s.login.Knows(k) {
		return bad("There is no such kind of factor.")
	}
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (none identity.Event, err error) {
		var kinds []factors.Kind
		if k != "" {
			kinds = append(kinds, k)
		}
		if err := s.login.UnlockKinds(ctx, tx, a, kinds...); err != nil {
			return none, err
		}
		what := "past wrong passwords and codes no longer count, and factors that they had switched off work again"
		return s.tellChange(ctx, tx, by, a, deed{s.did(identity.EventAccountUnlocked, a.ID, by, string(k)), what})
	})
}

// EndSessions ends every session, pending login and trust of an account.
func (s *Service) EndSessions(ctx context.Context, by By, id string) error {
	return s.manage(ctx, by, id, func(tx login.Act, a identity.Account) (none identity.Event, err error) {
		if err := s.login.CancelLogins(ctx, tx, a.ID, ""); err != nil {
			return none, err
		}
		return s.tellChange(ctx, tx, by, a, deed{s.did(identity.EventSessionsEndedByAdmin, a.ID, by, ""), "all its sessions were ended"})
	})
}
