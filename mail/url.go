package mail

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
)

// What can be wrong with a mail URL. The sentences quote nothing of it, because
// in a mistyped URL the password may stand in any part.
var (
	errURLForm  = errors.New("must be dir:PATH, smtp://USER:PASS@HOST:PORT or smtps://USER:PASS@HOST:PORT; special characters in USER and PASS are written as %XX")
	errURLDir   = errors.New("dir: needs the path of a folder after it")
	errURLPort  = errors.New("the port must be a number from 1 to 65535")
	errURLLogin = errors.New("a user needs a password and a password needs a user, both without control characters")
	errURLQuery = errors.New("after the port only ?tls=none is understood, and only with smtp://")
	errURLPlain = errors.New("?tls=none is allowed only for localhost, 127.0.0.1 and ::1")
)

// Config says where mail goes. The zero value is not usable: see ParseURL.
type Config struct {
	dir    string
	scheme string
	host   string
	port   int
	plain  bool // no TLS
	user   string
	// A pointer, so that printing a struct that holds a Config never follows it.
	pass *string
}

// Folder is where dir:PATH writes; empty for a mail server.
func (c Config) Folder() string { return c.dir }

// TransportOptions are the parts of a transport that are not in the URL. All
// may be left out.
type TransportOptions struct {
	TLS   *tls.Config      // roots and the like; the server's name is filled in
	Hello string           // name in EHLO, see ASCIIHost; default the machine's name
	Now   func() time.Time // clock for the names of .eml files; default time.Now
}

// ParseURL reads dir:PATH, smtp://USER:PASS@HOST:PORT (STARTTLS is required;
// ?tls=none switches it off for loopback hosts) and smtps://USER:PASS@HOST:PORT.
// User and password may be left out, the port too: 587 for smtp and 465 for
// smtps (RFC 6409, RFC 8314). Its errors are the ErrURL sentences above.
func ParseURL(raw string) (Config, error) {
	if path, ok := strings.CutPrefix(raw, "dir:"); ok {
		if strings.TrimSpace(path) == "" || strings.ContainsRune(path, 0) {
			return Config{}, errURLDir
		}
		return Config{scheme: "dir", dir: path}, nil
	}
	u, err := url.Parse(raw)
	if err != nil || u.Opaque != "" || u.Hostname() == "" || strings.Trim(u.Path, "/") != "" || u.Fragment != "" {
		return Config{}, errURLForm
	}
	c := Config{scheme: u.Scheme, host: u.Hostname()}
	switch u.Scheme {
	case "smtp":
		c.port = 587
	case "smtps":
		c.port = 465
	default:
		return Config{}, errURLForm
	}
	if c.port, err = parsePort(u.Port(), c.port); err != nil {
		return Config{}, err
	}
	if err := c.parseLogin(u.User); err != nil {
		return Config{}, err
	}
	return c, c.parseQuery(u.RawQuery)
}

func parsePort(text string, fallback int) (int, error) {
	if text == "" {
		return fallback, nil
	}
	port, err := strconv.Atoi(text)
	if err != nil || port < 1 || port > 65535 {
		return 0, errURLPort
	}
	return port, nil
}

func (c *Config) parseLogin(info *url.Userinfo) error {
	pass, _ := info.Password()
	c.user = info.Username()
	if (c.user == "") != (pass == "") || strings.ContainsFunc(c.user+pass, unicode.IsControl) {
		return errURLLogin
	}
	if pass != "" {
		c.pass = &pass
	}
	return nil
}

func (c *Config) parseQuery(query string) error {
	switch {
	case query == "":
		return nil
	case query != "tls=none" || c.scheme != "smtp":
		return errURLQuery
	case !loopback(c.host):
		return errURLPlain
	}
	c.plain = true
	return nil
}

func loopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return strings.EqualFold(host, "localhost") || err == nil && ip.IsLoopback()
}

// Open makes the transport. For a folder it makes the folder; for a server it
// connects to nothing yet.
func (c Config) Open(o TransportOptions) (Transport, error) {
	switch c.scheme {
	case "dir":
		return openDir(c.dir, o)
	case "smtp", "smtps":
		return newSMTP(c, o), nil
	}
	return nil, errURLForm
}

// String is the URL without the password.
func (c Config) String() string {
	if c.scheme == "dir" {
		return "dir:" + c.dir
	}
	u := url.URL{Scheme: c.scheme, Host: net.JoinHostPort(c.host, strconv.Itoa(c.port))}
	if c.user != "" {
		u.User = url.UserPassword(c.user, "hidden")
	}
	if c.plain {
		u.RawQuery = "tls=none"
	}
	return u.Redacted()
}

// GoString keeps %#v as silent as String.
func (c Config) GoString() string { return c.String() }

// MarshalText keeps structured logs as silent as String.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }
