package mail

import (
	"errors"
	netmail "net/mail"
	"net/netip"
	"regexp"
	"strings"

	"golang.org/x/net/idna"
)

var (
	errHello  = errors.New("not a host name or an IP address")
	errSender = errors.New("not an address that can be sent from")
	hostName  = regexp.MustCompile(`^[a-z0-9_]([a-z0-9_-]{0,62})(\.[a-z0-9_]([a-z0-9_-]{0,62}))*$`)
)

// ASCIIHost is a host as mail writes it: a name in its ASCII form, an IP
// address as a literal in brackets (RFC 5321 §4.1.3).
func ASCIIHost(host string) (string, error) {
	host = strings.TrimSuffix(strings.Trim(host, "[]"), ".")
	if ip, err := netip.ParseAddr(strings.TrimPrefix(host, "IPv6:")); err == nil {
		if ip = ip.Unmap().WithZone(""); ip.Is4() {
			return "[" + ip.String() + "]", nil
		}
		return "[IPv6:" + ip.String() + "]", nil
	}
	name, err := idna.Lookup.ToASCII(host)
	if err != nil { // names with underscores, for example, are in use all the same
		name = strings.ToLower(host)
	}
	if len(name) > 253 || !hostName.MatchString(name) {
		return "", errHello
	}
	return name, nil
}

// Sender reads "NAME <user@host>" and gives it with the host in ASCII. A local
// part beyond ASCII needs servers with SMTPUTF8 all the way, so it is refused.
func Sender(value string) (string, error) {
	a, err := netmail.ParseAddress(value)
	if err != nil || strings.ContainsAny(value, "\r\n") {
		return "", errSender
	}
	at := strings.LastIndexByte(a.Address, '@')
	local, host := a.Address[:at], a.Address[at+1:]
	if strings.ContainsFunc(local, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errSender
	}
	if host, err = ASCIIHost(host); err != nil {
		return "", errSender
	}
	if host == strings.ToLower(a.Address[at+1:]) { // nothing to change: as it was written
		return value, nil
	}
	a.Address = local + "@" + host
	return a.String(), nil
}

// LocalSender says whether a sender's host, such as localhost, means nothing to
// other machines.
func LocalSender(from string) bool {
	a, err := netmail.ParseAddress(from)
	if err != nil {
		return true
	}
	host := strings.ToLower(a.Address[strings.LastIndexByte(a.Address, '@')+1:])
	return host == "localhost" || strings.HasSuffix(host, ".localhost") || strings.HasSuffix(host, ".localdomain")
}

// Remote says whether mail goes to a mail server and not to a folder.
func (c Config) Remote() bool { return c.scheme != "dir" }
