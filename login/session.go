package login

import (
	"context"
	"errors"
	"slices"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
)

// grant is what a session begins with.
type grant struct {
	level   int
	by      factors.Kind     // what proved level 2; empty when nothing did
	trusted bool             // a trusted browser stands in for the factor
	next    string           // where the person wanted to go
	policy  *string          // as it is kept; nil where nobody read it yet
	known   identity.Browser // that it is; without an id where it did not sign in before
}

// enter opens a session: the only place where one begins. The session that the
// browser had before, whoever's it was, ends.
func (s *Service) enter(ctx context.Context, tx Act, a identity.Account, g grant, c identity.Client) (Entry, identity.Event, error) {
	e := s.event(identity.EventLogin, a.ID, c)
	e.Level, e.Detail = g.level, string(g.by)
	if g.trusted {
		e.Detail = identity.DetailTrusted
	}
	now := s.Now()
	if c.Session != "" {
		if _, err := tx.EndSessionByToken(ctx, identity.HashToken(c.Session)); err != nil && !errors.Is(err, identity.ErrNotFound) {
			return Entry{}, e, err
		}
	}
	token, hash := identity.NewToken()
	sess := identity.Session{ID: identity.NewID(), TokenHash: hash, AccountID: a.ID, Level: g.level, Factor: g.by, Trusted: g.trusted,
		Address: c.Address, Browser: c.Browser, Created: now, LastSeen: now, Confirm: now}
	if g.trusted { // the password alone is no proof of someone who has a factor
		sess.Confirm = time.Time{}
	}
	err := tx.InsertSession(ctx, sess)
	if err != nil {
		return Entry{}, e, err
	}
	entry := Entry{Session: token, Next: g.next, Level: g.level}
	if entry.Known, err = s.greet(ctx, tx, a, g.known, c); err != nil {
		return Entry{}, e, err
	}
	if err := tx.SignedIn(ctx, a, now); err != nil {
		return Entry{}, e, err
	}
	if err := tx.HushPendings(ctx, a.ID, c); err != nil {
		return Entry{}, e, err
	}
	if err := s.told(ctx, tx, a, g.policy); err != nil {
		return Entry{}, e, err
	}
	return entry, e, nil
}

// raise confirms a session and, where its level rises, gives it a new token.
func (s *Service) raise(ctx context.Context, tx Act, v *Visit, level int, by factors.Kind) (Entry, error) {
	list, err := tx.Sessions(ctx, v.Account.ID)
	if err != nil {
		return Entry{}, err
	}
	i := slices.IndexFunc(list, func(x identity.Session) bool { return x.ID == v.Session.ID })
	if i < 0 {
		return Entry{}, identity.Refuse(identity.Gone, "")
	}
	sess := list[i]
	entry := Entry{Level: max(level, sess.Level)}
	if level > sess.Level {
		entry.Session, sess.TokenHash = identity.NewToken()
		sess.Level, sess.Factor, sess.Trusted = level, by, false
	} else if sess.Trusted && by != "" { // now something was proved
		sess.Factor, sess.Trusted = by, false
	}
	sess.Confirm = s.Now()
	return entry, tx.SaveSession(ctx, sess)
}
