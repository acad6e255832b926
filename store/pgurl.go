package store

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/jackc/pgx/v5"
)

// What can be wrong with a PostgreSQL address. Nothing of the address is quoted,
// because a password may stand in any part of a mistyped one.
var (
	errPGForm    = errors.New("cannot be read; it looks like postgres://USER:PASSWORD@HOST:5432/NAME")
	errPGEscape  = errors.New("must have special characters of user and password written as %XX: / as %2F, @ as %40, ? as %3F, # as %23, % as %25. An @ behind the host is written as %40 too")
	errPGHost    = errors.New("names no server: write postgres://USER:PASSWORD@HOST:5432/NAME, or ?host=/run/postgresql for a socket")
	errPGName    = errors.New("has a host that is neither a name nor an IP address nor the folder of a socket; special characters of user and password are written as %XX")
	errPGPort    = errors.New("has a port that is no number from 1 to 65535; special characters of user and password are written as %XX")
	errPGQuery   = errors.New("has settings after ? that cannot be read; they look like ?sslmode=require&connect_timeout=5")
	errPGMode    = errors.New("has an sslmode that is none of disable, allow, prefer, require, verify-ca and verify-full")
	errPGSystem  = errors.New("has sslrootcert=system, which goes with sslmode=verify-full only")
	errPGRoot    = errors.New("has sslmode=verify-ca, which needs sslrootcert=FILE with the certificate that the server's is signed with")
	errPGTwice   = errors.New("says one of its settings twice: keep one of them")
	errPGAttrs   = errors.New("has target_session_attrs that are none of any, read-write, read-only, primary, standby and prefer-standby")
	errPGBinding = errors.New("has channel_binding=require, which is not done here: take it out, and use sslmode=verify-full to be sure of the server")
	errPGPair    = errors.New("needs sslcert and sslkey together, or neither")
	errPGTimeout = errors.New("has a connect_timeout that is no whole number of seconds")
	errPGOptions = errors.New("has options=…, which is not understood; write each setting by its own name, such as search_path=nightlatch")
)

// idle are settings of libpq that mean nothing here.
var idle = []string{"channel_binding", "gssencmode", "gsslib", "keepalives", "keepalives_idle", "keepalives_interval", "keepalives_count",
	"tcp_user_timeout", "sslcompression", "fallback_application_name", "load_balance_hosts"}

// setting is a name that PostgreSQL may have a setting under.
var setting = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.]*$`)

// CheckURL says what is wrong with the address of a database, before anything of
// it is looked up or dialled. The sentence goes on after a name, and quotes
// nothing of the address.
func CheckURL(address string) error {
	if strings.HasPrefix(address, "sqlite:") {
		return nil
	}
	_, _, err := readPostgres(address)
	return err
}

// readPostgres reads an address as libpq does. Want is what target_session_attrs
// asks of a server; empty for any.
func readPostgres(address string) (conf *pgx.ConnConfig, want string, err error) {
	query, err := splitPostgres(address)
	if err != nil {
		return nil, "", err
	}
	if err := checkQuery(query); err != nil {
		return nil, "", err
	}
	if conf, err = pgx.ParseConfig(address); err != nil {
		return nil, "", errPGForm
	}
	if query.Get("sslmode") == "verify-ca" && conf.TLSConfig != nil && conf.TLSConfig.RootCAs == nil {
		return nil, "", errPGRoot
	}
	for _, name := range idle {
		delete(conf.RuntimeParams, name)
	}
	if conf.User == "" {
		return nil, "", errors.New("names no user")
	}
	if conf.Database == "" {
		conf.Database = conf.User
	}
	if want = query.Get("target_session_attrs"); want == "any" {
		want = ""
	}
	return conf, want, nil
}

// splitPostgres takes an address apart by its separators alone, and gives what
// stands after the question mark.
func splitPostgres(address string) (url.Values, error) {
	scheme, rest, _ := strings.Cut(address, "://")
	if scheme != "postgres" && scheme != "postgresql" {
		return nil, errPGForm
	}
	authority, tail := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		authority, tail = rest[:i], rest[i:]
	}
	at := strings.LastIndexByte(authority, '@')
	if strings.ContainsAny(tail, "@#") || at != strings.IndexByte(authority, '@') {
		return nil, errPGEscape
	}
	path, raw, _ := strings.Cut(tail, "?")
	for _, part := range []string{authority[:max(at, 0)], path} {
		if _, err := url.PathUnescape(part); err != nil {
			return nil, errPGEscape
		}
	}
	if strings.Contains(strings.TrimPrefix(path, "/"), "/") {
		return nil, errPGForm
	}
	query, err := url.ParseQuery(raw)
	if err != nil {
		return nil, errPGQuery
	}
	return query, checkHosts(authority[at+1:], query)
}

// checkHosts looks at "HOST:PORT,HOST:PORT" and at host= and port=.
func checkHosts(list string, query url.Values) error {
	if list == "" && query.Get("host") == "" {
		return errPGHost
	}
	for _, host := range strings.Split(list, ",") {
		port := ""
		if i := strings.LastIndexByte(host, ':'); i > strings.LastIndexByte(host, ']') {
			host, port = host[:i], host[i+1:]
			if port == "" {
				return errPGPort
			}
		}
		name, err := url.PathUnescape(host)
		if err != nil || list != "" && !serverName(name) {
			return errPGName
		}
		if !serverPort(port) {
			return errPGPort
		}
	}
	for _, host := range strings.Split(query.Get("host"), ",") {
		if host != "" && !serverName(host) {
			return errPGName
		}
	}
	for _, port := range strings.Split(query.Get("port"), ",") {
		if !serverPort(port) {
			return errPGPort
		}
	}
	return nil
}

// named is what a host may be called in DNS, or in a file of hosts.
var named = regexp.MustCompile(`^[\pL\pN_]([\pL\pN\pM_.-]*[\pL\pN\pM_.])?$`)

func serverName(host string) bool {
	_, err := netip.ParseAddr(strings.TrimSuffix(strings.TrimPrefix(host, "["), "]"))
	return err == nil || strings.HasPrefix(host, "/") || len(host) <= 253 && named.MatchString(host)
}

func serverPort(port string) bool {
	n, err := strconv.Atoi(port)
	return port == "" || err == nil && n >= 1 && n <= 65535
}

// checkQuery looks at the settings after the question mark.
func checkQuery(q url.Values) error {
	mode, root := q.Get("sslmode"), q.Get("sslrootcert")
	seconds, err := strconv.Atoi(q.Get("connect_timeout"))
	switch {
	case mode != "" && !slices.Contains([]string{"disable", "allow", "prefer", "require", "verify-ca", "verify-full"}, mode):
		return errPGMode
	case root == "system" && mode != "" && mode != "verify-full":
		return errPGSystem
	case q.Get("channel_binding") == "require":
		return errPGBinding
	case q.Has("options"):
		return errPGOptions
	case q.Has("connect_timeout") && (err != nil || seconds < 0):
		return errPGTimeout
	case q.Has("target_session_attrs") && !slices.Contains([]string{"any", "read-write", "read-only", "primary", "standby", "prefer-standby"}, q.Get("target_session_attrs")):
		return errPGAttrs
	}
	for name, values := range q {
		if len(values) > 1 {
			return errPGTwice
		}
		if !setting.MatchString(name) {
			return errPGQuery
		}
	}
	return checkCertificates(root, q.Get("sslcert"), q.Get("sslkey"))
}

// checkCertificates looks at the files that an address names.
func checkCertificates(root, cert, key string) error {
	if root != "" && root != "system" {
		text, err := os.ReadFile(root)
		if err != nil {
			return unreadableFile("sslrootcert", err)
		}
		if !x509.NewCertPool().AppendCertsFromPEM(text) {
			return errors.New("has an sslrootcert that names a file without a certificate (in PEM)")
		}
	}
	switch {
	case (cert == "") != (key == ""):
		return errPGPair
	case cert == "":
		return nil
	}
	for name, path := range map[string]string{"sslcert": cert, "sslkey": key} {
		if _, err := os.ReadFile(path); err != nil {
			return unreadableFile(name, err)
		}
	}
	if _, err := tls.LoadX509KeyPair(cert, key); err != nil {
		return errors.New("has an sslcert and sslkey that do not hold a certificate and its key (in PEM)")
	}
	return nil
}

func unreadableFile(name string, err error) error {
	var at *fs.PathError
	if errors.As(err, &at) {
		err = at.Err
	}
	return fmt.Errorf("has an %s that names a file which cannot be read: %w", name, err)
}
