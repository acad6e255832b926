package routes

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the address ranges whose X-Forwarded-For is believed. The zero
// Prefix in it stands for every connection over a Unix socket. An empty list is
// the safe default: only the connection's own address counts.
type Proxies []netip.Prefix

// ParseProxies reads address ranges as in "10.0.0.0/8, 2001:db8::/32",
// separated by commas or spaces. A single address is a range of one, and the
// word unix stands for sockets. The error names the part that cannot be read.
func ParseProxies(s string) (Proxies, error) {
	var all Proxies
	for _, part := range strings.FieldsFunc(s, func(r rune) bool { return r == ',' || r == ' ' || r == '\t' || r == '\n' }) {
		if part == "unix" {
			all = append(all, netip.Prefix{})
			continue
		}
		p, err := netip.ParsePrefix(part)
		if err != nil {
			a, errAddr := netip.ParseAddr(part)
			if errAddr != nil || a.Zone() != "" {
				return nil, fmt.Errorf("%q is not an address range like 10.0.0.0/8", part)
			}
			p = netip.PrefixFrom(a, a.BitLen())
		}
		if p.Addr().Is4In6() && p.Bits() >= 96 { // such a range means the IPv4 one
			p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
		}
		all = append(all, p.Masked())
	}
	return all, nil
}

// Client returns the address that a request comes from. It starts with the
// connection's own address and reads X-Forwarded-For from the right, for as
// long as the address reached is a trusted proxy. It stops before a part that
// cannot be read, so that a forged part is never believed. The zero Addr means
// that the connection has no IP address.
func (p Proxies) Client(r *http.Request) netip.Addr {
	client := parseAddr(r.RemoteAddr)
	if !p.trusts(client) {
		return client
	}
	chain := strings.Join(r.Header.Values("X-Forwarded-For"), ",")
	for more := true; more && p.trusts(client); {
		var hop string
		if i := strings.LastIndexByte(chain, ','); i >= 0 {
			chain, hop = chain[:i], chain[i+1:]
		} else {
			hop, more = chain, false
		}
		a := parseAddr(strings.TrimSpace(hop))
		if !a.IsValid() {
			break
		}
		client = a
	}
	return client
}

// Sockets says whether connections over a Unix socket are believed.
func (p Proxies) Sockets() bool { return slices.Contains(p, netip.Prefix{}) }

func (p Proxies) trusts(a netip.Addr) bool {
	if !a.IsValid() {
		return p.Sockets()
	}
	for _, prefix := range p {
		if prefix.Contains(a) {
			return true
		}
	}
	return false
}

// parseAddr reads an address with or without a port, and returns it in one
// form: IPv4 in IPv6 as IPv4, and without a zone. Anything else is the zero
// Addr.
func parseAddr(s string) netip.Addr {
	a, err := netip.ParseAddr(s)
	if err != nil {
		with, errPort := netip.ParseAddrPort(s)
		if errPort != nil {
			return netip.Addr{}
		}
		a = with.Addr()
	}
	return a.Unmap().WithZone("")
}

// addressRange returns what one client is counted under: the IPv4 address, or the /64
// of an IPv6 address, the network in which a client picks any address it likes
// (RFC 4291 §2.5.1). Requests without an address are counted together.
func addressRange(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is4():
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// addressShown returns a range as it is shown in mails and lists, "203.0.113.x" or
// "2001:db8:1:2::/64": enough for people to recognise their own network.
func addressShown(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is4() {
		return addressRange(a)
	}
	b := a.As4()
	return fmt.Sprintf("%d.%d.%d.x", b[0], b[1], b[2])
}
