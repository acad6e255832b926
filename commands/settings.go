package commands

import (
	"fmt"
	"log/slog"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/password"
	"nightlatch.example/nightlatch/routes"
)

// settings are the configuration, checked.
type settings struct {
	addr, metrics, data, database, keys, from, helo, views string
	mail                                                   mail.Config
	open, gallery                                          bool
	thorough                                               bool // look through the database before it is used
	proxies                                                routes.Proxies
	level                                                  slog.Level
	cost                                                   password.Cost
	login                                                  login.Options
}

// check turns flags into settings. The first bad value ends it with one
// sentence that names the variable; a value that may hold a secret is not shown.
func (f *Flags) check() (s settings, err error) {
	r := &reader{}
	f.readFiles(r)
	f.clean(r)
	s.data = r.path("NIGHTLATCH_DATA", "", either(f.Data, "data"))
	s.addr = r.hostPort("NIGHTLATCH_ADDR", either(f.Addr, "127.0.0.1:8080"))
	s.metrics = r.hostPort("NIGHTLATCH_METRICS_ADDR", f.MetricsAddr)
	r.apart(s.addr, s.metrics)
	s.database = r.database(either(f.Database, "sqlite:"+filepath.Join(s.data, "nightlatch.db")))
	s.keys = r.path("NIGHTLATCH_KEYS", "", either(f.Keys, filepath.Join(s.data, "keys.json")))
	s.from = r.sender(either(f.MailFrom, "Nightlatch <nightlatch@localhost>"))
	s.views = r.folder("NIGHTLATCH_VIEWS", f.Views)
	s.gallery, s.cost = f.Gallery, password.DefaultCost
	s.open = r.oneOf("NIGHTLATCH_REGISTRATION", either(f.Registration, "invite"), "invite", "open") == "open"
	if err := s.level.UnmarshalText([]byte(either(f.Log, "info"))); err != nil {
		r.bad("NIGHTLATCH_LOG", "must be debug, info, warn or error, not %q", f.Log)
	}
	if strings.HasPrefix(f.Mail, "dir:") {
		r.path("NIGHTLATCH_MAIL", "dir:", f.Mail)
	}
	if s.mail, err = mail.ParseURL(either(f.Mail, "dir:"+filepath.Join(s.data, "mail"))); err != nil {
		r.bad("NIGHTLATCH_MAIL", "cannot be used: %v", err)
	}
	if s.proxies, err = routes.ParseProxies(f.TrustedProxies); err != nil {
		r.bad("NIGHTLATCH_TRUSTED_PROXIES", "cannot be used: %v", err)
	}
	s.login = f.loginOptions(r)
	if s.helo, err = mail.ASCIIHost(either(f.MailHelo, s.login.Host)); err != nil && r.err == nil {
		r.bad("NIGHTLATCH_MAIL_HELO", "must be a host name such as login.example.com, or an IP address, not %q", either(f.MailHelo, s.login.Host))
	}
	return s, r.err
}

func (f *Flags) loginOptions(r *reader) login.Options {
	o := login.Options{
		Brand:        r.text("NIGHTLATCH_NAME", either(f.Name, "Nightlatch")),
		LoginTTL:     r.span("NIGHTLATCH_LOGIN_TTL", f.LoginTTL, 10*time.Minute, time.Millisecond, 24*time.Hour),
		CodeTTL:      r.span("NIGHTLATCH_CODE_TTL", f.CodeTTL, 5*time.Minute, time.Millisecond, 10*time.Minute),
		CodeCooldown: r.span("NIGHTLATCH_CODE_COOLDOWN", f.CodeCooldown, time.Minute, 0, 24*time.Hour),
		ConfirmTTL:   r.span("NIGHTLATCH_CONFIRM_TTL", f.ConfirmTTL, 5*time.Minute, time.Millisecond, 24*time.Hour),
		SessionIdle:  r.span("NIGHTLATCH_SESSION_IDLE", f.SessionIdle, 2*time.Hour, time.Millisecond, year),
		SessionMax:   r.span("NIGHTLATCH_SESSION_MAX", f.SessionMax, 24*time.Hour, time.Millisecond, year),
		TrustTTL:     r.span("NIGHTLATCH_TRUST_TTL", f.TrustTTL, 720*time.Hour, 0, year),
		LockAfter:    r.failures("NIGHTLATCH_LOCK_AFTER", f.LockAfter, 5),
		LockWait:     r.span("NIGHTLATCH_LOCK_WAIT", f.LockWait, 30*time.Second, time.Millisecond, login.LockWaitMax),
		LockDisable:  r.failures("NIGHTLATCH_LOCK_DISABLE", f.LockDisable, 50),
		Now:          time.Now,
	}
	o.URL, o.Host = r.origin(either(f.URL, "http://localhost:8080"))
	f.agree(r, &o)
	return o
}

// year is the longest that anything may be configured to last.
const year = 365 * 24 * time.Hour

func either(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// reader reads values and keeps the first complaint.
type reader struct{ err error }

func (r *reader) bad(name, format string, args ...any) {
	flag := "--" + strings.ToLower(strings.ReplaceAll(strings.TrimPrefix(name, prefix), "_", "-"))
	r.complain(fmt.Errorf("%s (%s) %s", name, flag, fmt.Sprintf(format, args...)))
}

func (r *reader) complain(err error) {
	if r.err == nil {
		r.err = err
	}
}

// span reads a duration between two bounds.
func (r *reader) span(name, value string, fallback, least, most time.Duration) time.Duration {
	if value == "" {
		return fallback
	}
	d, err := time.ParseDuration(value)
	if value == "0" {
		d, err = 0, nil
	}
	if err != nil || d < least || d > most {
		r.bad(name, "must be a duration from %s to %s such as %s, not %q", least, most, fallback, value)
	}
	return d
}

// mostFailures is how many failures in a row any limit may let pass (NIST SP
// 800-63B-4 §3.2.2).
const mostFailures = 100

// failures reads a number of failures in a row.
func (r *reader) failures(name, value string, fallback int) int {
	if value == "" {
		return fallback
	}
	n, err := strconv.Atoi(value)
	if err != nil || n < 1 || n > mostFailures {
		r.bad(name, "must be a whole number from 1 to %d such as %d, not %q; more failures in a row than that are allowed nowhere (NIST SP 800-63B)",
			mostFailures, fallback, value)
	}
	return n
}

func (r *reader) hostPort(name, value string) string {
	if value == "" {
		return ""
	}
	_, port, err := net.SplitHostPort(value)
	n, notNumber := strconv.Atoi(port)
	if err != nil || notNumber != nil || n < 0 || n > 65535 {
		r.bad(name, "must look like 127.0.0.1:8080 or :8080, not %q", value)
	}
	return value
}

// origin reads the public address: scheme, host and port, nothing behind.
func (r *reader) origin(value string) (origin, host string) {
	origin, host, err := browserOrigin(value)
	if err != nil {
		r.bad("NIGHTLATCH_URL", "must be an origin such as https://login.example.com, without a path, not %q", redact(value))
	}
	return origin, host
}

// redact shows an address without a password in it.
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
	u, err := url.Parse(value)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" || u.Host == "" {
		r.bad("NIGHTLATCH_DATABASE", "must be sqlite:PATH or postgres://USER:PASSWORD@HOST:PORT/NAME")
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

func (r *reader) folder(name, value string) string {
	if value == "" {
		return ""
	}
	if info, err := os.Stat(value); err != nil || !info.IsDir() {
		r.bad(name, "must be a folder, and %q is none", value)
	}
	return value
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

// text reads a short name that fits in a header and on a phone.
func (r *reader) text(name, value string) string {
	if strings.ContainsFunc(value, func(c rune) bool { return c < ' ' || c == 0x7f }) || len(value) > 64 || strings.Contains(value, ":") {
		r.bad(name, "must be a name of at most 64 characters without a colon, not %q", value)
	}
	return value
}
