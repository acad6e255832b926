package commands

import (
	"io"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"nightlatch.example/nightlatch/internal/wiring"
	"nightlatch.example/nightlatch/login"
)

// A configuration is refused in one line that names the variable and tells no
// password, or it holds only what the rules can work with.
func FuzzSettings(f *testing.F) {
	f.Add("https://login.example.com", "Nightlatch", "127.0.0.1:8080", "postgres://u:hunter2@h/d", "smtp://u:hunter2@localhost:25?tls=none", "N <n@e.com>", "10.0.0.0/8", "10m", "5")
	f.Add("http://user:hunter2@x", "a:b", ":x", "mysql://u:hunter2@h", "smtps://u:hunter2@h:99999", "\r\nBcc: a", "x/y", "-1s", "0")
	f.Add("", "", "", "", "", "", "", "", "")
	f.Fuzz(func(t *testing.T, url, name, addr, database, mail, from, proxies, span, count string) {
		x := Flags{Addr: addr, MetricsAddr: addr, Options: wiring.Options{URL: url, Name: name, Database: database, Mail: mail, MailFrom: from, TrustedProxies: proxies,
			LoginTTL: span, CodeTTL: span, CodeCooldown: span, ConfirmTTL: span, SessionIdle: span, SessionMax: span, TrustTTL: span, LockWait: span,
			LockAfter: count, LockDisable: count}}
		s, err := x.check(Streams{Err: io.Discard})
		if err != nil {
			if said := err.Error(); !strings.HasPrefix(said, "NIGHTLATCH_") || strings.ContainsAny(said, "\r\n") {
				t.Errorf("%q", said)
			}
			return
		}
		o := s.Login
		switch {
		case !strings.HasPrefix(o.URL, "http://") && !strings.HasPrefix(o.URL, "https://"), strings.HasSuffix(o.URL, "/"), o.Host == "", strings.ContainsAny(o.URL, "\r\n\"<> "):
			t.Errorf("origin %q, host %q", o.URL, o.Host)
		case o.CodeTTL > 10*time.Minute, o.LockWait > login.LockWaitMax, o.LockAfter < 1, o.LockDisable < 1, o.LoginTTL <= 0, o.SessionMax <= 0, o.TrustTTL < 0:
			t.Errorf("numbers: %+v", o)
		case strings.ContainsAny(o.Brand+s.From, "\r\n"), !utf8.ValidString(o.Brand), o.Brand == "":
			t.Errorf("brand %q, sender %q", o.Brand, s.From)
		}
	})
}
