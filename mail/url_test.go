package mail

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
)

func TestParseURL(t *testing.T) {
	for raw, want := range map[string]string{
		"dir:data/mail":                             "dir:data/mail",
		"dir:/var/mail x":                           "dir:/var/mail x",
		"smtp://mail.example.com":                   "smtp://mail.example.com:587",
		"smtp://mail.example.com:2525/":             "smtp://mail.example.com:2525",
		"SMTPS://ada:s%2Fecret@mail.example.com":    "smtps://ada:xxxxx@mail.example.com:465",
		"smtp://ada:secret@127.0.0.1:25?tls=none":   "smtp://ada:xxxxx@127.0.0.1:25?tls=none",
		"smtp://localhost:25?tls=none":              "smtp://localhost:25?tls=none",
		"smtp://[::1]:25?tls=none":                  "smtp://[::1]:25?tls=none",
		"smtp://ada%40example.com:x@example.com:25": "smtp://ada%40example.com:xxxxx@example.com:25",
	} {
		c, err := ParseURL(raw)
		if err != nil || c.String() != want {
			t.Errorf("ParseURL(%q) = %s, %v; want %s", raw, c, err, want)
		}
	}
}

func TestParseURLRefuses(t *testing.T) {
	for raw, want := range map[string]error{
		"":                                         errURLForm,
		"mail.example.com:25":                      errURLForm,
		"http://example.com":                       errURLForm,
		"smtp:example.com":                         errURLForm,
		"smtp://":                                  errURLForm,
		"smtp://ada:hunter2@":                      errURLForm,
		"smtp://ada:hunter2@example.com/x":         errURLForm,
		"smtp://ada:hun/ter2@example.com":          errURLForm,
		"smtp://ada:hunter2@example.com#x":         errURLForm,
		"smtp://ada:hunter2@example.com:99999":     errURLPort,
		"smtp://ada:hunter2@example.com:0":         errURLPort,
		"smtp://ada@example.com":                   errURLLogin,
		"smtp://:hunter2@example.com":              errURLLogin,
		"smtp://ada:hunter2%0d%0a@example.com":     errURLLogin,
		"smtp://ada:hunter2@example.com?tls=no":    errURLQuery,
		"smtps://ada:hunter2@127.0.0.1?tls=none":   errURLQuery,
		"smtp://ada:hunter2@example.com?tls=none":  errURLPlain,
		"smtp://ada:hunter2@localhost.de?tls=none": errURLPlain,
		"smtp://ada:hunter2@10.0.0.1:25?tls=none":  errURLPlain,
		"dir:":       errURLDir,
		"dir: ":      errURLDir,
		"dir:a\x00b": errURLDir,
	} {
		if _, err := ParseURL(raw); err != want {
			t.Errorf("ParseURL(%q) = %v; want %v", raw, err, want)
		}
	}
}

// printed is everything that printing or logging a Config can show.
func printed(c Config) string {
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "mail", c, "in", struct{ C Config }{c})
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "mail", c, "in", struct{ c Config }{c})
	open, _ := c.Open(TransportOptions{})
	return log.String() + fmt.Sprintf("%v %+v %#v %s %q", c, c, c, c, c) +
		fmt.Sprintf("%v %+v %#v", struct{ c Config }{c}, &struct{ C Config }{c}, struct{ c *Config }{&c}) +
		fmt.Sprintf("%v %+v %#v", open, open, open)
}

func TestPasswordIsNeverPrinted(t *testing.T) {
	c, err := ParseURL("smtp://ada:hunter2@example.com:25")
	if err != nil || *c.pass != "hunter2" {
		t.Fatal(err)
	}
	if out := printed(c); strings.Contains(out, "hunter2") {
		t.Error("the password is in", out)
	}
}

func TestOpenNeedsAParsedURL(t *testing.T) {
	if _, err := (Config{}).Open(TransportOptions{}); !errors.Is(err, errURLForm) {
		t.Error(err)
	}
}

func FuzzParseURL(f *testing.F) {
	for _, raw := range []string{"dir:x", "smtp://ada:hunter2@127.0.0.1:25?tls=none", "smtps://u:p%2F@[::1]", "smtp://%zz", "smtp://a:b@c:1#d"} {
		f.Add(raw)
	}
	fixed := []error{errURLForm, errURLDir, errURLPort, errURLLogin, errURLQuery, errURLPlain}
	f.Fuzz(func(t *testing.T, raw string) {
		c, err := ParseURL(raw)
		if err != nil {
			if !slices.Contains(fixed, err) {
				t.Errorf("%q: %v is not one of the fixed sentences", raw, err)
			}
			return
		}
		if c.plain && !loopback(c.host) {
			t.Errorf("%q goes without TLS to %s", raw, c.host)
		}
		if c.pass == nil {
			return
		}
		// The same URL with another password prints the same.
		other := "another"
		twin := c
		twin.pass = &other
		if c.String() != twin.String() || c.GoString() != twin.GoString() {
			t.Errorf("%q: the password shows in %s", raw, c)
		}
	})
}
