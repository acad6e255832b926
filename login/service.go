package login

import (
	"context"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/password"
)

// Options are the site's limits, times and name.
type Options struct {
	Brand string
	URL   string // public origin, no slash at the end
	Host  string // its host name, shown in mails

	LoginTTL     time.Duration // from the password to the last factor
	CodeTTL      time.Duration // life of an emailed code
	CodeCooldown time.Duration // between two codes to one account
	ConfirmTTL   time.Duration // how long a confirmation lasts
	SessionIdle  time.Duration
	SessionMax   time.Duration
	TrustTTL     time.Duration // 0: nothing is offered, nothing honoured

	LockAfter   int           // failures in a row before the first wait
	LockWait    time.Duration // that wait; it doubles up to LockWaitMax
	LockDisable int           // failures in a row that switch a kind off

	Now func() time.Time
}

// Numbers that no setting changes.
const (
	LockWaitMax      = 15 * time.Minute     // longest wait after failures
	FailureWindow    = 30 * 24 * time.Hour  // see FailuresInWindow
	FailuresInWindow = 100                  // failures of a kind within FailureWindow that switch it off (NIST SP 800-63B-4 §3.2.2)
	WarnAfter        = 20                   // failures of a kind within FailureWindow that its owner is told of
	AddressFailures  = 30                   // failed sign-in posts of one address in addressWindow
	addressWindow    = time.Minute          // see AddressFailures
	StrangerMails    = 10                   // forms of one address in strangerWindow that send mail for nobody signed in
	strangerWindow   = time.Minute          // see StrangerMails
	CodesPerHour     = 10                   // emailed codes to one account
	KnownTTL         = 400 * 24 * time.Hour // a browser that signed in stays known (the longest that cookies live)
	touchEvery       = time.Minute          // how exact "last used" is
	warnAgain        = time.Hour            // one "someone knows your password" mail in this time
	maxFactors       = 20                   // of one account; more is a mistake or an attack
	maxName          = 60                   // characters of a factor's name
	stalePendingPage = 100                  // pending logins swept at once
	busyWait         = time.Second          // when to come back to a full queue; it empties in about 1.6 s
)

// Service answers every question about getting in.
type Service struct {
	store  Store
	hasher *password.Hasher
	kinds  factors.Kinds
	opt    Options
	passes factors.MAC // nil: there are none
	visits keptVisits
	asking asking
}

// New makes the service with the kinds of factor that the site has.
func New(store Store, hasher *password.Hasher, opt Options, kinds factors.Kinds) *Service {
	return &Service{store: store, hasher: hasher, opt: opt, kinds: kinds}
}

// Options gives what the service was made with.
func (s *Service) Options() Options { return s.opt }

// Kinds are the kinds of factor that the site has.
func (s *Service) Kinds() factors.Kinds { return s.kinds }

// Knows says whether the site has a kind.
func (s *Service) Knows(k factors.Kind) bool { return s.kinds.Find(k) != nil }

// Now is the one clock.
func (s *Service) Now() time.Time { return s.opt.Now() }

// inTurn runs a job that hashes when the turn of the client's address comes.
// Busy means that the queue is full; the job has not run then.
func (s *Service) inTurn(ctx context.Context, c identity.Client, job func() error) error {
	return Busied(s.hasher.Do(ctx, c.Range, job))
}

// event begins an event about an account, done by a client.
func (s *Service) event(kind identity.EventKind, accountID string, c identity.Client) identity.Event {
	return identity.Event{At: s.Now(), Kind: kind, AccountID: accountID, Actor: "self", Address: c.Address, Browser: c.Browser}
}

// ForgivePassword ends the wait of an account whose password is new.
func (s *Service) ForgivePassword(ctx context.Context, tx Tx, a identity.Account) error {
	return tx.ClearThrottle(ctx, nameCounter(a.Key))
}

// Notice is a mail to an account's owner about something that a client did.
type Notice struct {
	Template identity.MailKind
	Account  identity.Account
	Client   identity.Client
}

// Tell posts a notice; more are pairs of a name and a value for its template. An
// account that cannot be told is told nothing: its activity page still shows it.
func (s *Service) Tell(ctx context.Context, tx Tx, n Notice, more ...string) error {
	if !Hears(n.Account, n.Template) {
		return nil
	}
	return tx.Post(ctx, s.notice(n, more...))
}

// notice is the mail of Tell.
func (s *Service) notice(n Notice, more ...string) identity.Mail {
	data := map[string]string{
		"login": n.Account.Login, "browser": n.Client.Browser, "address": n.Client.Shown,
		"time": s.Now().UTC().Format("2 January 2006, 15:04 UTC"), "link": s.opt.URL + "/profile",
	}
	for i := 0; i+1 < len(more); i += 2 {
		data[more[i]] = more[i+1]
	}
	return identity.Mail{Template: n.Template, To: n.Account.Email, AccountID: n.Account.ID, Data: data, Created: s.Now()}
}
