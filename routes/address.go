package routes

import (
	"fmt"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

// Proxies are the address ranges whose X-Forwarded-For is believed; the zero
// Prefix stands for whoever connects by a socket of this machine. None is the
// safe default: then the connection's own address counts.
type Proxies []netip.Prefix

// ParseProxies reads address ranges as in "10.0.0.0/8, 2001:db8::/32", parted
// by commas or spaces, and the word unix for sockets. A bare address stands for
// itself. The error names the part that cannot be read.
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

// Client returns the address a request comes from. It starts at the connection
// and goes through X-Forwarded-For from the right for as long as the address
// in hand is a trusted proxy. What cannot be read ends the walk at the last good
// address, so that a forged part is never believed. The zero Addr means that the
// connection itself has no IP address.
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

// Sockets says whether whoever connects by a socket of this machine is believed.
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

// parseAddr reads an address with or without a port, in one form only: IPv4 in
// IPv6 as IPv4, and no zone. What is no address is the zero Addr.
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

// Range returns what one client is counted under: the IPv4 address, or the /64
// of an IPv6 address, the network in which a client picks any address it likes
// (RFC 4291 §2.5.1). Requests without an address are counted together.
func Range(a netip.Addr) string {
	a = a.Unmap().WithZone("")
	switch {
	case !a.IsValid():
		return "unknown"
	case a.Is4():
		return a.String()
	}
	return netip.PrefixFrom(a, 64).Masked().String()
}

// Shown returns the range as it is put in mails and lists: enough to know one's
// own network by, "203.0.113.x" or "2001:db8:1:2::/64".
func Shown(a netip.Addr) string {
	a = a.Unmap()
	if !a.Is4() {
		return Range(a)
	}
	b := a.As4()
	return fmt.Sprintf("%d.%d.%d.x", b[0], b[1], b[2])
}
