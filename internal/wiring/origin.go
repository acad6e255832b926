package wiring

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"
)

// domains brings names to ASCII as browsers do: UTS 46, without its
// transitional mapping of 2003, and with underscores.
var domains = idna.New(idna.MapForLookup(), idna.Transitional(false), idna.StrictDomainName(false), idna.CheckHyphens(false),
	idna.CheckJoiners(true), idna.BidiRule())

var errOrigin = errors.New("not an origin")

// browserOrigin reads a public address and returns it as browsers write it in
// the Origin header: scheme and host in lower case, names as punycode without a
// final dot, the shortest form of an IP address, and no default port. Its path, if
// it has one, comes after it, without a slash at the end. host is the same without
// scheme, port and path.
func browserOrigin(value string) (origin, host string, err error) {
	u, err := url.Parse(strings.TrimSuffix(value, "/"))
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.User != nil || !isPrefix(u) || u.Opaque != "" || strings.ContainsAny(value, "?#\\") {
		return "", "", errOrigin
	}
	if host, err = browserHost(u); err != nil {
		return "", "", err
	}
	shown := host
	if strings.Contains(host, ":") {
		shown = "[" + host + "]"
	}
	switch port, err := strconv.Atoi(u.Port()); {
	case u.Port() == "", u.Scheme == "http" && port == 80, u.Scheme == "https" && port == 443:
	case err != nil || port < 1 || port > 65535:
		return "", "", errOrigin
	default:
		shown += ":" + strconv.Itoa(port)
	}
	return u.Scheme + "://" + shown + u.Path, host, nil
}

// isPrefix says whether the path of a public address is empty or made of segments
// that are written in one way only: no proxy and no browser changes them.
func isPrefix(u *url.URL) bool {
	if u.Path == "" {
		return true
	}
	if u.RawPath != "" || len(u.Path) > maxPrefix {
		return false
	}
	for segment := range strings.SplitSeq(u.Path[1:], "/") {
		if strings.Trim(segment, ".") == "" || strings.ContainsFunc(segment, notInPrefix) {
			return false
		}
	}
	return true
}

// maxPrefix is the longest path of a public address, in bytes. It comes before every
// link.
const maxPrefix = 200

func notInPrefix(r rune) bool {
	return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && !strings.ContainsRune("-_.~", r)
}

// prefixOf is the path of a public address; empty for the root.
func prefixOf(address string) string {
	_, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexByte(rest, '/'); i >= 0 {
		return rest[i:]
	}
	return ""
}

// browserHost is the host of a URL as browsers write it, without brackets.
func browserHost(u *url.URL) (string, error) {
	if strings.HasPrefix(u.Host, "[") {
		ip, err := netip.ParseAddr(u.Hostname())
		if err != nil || ip.Zone() != "" || ip.Is4() {
			return "", errOrigin
		}
		return shortIPv6(ip), nil
	}
	name, err := domains.ToASCII(u.Hostname())
	if err != nil {
		return "", errOrigin
	}
	name = strings.TrimSuffix(strings.ToLower(name), ".")
	if name == "" || len(name) > 253 || strings.ContainsFunc(name, notInName) {
		return "", errOrigin
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 {
			return "", errOrigin
		}
	}
	last := name[strings.LastIndexByte(name, '.')+1:]
	if _, err := strconv.ParseUint(last, 0, 64); (err == nil || errors.Is(err, strconv.ErrRange) || digits(last)) && net.ParseIP(name) == nil {
		return "", errOrigin // browsers take it for an IPv4 address of another form
	}
	return name, nil
}

// digits says whether a label is nothing but digits: also 08, which is no number.
func digits(label string) bool { return strings.Trim(label, "0123456789") == "" }

func notInName(r rune) bool {
	return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_' && r != '.'
}

// shortIPv6 is the form of RFC 5952, but with the IPv4 address in an IPv6
// address in hexadecimal, as browsers write it.
func shortIPv6(ip netip.Addr) string {
	if !ip.Is4In6() {
		return ip.String()
	}
	b := ip.As16()
	return fmt.Sprintf("::ffff:%x:%x", int(b[12])<<8|int(b[13]), int(b[14])<<8|int(b[15]))
}
