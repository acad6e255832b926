package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/identity"
)

// aboutSignIns are the notices that a stranger who knows a login or a password
// can cause. They go only to confirmed addresses; otherwise a stranger could
// fill anybody's mailbox with them.
var aboutSignIns = map[identity.MailKind]bool{
	identity.MailNewBrowser: true, identity.MailNewBrowsers: true, identity.MailSecondStepFailed: true,
	identity.MailRecoveryUsed: true, identity.MailFactorOff: true, identity.MailFactorFailures: true,
}

// Hears says whether a notice is emailed to the owner of an account: any notice
// to a confirmed address, and notices of changes also to an address that an
// admin entered.
func Hears(a identity.Account, template identity.MailKind) bool {
	if a.Email == "" {
		return false
	}
	return !a.EmailVerified.IsZero() || a.Origin != "self" && !aboutSignIns[template]
}

// newBrowsersIn is the time for which further new browsers are collected into
// one email.
const newBrowsersIn = time.Hour

// tellNewBrowser tells of a new browser at once, and of all that follow within
// the hour in one mail at its end: there may be very many.
func (s *Service) tellNewBrowser(ctx context.Context, tx Tx, a identity.Account, c identity.Client) error {
	if !Hears(a, identity.MailNewBrowser) {
		return nil
	}
	t, err := tx.LockThrottle(ctx, Counter{What: countBrowsers, Account: a.ID})
	if err != nil {
		return err
	}
	now := s.Now()
	left := t.Until.Sub(now)
	if left <= 0 || left > newBrowsersIn { // longer than its own length: the clock was ahead
		t.Fails, t.Until = 0, now.Add(newBrowsersIn)
	}
	t.Fails, t.Last = t.Fails+1, now
	if err := tx.SaveThrottle(ctx, t); err != nil {
		return err
	}
	switch t.Fails {
	case 1:
		return s.Tell(ctx, tx, Notice{identity.MailNewBrowser, a, c})
	case 2:
		m := s.notice(Notice{identity.MailNewBrowsers, a, identity.Client{}}, "time", t.Until.UTC().Format("2 January 2006, 15:04 UTC"), "link", s.opt.URL+"/profile/activity")
		m.Created = t.Until
		return tx.Post(ctx, m)
	}
	return nil
}
