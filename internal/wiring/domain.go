package wiring

import (
	"net/netip"
	"net/url"
	"strings"

	"golang.org/x/net/publicsuffix"

	"nightlatch.example/nightlatch/routes"
)

// domain reads the parent domain of the applications: the host of the public
// address or a parent of it. Under a public suffix, such as com or github.io,
// strangers have hosts too, and no browser keeps a cookie for it.
func (r *reader) domain(value, host string) string {
	const name = "NIGHTLATCH_DOMAIN"
	if value == "" || r.err != nil {
		return ""
	}
	d, err := browserHost(&url.URL{Host: value})
	if err != nil || strings.ContainsAny(value, ":/@[]*%") || strings.HasSuffix(value, ".") {
		r.bad(name, "must be a bare name such as example.com, not %q", value)
		return ""
	}
	if _, err := netip.ParseAddr(d); err == nil {
		r.bad(name, "must be a name, and %q is an IP address: no cookie can be shared under one", value)
		return ""
	}
	if d != host && !strings.HasSuffix(host, "."+d) {
		r.bad(name, "must be the host of NIGHTLATCH_URL (%s) or a parent of it, not %q", host, value)
		return ""
	}
	if suffix, _ := publicsuffix.PublicSuffix(d); suffix == d {
		r.bad(name, "is %q, a public suffix: strangers have hosts under it, and no browser keeps a cookie for it", value)
		return ""
	}
	return d
}

// home reads where a sign-in ends; empty is the profile.
func (r *reader) home(value string, to routes.Destinations) string {
	switch {
	case value == "/profile":
		return ""
	case to.Safe(value) == "":
		r.bad("NIGHTLATCH_HOME", "must be a path of this site such as /profile, no page of the sign-in, or with NIGHTLATCH_DOMAIN a URL at or under it that begins with %s://, not %q", to.Scheme, value)
	}
	return value
}

// scheme is that of an origin.
func scheme(origin string) string {
	text, _, _ := strings.Cut(origin, "://")
	return text
}
