package accounts

import (
	"context"
	"errors"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
)

// MaxLines is how many lines one import takes.
const MaxLines = 1000

const (
	importTime = 2 * time.Minute  // in which an import that has begun ends; a thousand lines take seconds
	importWait = 30 * time.Second // how long one import waits for another
)

// Line is one line of an import and what happens to it.
type Line struct {
	Number             int // in the file, from 1
	Login, Name, Email string
	Role               identity.Role
	Groups             []string
	OK                 bool   // it will be, or was, made or invited again
	Fate               string // what happens or happened, in words
	Link               string // to pass on to the person, when they have no address

	again string // id of the account that the same admin made before, and whose invite is open
}

// Import makes an account of each line. A dry run only says what would happen.
// A bad line never stops the good ones. Once begun, an import runs to its end
// even if the client disconnects. When a fault or a power cut stops it, the
// same admin's next import of the same file continues where it stopped, and
// gives new links for the accounts whose links were not used. When an error is
// returned, the lines say how far the import came.
func (s *Service) Import(ctx context.Context, v *login.Visit, text string, dry bool, c identity.Client) ([]Line, error) {
	by := Admin(v, "", c)
	by.Session = "" // the links are shown on the page of the import, and nowhere else
	if dry {
		lines, err := s.readLines(ctx, by.ID, text)
		return lines, err
	}
	done, ok, err := s.store.ImportTurn(ctx, importWait) // two at once would void each other's links
	if err != nil {
		return nil, err
	}
	if !ok {
		return nil, &identity.Refusal{Why: identity.Busy, Wait: importWait, Text: "Another import is running. Try again when it has finished."}
	}
	defer done()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), importTime)
	defer cancel()
	lines, err := s.readLines(ctx, by.ID, text)
	for i := range lines {
		l := &lines[i]
		switch {
		case err != nil:
			l.OK, l.Fate = false, "Not reached: the import stopped before this line."
		case l.OK:
			if err = s.importLine(ctx, by, l); err != nil {
				l.OK, l.Fate = false, "Unknown: the import stopped at this line."
			}
		}
	}
	return lines, err
}

// importLine makes the account of one line, or invites it again.
func (s *Service) importLine(ctx context.Context, by By, l *Line) error {
	if l.again != "" {
		return s.importAgain(ctx, by, l)
	}
	_, link, err := s.inviteAs(ctx, by, Form{Login: l.Login, Name: l.Name, Email: l.Email, Role: l.Role, Groups: l.Groups})
	refused := identity.Refused(err)
	switch {
	case refused != nil:
		l.OK, l.Fate = false, refused.Text
	case err != nil:
		return err
	case identity.LooksLikeEmail(l.Login) || l.Email != "":
		l.Fate = "Created. The invite is on its way by email."
	default:
		l.Fate, l.Link = "Created. Give them the link.", link
	}
	return nil
}

// importAgain gives a new link for an account that an import made before. One
// that has an address has its link in the mail, and keeps it while it is good.
func (s *Service) importAgain(ctx context.Context, by By, l *Line) error {
	err := s.manage(ctx, by, l.again, func(tx login.Act, a identity.Account) (identity.Event, error) {
		e := s.did(identity.EventAccountInvited, a.ID, by, "")
		made, open, err := s.openInvite(ctx, by.ID, a)
		if err != nil {
			return e, err
		}
		if !open {
			return e, identity.Refuse(identity.Denied, taken)
		}
		if a.Email != "" && s.opt.Now().Sub(made) < inviteTTL {
			l.Fate, l.Link = "Created before. The invite was sent by email.", ""
			return identity.NothingHappened, nil
		}
		sent, err := s.inviteTo(ctx, tx, a, by)
		l.Fate, l.Link = "Created before. Give them this new link.", sent.Link
		if sent.Mailed {
			l.Fate = "Created before. A new invite is on its way by email."
		}
		return e, err
	})
	if errors.Is(err, identity.ErrNotFound) {
		err = identity.Refuse(identity.Gone, "This account was deleted a moment ago.")
	}
	if refused := identity.Refused(err); refused != nil {
		l.OK, l.Fate, l.Link = false, refused.Text, ""
		return nil
	}
	return err
}

// taken says why an account is not made.
const taken = "This login is taken."

// openInvite says whether an admin made an account that nobody has used yet, and
// when.
func (s *Service) openInvite(ctx context.Context, adminID string, a identity.Account) (made time.Time, open bool, err error) {
	if a.Status() != identity.Invited {
		return made, false, nil
	}
	first, err := s.store.FirstEvent(ctx, a.ID)
	if errors.Is(err, identity.ErrNotFound) {
		return made, false, nil
	}
	return first.At, first.Kind == identity.EventAccountCreated && first.Actor == "admin" && first.ActorID == adminID, err
}
