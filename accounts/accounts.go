// Package accounts holds the rules of having an account: making one, setting
// and resetting its password, its address, and what admins do for others.
package accounts

import (
	"cmp"
	"context"
	"errors"
	"strings"
	"time"

	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/password"
)

// How long links live that an account's life hangs on.
const (
	inviteTTL = 7 * 24 * time.Hour
	resetTTL  = time.Hour // NIST SP 800-63B-4 §4.2.2.2 allows at most 24 hours for mail
	emailTTL  = 24 * time.Hour

	maxName = 100 // characters of a person's name
)

// Store is what accounts needs kept, beyond what signing in needs.
type Store interface {
	login.Reader
	Write(ctx context.Context, do func(login.Tx) error) error
	Act(ctx context.Context, do func(login.Act) (identity.Event, error)) error
	// ImportTurn waits until no other import runs, on any process; done ends
	// the turn. ok is false when it was waited for in vain.
	ImportTurn(ctx context.Context, wait time.Duration) (done func(), ok bool, err error)
	directoryStore
	logStore
	tokenStore
}

// Service answers every question about having an account.
type Service struct {
	store  Store
	login  *login.Service
	hasher *password.Hasher
	opt    login.Options
	open   bool      // anyone may register
	kept   time.Time // when Sweep last kept the day's numbers
}

// New makes the service. open lets anyone register.
func New(store Store, in *login.Service, hasher *password.Hasher, open bool) *Service {
	return &Service{store: store, login: in, hasher: hasher, opt: in.Options(), open: open}
}

// Open says whether anyone may register.
func (s *Service) Open() bool { return s.open }

// Form is what a new account is made of.
type Form struct {
	Login, Name, Password string
	Email                 string // where the login is not the address itself; may be empty
	Role                  identity.Role
	Groups                []string
	Origin                string // setup, cli, admin or self
	From                  string // address range that asks, as in identity.Client; empty for the command line
	Next                  string // where a registration leads in the end
}

func bad(text string) error { return identity.Refuse(identity.Bad, text) }

// prepare turns a form into an account, or says what is wrong with it.
func (s *Service) prepare(f Form) (identity.Account, error) {
	f.Login, f.Email = identity.Trim(f.Login), identity.Trim(f.Email)
	key, ok := identity.LoginKey(f.Login)
	if !ok || strings.ContainsRune(key, ':') { // the apps part issuer and account by a colon
		return identity.Account{}, bad("Choose a login without spaces and colons, such as ada or ada@example.com.")
	}
	var err error
	if f.Name, err = fitName(f.Name); err != nil {
		return identity.Account{}, err
	}
	a := identity.Account{ID: identity.NewID(), Login: f.Login, Key: key, Name: f.Name, Role: f.Role, Origin: f.Origin,
		Standing: identity.Invited, Created: s.opt.Now()}
	if a.Groups, ok = identity.Groups(f.Groups); !ok {
		return identity.Account{}, bad(groupWords)
	}
	switch {
	case identity.LooksLikeEmail(f.Login):
		if f.Email != "" && !strings.EqualFold(f.Email, f.Login) {
			return identity.Account{}, bad("A login that is an email address is also the account’s address. Leave the email field empty, or choose another login.")
		}
		a.Email = f.Login
	case f.Email != "" && !identity.LooksLikeEmail(f.Email):
		return identity.Account{}, bad("Enter an email address such as ada@example.com.")
	default:
		a.Email = f.Email
	}
	return a, nil
}

// fitName gives a person's name as it is kept; none at all is fit, too.
func fitName(name string) (string, error) {
	kept, fit := identity.Name(name)
	if identity.TooLong(kept, maxName) {
		return "", bad("A name can have at most 100 characters.")
	}
	if !fit {
		return "", bad("A name can contain only visible characters.")
	}
	return kept, nil
}

// hash checks and hashes a new password, when it is the turn of the address
// range that asks.
func (s *Service) hash(ctx context.Context, chosen string, a identity.Account, from string) (identity.Hidden, error) {
	if problem := password.Check(chosen, a.Login, a.Name, a.Email, s.opt.Brand); problem != "" {
		return "", bad(problem)
	}
	var phc string
	err := login.Busied(s.hasher.Do(ctx, from, func() (err error) {
		phc, err = s.hasher.Hash(chosen)
		return err
	}))
	return identity.Hidden(phc), err
}

// Create makes an account. With a password it can sign in at once; without,
// it gets a one-time invite link, which is given back and, where the account
// has an address and by is not empty, mailed.
func (s *Service) Create(ctx context.Context, f Form, by string, actor identity.Event) (link string, err error) {
	_, link, err = s.create(ctx, f, maker{name: by, event: actor})
	return link, err
}

// maker is who makes an account.
type maker struct {
	name  string // said in the mail with the invite; empty mails none
	event identity.Event
	by    By // an admin on the screens, who is shown the link
}

// create also gives the id of the new account.
func (s *Service) create(ctx context.Context, f Form, m maker) (id, link string, err error) {
	a, err := s.prepare(f)
	if err != nil {
		return "", "", err
	}
	if f.Password != "" {
		if a.Password, err = s.hash(ctx, f.Password, a, f.From); err != nil {
			return "", "", err
		}
		a.PasswordChanged, a.Standing = a.Created, identity.Active
	}
	err = s.store.Act(ctx, func(tx login.Act) (identity.Event, error) {
		e := m.event
		e.At, e.Kind, e.AccountID, e.Detail = s.opt.Now(), identity.EventAccountCreated, a.ID, string(a.Role)
		if f.Origin == "setup" {
			if err := tx.Lock(ctx, login.LockSetup); err != nil { // another process may be at it too
				return e, err
			}
			if n, err := s.store.CountAccounts(ctx); err != nil || n > 0 {
				return e, cmp.Or(err, identity.Refuse(identity.Gone, ""))
			}
		}
		if m.event.Actor == "admin" || m.event.Actor == "api" {
			if err := s.allowed(ctx, tx, m.by); err != nil {
				return e, err
			}
		}
		_, err := tx.AccountByName(ctx, a.Key) // also one that proved this address
		if err == nil {
			return e, identity.Refuse(identity.Bad, "This login is taken.")
		}
		if !errors.Is(err, identity.ErrNotFound) {
			return e, err
		}
		err = tx.InsertAccount(ctx, a)
		if errors.Is(err, identity.ErrTaken) {
			return e, identity.Refuse(identity.Bad, taken)
		}
		if err != nil {
			return e, err
		}
		if a.Standing == identity.Invited {
			if link, err = s.invite(ctx, tx, a, m.name); err != nil {
				return e, err
			}
			if err := s.show(ctx, tx, m.by, a.ID, link); err != nil {
				return e, err
			}
		}
		return e, nil
	})
	return a.ID, link, err
}

// Empty says whether no account exists yet.
func (s *Service) Empty(ctx context.Context) (bool, error) {
	n, err := s.store.CountAccounts(ctx)
	return n == 0, err
}

// Rename changes a person's name.
func (s *Service) Rename(ctx context.Context, v *login.Visit, name string, c identity.Client) error {
	name, err := fitName(name)
	if err != nil {
		return err
	}
	return s.store.Act(ctx, func(tx login.Act) (none identity.Event, err error) {
		a, err := tx.LockAccount(ctx, v.Account.ID)
		if err != nil {
			return none, err
		}
		a.Name = name
		return s.event(identity.EventNameChanged, a.ID, v, c), tx.SaveAccount(ctx, a)
	})
}

// event is something that a signed-in person, or nobody, did to an account.
func (s *Service) event(kind identity.EventKind, accountID string, v *login.Visit, c identity.Client) identity.Event {
	e := identity.Event{At: s.opt.Now(), Kind: kind, AccountID: accountID, Actor: "self", Address: c.Address, Browser: c.Browser}
	if v != nil {
		e.ActorID, e.Level = v.Account.ID, v.Session.Level
		if v.Account.ID != accountID {
			e.Actor = "admin"
		}
	}
	return e
}
