// Package site is Nightlatch inside another Go program: its pages as a handler,
// and guards for the pages of the application around it. It is what nightlatch serve
// is made of, and reads no environment.
package site

import (
	"context"
	"io/fs"
	"log/slog"

	"nightlatch.example/nightlatch/internal/wiring"
)

// Options are what a site can be told. Each text is written as in the NIGHTLATCH_
// variable of docs/settings.md with the same words; an empty one takes the default
// that is said there.
type Options struct {
	URL            string // public address; its path is the prefix under which the site lives
	Name           string // brand, and issuer in authenticator apps
	Data           string // folder of the embedded defaults
	Database       string // sqlite:PATH or postgres://…
	Keys           string // keyset file
	Mail           string // dir:PATH, smtp://… or smtps://…
	MailFrom       string // sender
	MailHelo       string // name in EHLO
	Registration   string // invite or open
	TrustedProxies string // CIDRs whose X-Forwarded-For is believed
	Home           string // where a sign-in ends that was asked for by no page: any path of the host
	Domain         string // parent domain of the applications behind forward-auth
	Rules          string // file of access rules for forward-auth
	LoginTTL       string // from the password to the last factor
	CodeTTL        string // life of an emailed code
	CodeCooldown   string // between two codes to one account
	ConfirmTTL     string // how long a confirmation lasts
	SessionIdle    string // after which an unused session ends
	SessionMax     string // after which any session ends
	TrustTTL       string // how long a browser is trusted; 0 switches trust off
	LockAfter      string // failures in a row before the first wait
	LockWait       string // the first wait; it doubles
	LockDisable    string // failures in a row that switch a kind off
	Gallery        bool   // show every screen at /_screens, for development

	Views fs.FS        // templates and static files that replace the built-in ones by name; may be nil
	Log   *slog.Logger // nil: slog.Default()
}

// Site is a site that serves until Close.
type Site struct{ in *wiring.Site }

// Open opens a site. Database and keys are made where there are none; a PostgreSQL
// database in use must be migrated already, by nightlatch migrate up. A bad option is
// refused with a sentence that names its variable.
func Open(ctx context.Context, o Options) (*Site, error) {
	in, err := wiring.Open(ctx, wiring.Options(o))
	if err != nil {
		return nil, err
	}
	return &Site{in}, nil
}

// Close ends what goes on beside requests, such as the sending of mail, and closes
// the database. The handler and the guards must not be used after it.
func (s *Site) Close() error { return s.in.Close() }

// SetupLink is where the first admin is made; empty where there is an account. It
// works once, in this process only, and is kept nowhere: print it for the operator.
func (s *Site) SetupLink() string { return s.in.SetupLink() }
