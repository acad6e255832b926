package wiring

import (
	"context"
	"io/fs"
	"log/slog"
	"reflect"
)

// Options are what a site can be told. Each text is written as in the
// NIGHTLATCH_ variable of its tag; an empty one takes the default of its tag,
// or what its help says. A default is written in these tags and nowhere else.
type Options struct {
	URL            string `env:"NIGHTLATCH_URL" name:"url" default:"http://localhost:8080" help:"Public address: links in emails, cookies, origin checks. Its path, if it has one, is where the site lives."`
	Name           string `env:"NIGHTLATCH_NAME" name:"brand" hidden:"" default:"Nightlatch" help:"The same as --name of serve; user add has a --name of its own."`
	Data           string `env:"NIGHTLATCH_DATA" default:"data" help:"Folder of the embedded defaults."`
	Database       string `env:"NIGHTLATCH_DATABASE" secret:"true" placeholder:"sqlite:DATA/nightlatch.db" help:"sqlite:PATH or postgres://…"`
	Keys           string `env:"NIGHTLATCH_KEYS" placeholder:"DATA/keys.json" help:"Keyset file, for its owner only."`
	Mail           string `env:"NIGHTLATCH_MAIL" secret:"true" placeholder:"dir:DATA/mail" help:"dir:PATH, smtp://USER:PASS@HOST:PORT or smtps://…"`
	MailFrom       string `env:"NIGHTLATCH_MAIL_FROM" default:"Nightlatch <nightlatch@localhost>" help:"Sender."`
	MailHelo       string `env:"NIGHTLATCH_MAIL_HELO" placeholder:"HOST" help:"Name in EHLO; default the host of NIGHTLATCH_URL."`
	Registration   string `env:"NIGHTLATCH_REGISTRATION" default:"invite" help:"invite or open."`
	TrustedProxies string `env:"NIGHTLATCH_TRUSTED_PROXIES" placeholder:"CIDR,…" help:"Proxies whose X-Forwarded-For is believed."`
	Home           string `env:"NIGHTLATCH_HOME" default:"/profile" help:"Where a sign-in ends that was asked for by no page: a path, or a URL under NIGHTLATCH_DOMAIN."`
	Domain         string `env:"NIGHTLATCH_DOMAIN" placeholder:"example.com" help:"Parent domain of the applications behind forward-auth."`
	Rules          string `env:"NIGHTLATCH_RULES" placeholder:"FILE" help:"File of access rules for forward-auth; SIGHUP reads it again."`
	LoginTTL       string `env:"NIGHTLATCH_LOGIN_TTL" name:"login-ttl" default:"10m" help:"Time from the password to the last factor."`
	CodeTTL        string `env:"NIGHTLATCH_CODE_TTL" name:"code-ttl" default:"5m" help:"Lifetime of an emailed code, at most 10m."`
	CodeCooldown   string `env:"NIGHTLATCH_CODE_COOLDOWN" default:"60s" help:"Shortest time between two codes to one account."`
	ConfirmTTL     string `env:"NIGHTLATCH_CONFIRM_TTL" name:"confirm-ttl" default:"5m" help:"How long a confirmation lasts."`
	SessionIdle    string `env:"NIGHTLATCH_SESSION_IDLE" default:"2h" help:"Time after which an unused session ends."`
	SessionMax     string `env:"NIGHTLATCH_SESSION_MAX" default:"24h" help:"Time after which any session ends."`
	TrustTTL       string `env:"NIGHTLATCH_TRUST_TTL" name:"trust-ttl" default:"720h" help:"How long a browser is trusted; 0 switches trust off."`
	LockAfter      string `env:"NIGHTLATCH_LOCK_AFTER" default:"5" help:"Failures in a row before the first wait."`
	LockWait       string `env:"NIGHTLATCH_LOCK_WAIT" default:"30s" help:"The first wait; it doubles."`
	LockDisable    string `env:"NIGHTLATCH_LOCK_DISABLE" default:"50" help:"Failures in a row that switch a kind off."`
	Gallery        bool   `env:"NIGHTLATCH_GALLERY" hidden:"" help:"Show every screen at /_screens, for development."`

	Views fs.FS        `kong:"-"` // templates and static files that replace the built-in ones by name; may be nil
	Log   *slog.Logger `kong:"-"` // nil: slog.Default()
}

// Open opens a site that serves until Close. Database and keys are made where
// there are none; a PostgreSQL database in use must be migrated already. It reads
// no environment. A bad option is refused with a sentence that names its variable.
func Open(ctx context.Context, o Options) (*Site, error) {
	set, err := o.Check()
	if err != nil {
		return nil, err
	}
	set.Make = true
	s, err := Begin(ctx, set)
	if err != nil {
		return nil, err
	}
	if err = s.Prepare(ctx, nil); err == nil {
		err = s.Start(ctx)
	}
	if err != nil {
		_ = s.Close()
		return nil, err
	}
	return s, nil
}

// Defaults gives the default of each variable that has one in the tags of a
// struct of options.
func Defaults(options any) map[string]string {
	shipped := map[string]string{}
	for _, f := range reflect.VisibleFields(reflect.TypeOf(options)) {
		if text, has := f.Tag.Lookup("default"); has {
			shipped[f.Tag.Get("env")] = text
		}
	}
	return shipped
}
