package routes

import (
	"net"
	"strconv"
	"strings"
)

// Destinations say where a sign-in may lead: to the site's own paths and, where
// it has a domain, to every host at or under it.
type Destinations struct {
	Scheme string // of the public address: http or https
	Domain string // in lower case; empty for none
	Own    string // the site's own host
	Prefix string // path under which the site's own pages lie, without a slash at its end; empty for the root
}

// path returns raw unchanged when it is a path of the host that a sign-in may lead
// to, else "".
func (d Destinations) path(raw string) string { return safePath(raw, d.Prefix) }

// Safe returns raw unchanged when a sign-in may lead there, else "".
func (d Destinations) Safe(raw string) string {
	if next := d.path(raw); next != "" {
		return next
	}
	if d.Domain == "" || len(raw) > maxNext || !printable(raw) {
		return ""
	}
	rest, ok := strings.CutPrefix(raw, d.Scheme+"://")
	if !ok {
		return ""
	}
	host, path := rest, ""
	if i := strings.IndexAny(rest, "/?#"); i >= 0 {
		host, path = rest[:i], rest[i:]
	}
	before, _, _ := strings.Cut(path, "?")
	name, port, several := strings.Cut(host, ":")
	if several && !isPort(port) || !d.Holds(name) || strings.Contains(before, `\`) {
		return ""
	}
	return raw
}

// Holds says whether a host without a port is the domain or lies under it. The
// names are compared label by label, without case.
func (d Destinations) Holds(host string) bool {
	host = strings.ToLower(host)
	if d.Domain == "" || !isHostName(host) {
		return false
	}
	return host == d.Domain || strings.HasSuffix(host, "."+d.Domain)
}

// Place is the host and path of a whole address, as rules look at them. ok is false
// for a host that is neither the site's own nor under its domain.
func (d Destinations) Place(address string) (host, path string, ok bool) {
	host, rest := split(address)
	path, _, _ = strings.Cut(rest, "?")
	host = bareHost(host)
	return host, path, host == d.Own || d.Holds(host)
}

// isHostName tells whether a name in lower case is one that browsers read as it
// is written: labels of letters, digits, hyphens and underscores. Anything else
// might be read as another host.
func isHostName(name string) bool {
	if len(name) > 253 {
		return false
	}
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.ContainsFunc(label, func(r rune) bool {
			return (r < 'a' || r > 'z') && (r < '0' || r > '9') && r != '-' && r != '_'
		}) {
			return false
		}
	}
	return true
}

func isPort(text string) bool {
	n, err := strconv.ParseUint(text, 10, 16)
	return err == nil && n > 0 && text[0] != '+'
}

func printable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] >= 0x7f {
			return false
		}
	}
	return true
}

// bareHost is a host in lower case, without its port and without the dot that a
// complete name may end with.
func bareHost(host string) string {
	if name, port, err := net.SplitHostPort(host); err == nil && (port == "" || isPort(port)) {
		host = name
	}
	return strings.ToLower(strings.TrimSuffix(strings.Trim(host, "[]"), "."))
}

// next returns an address unchanged when a sign-in may lead there, else "".
func (w *web) next(raw string) string { return w.to.Safe(raw) }

// formAction is what the CSP allows forms to lead to, also by a redirect: the
// site, and with a domain the applications under it. A site with a port of its
// own is one for trying out, where the applications have ports of their own too.
func formAction(d Destinations, ownPort bool) string {
	if d.Domain == "" {
		return "'self'"
	}
	base := " " + d.Scheme + "://"
	text := "'self'" + base + d.Domain + base + "*." + d.Domain
	if ownPort {
		text += base + d.Domain + ":*" + base + "*." + d.Domain + ":*"
	}
	return text
}
