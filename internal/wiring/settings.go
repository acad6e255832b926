package wiring

import (
	"cmp"
	"fmt"
	"io/fs"
	"log/slog"
	"net/url"
	"path/filepath"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rivo/uniseg"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/store"
)

// Settings are checked options, and what no option can say but commands and
// tests set. They are not promised to host applications.
type Settings struct {
	Data, Database, Keys, From, Helo string
	Mail                             mail.Config
	Open, Gallery                    bool // anyone may register; all screens are shown
	Proxies                          routes.Proxies
	Home, Domain                     string // Home is empty for the profile
	Rules                            *Rules // nil where there are none
	Login                            login.Options
	Views                            fs.FS
	Log                              *slog.Logger

	Make     bool                              // database and keys where there are none
	Upgrade  bool                              // migrate a PostgreSQL database in use, too
	Thorough bool                              // check the whole database before it is used
	Cost     password.Cost                     // of password hashes, its memory also of recovery codes; zero: as shipped
	Slots    int                               // password hashes at once; 0: one for each core
	Queue    int                               // how many wait for one; 0: 64 for each
	Kinds    func(factors.Kinds) factors.Kinds // changes the kinds of factor; may be nil
	Progress func(string)                      // gets the progress of a migration every three seconds; nil: the log gets it, less often
	Made     Made

	Transport mail.Transport // carries mail instead of Mail; may be nil
	AtOnce    int            // mails of a lane that are sent at the same time; 0: as many as the lane has senders
}

// Check turns options into settings. It stops at the first bad value with one
// sentence that names the variable. A value that may hold a secret is not
// shown.
func (o Options) Check() (s Settings, err error) {
	r := &reader{shipped: Defaults(o), err: Clean(o)}
	s.Data = r.path("NIGHTLATCH_DATA", "", r.either("NIGHTLATCH_DATA", o.Data))
	s.Database = r.database(cmp.Or(o.Database, "sqlite:"+filepath.Join(s.Data, "nightlatch.db")))
	s.Keys = r.path("NIGHTLATCH_KEYS", "", cmp.Or(o.Keys, filepath.Join(s.Data, "keys.json")))
	s.From = r.sender(r.either("NIGHTLATCH_MAIL_FROM", o.MailFrom))
	s.Gallery, s.Views, s.Log = o.Gallery, o.Views, o.Log
	if s.Log == nil {
		s.Log = slog.Default()
	}
	s.Open = r.oneOf("NIGHTLATCH_REGISTRATION", r.either("NIGHTLATCH_REGISTRATION", o.Registration), "invite", "open") == "open"
	if strings.HasPrefix(o.Mail, "dir:") {
		r.path("NIGHTLATCH_MAIL", "dir:", o.Mail)
	}
	if s.Mail, err = mail.ParseURL(cmp.Or(o.Mail, "dir:"+filepath.Join(s.Data, "mail"))); err != nil {
		r.bad("NIGHTLATCH_MAIL", "cannot be used: %v", err)
	}
	if s.Proxies, err = routes.ParseProxies(o.TrustedProxies); err != nil {
		r.bad("NIGHTLATCH_TRUSTED_PROXIES", "cannot be used: %v", err)
	}
	s.Login = o.loginOptions(r)
	s.Domain = r.domain(o.Domain, s.Login.Host)
	to := routes.Destinations{Scheme: scheme(s.Login.URL), Domain: s.Domain, Own: s.Login.Host, Prefix: prefixOf(s.Login.URL)}
	s.Home = r.home(r.either("NIGHTLATCH_HOME", o.Home), to)
	s.Rules = r.rules(o.Rules, to)
	if s.Helo, err = mail.ASCIIHost(cmp.Or(o.MailHelo, s.Login.Host)); err != nil && r.err == nil {
		r.bad("NIGHTLATCH_MAIL_HELO", "must be a host name such as login.example.com, or an IP address, not %q", cmp.Or(o.MailHelo, s.Login.Host))
	}
	return s, r.err
}

func (o Options) loginOptions(r *reader) login.Options {
	l := login.Options{
		Brand:        r.text("NIGHTLATCH_NAME", r.either("NIGHTLATCH_NAME", o.Name)),
		LoginTTL:     r.span("NIGHTLATCH_LOGIN_TTL", o.LoginTTL, time.Millisecond, 24*time.Hour),
		CodeTTL:      r.span("NIGHTLATCH_CODE_TTL", o.CodeTTL, time.Millisecond, 10*time.Minute),
		CodeCooldown: r.span("NIGHTLATCH_CODE_COOLDOWN", o.CodeCooldown, 0, 24*time.Hour),
		ConfirmTTL:   r.span("NIGHTLATCH_CONFIRM_TTL", o.ConfirmTTL, time.Millisecond, 24*time.Hour),
		SessionIdle:  r.span("NIGHTLATCH_SESSION_IDLE", o.SessionIdle, time.Millisecond, year),
		SessionMax:   r.span("NIGHTLATCH_SESSION_MAX", o.SessionMax, time.Millisecond, year),
		TrustTTL:     r.span("NIGHTLATCH_TRUST_TTL", o.TrustTTL, 0, year),
		LockAfter:    r.failures("NIGHTLATCH_LOCK_AFTER", o.LockAfter),
		LockWait:     r.span("NIGHTLATCH_LOCK_WAIT", o.LockWait, time.Millisecond, login.LockWaitMax),
		LockDisable:  r.failures("NIGHTLATCH_LOCK_DISABLE", o.LockDisable),
		Now:          time.Now,
	}
	l.URL, l.Host = r.origin(r.either("NIGHTLATCH_URL", o.URL))
	o.agree(r, &l)
	return l
}

// year is the longest that any duration may be.
const year = 365 * 24 * time.Hour

// reader reads values and keeps the first error.
type reader struct {
	shipped map[string]string // the defaults, by variable
	err     error
}

func (r *reader) bad(name, format string, args ...any) {
	if r.err == nil {
		r.err = BadValue(name, format, args...)
	}
}

// BadValue is the error about a value that stops the start. It names the
// variable and the flag.
func BadValue(name, format string, args ...any) error {
	flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, "NIGHTLATCH_"), "_", "-"))
	return fmt.Errorf("%s (%s) %s", name, flag, fmt.Sprintf(format, args...))
}

// either is a value, or its default where it is empty.
func (r *reader) either(name, value string) string { return cmp.Or(value, r.shipped[name]) }

// span reads a duration between two bounds.
func (r *reader) span(name, value string, least, most time.Duration) time.Duration {
	value = r.either(name, value)
	d, err := time.ParseDuration(value)
	if value == "0" {
		d, err = 0, nil
	}
	if err != nil || d < least || d > most {
		r.bad(name, "must be a duration from %s to %s such as %s, not %q", least, most, r.shipped[name], value)
	}
	return d
}

// mostFailures is how many failures in a row any limit may let pass (NIST SP
// 800-63B-4 §3.2.2).
const mostFailures = 100

// failures reads a number of failures in a row.
func (r *reader) failures(name, value string) int {
	value = r.either(name, value)
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > mostFailures {
		r.bad(name, "must be a whole number from 1 to %d such as %s, not %q; NIST SP 800-63B allows no more failures in a row",
			mostFailures, r.shipped[name], value)
	}
	return n
}

// origin reads the public address: scheme, host and port, without a path.
func (r *reader) origin(value string) (origin, host string) {
	origin, host, err := browserOrigin(value)
	if err != nil {
		r.bad("NIGHTLATCH_URL", "must be an origin such as https://login.example.com, perhaps with a path such as /auth, not %q", redact(value))
	}
	return origin, host
}

// redact shows an address without its password.
func redact(value string) string {
	if u, err := url.Parse(value); err == nil {
		return u.Redacted()
	}
	return "…"
}

func (r *reader) database(value string) string {
	if strings.HasPrefix(value, "sqlite:") {
		return r.sqlite(value)
	}
	if !strings.HasPrefix(value, "postgres://") && !strings.HasPrefix(value, "postgresql://") {
		r.bad("NIGHTLATCH_DATABASE", "must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")
	} else if err := store.CheckURL(value); err != nil {
		r.bad("NIGHTLATCH_DATABASE", "%v", err)
	}
	return value
}

func (r *reader) sender(value string) string {
	from, err := mail.Sender(value)
	if err != nil {
		r.bad("NIGHTLATCH_MAIL_FROM", "must be an address such as Nightlatch <nightlatch@example.com>, with only ASCII before the @, not %q", value)
	}
	return from
}

func (r *reader) oneOf(name, value string, allowed ...string) string {
	for _, a := range allowed {
		if value == a {
			return value
		}
	}
	r.bad(name, "must be %s, not %q", strings.Join(allowed, " or "), value)
	return allowed[0]
}

// What a name may have: characters as people count them, and bytes, since it
// stands twice in a QR code (see factors) and in the sender of every mail.
const (
	mostCharacters = 64
	mostBytes      = 200
)

// text reads a short name that fits in a header and on a phone.
func (r *reader) text(name, value string) string {
	switch {
	case !utf8.ValidString(value) || strings.Contains(value, ":") || uniseg.GraphemeClusterCount(value) > mostCharacters:
		r.bad(name, "must be a name of at most %d characters without a colon, not %q", mostCharacters, value)
	case identity.Shown(value) == "":
		r.bad(name, "shows nothing: take a name that can be read")
	case len(value) > mostBytes:
		r.bad(name, "has %d bytes in UTF-8, and a QR code has room for %d: take a shorter name", len(value), mostBytes)
	}
	return value
}
