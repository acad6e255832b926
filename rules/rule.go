package rules

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/goccy/go-yaml/ast"
)

// rule reads one rule.
func (r *reader) rule(n ast.Node) (x rule) {
	if n == nil {
		r.bad(1, "a rule is empty")
		return x
	}
	x.line = line(n)
	if m, ok := n.(*ast.MappingNode); ok && len(m.Values) > 0 {
		x.line = line(m.Values[0].Key)
	}
	var asked []string // what the rule asks for, by key
	r.entries(n, func(key string, at int, value ast.Node) {
		if slices.Contains([]string{"allow", "deny", "level", "group", "role", "max_age"}, key) {
			asked = append(asked, key)
			r.need(&x.need, key, at, value)
			return
		}
		r.scope(&x, key, at, value)
	})
	switch alone := x.need.allow || x.need.deny; {
	case len(asked) == 0:
		r.bad(x.line, "the rule says nothing: it needs allow, deny, level, group, role or max_age")
	case alone && len(asked) > 1:
		r.bad(x.line, "the rule has %s: allow and deny go with nothing else", strings.Join(asked, " and "))
	}
	x.need.level = max(x.need.level, 1)
	return x
}

// scope reads what a rule is about.
func (r *reader) scope(x *rule, key string, at int, value ast.Node) {
	switch key {
	case "host":
		r.texts(key, at, value, func(text string, at int) { x.hosts = append(x.hosts, r.host(text, at)) })
	case "path":
		r.texts(key, at, value, func(text string, at int) { x.paths = append(x.paths, r.path(text, at)) })
	case "methods":
		r.texts(key, at, value, func(text string, at int) {
			if !slices.Contains(methods, text) {
				r.bad(at, "%q is no method such as GET", text)
			}
			x.methods = append(x.methods, text)
		})
	case "networks":
		r.texts(key, at, value, func(text string, at int) { x.networks = append(x.networks, r.network(text, at)) })
	default:
		r.bad(at, "%q is not known: a rule has host, path, methods and networks, and allow, deny, level, group, role or max_age", key)
	}
}

// need reads what a rule asks for.
func (r *reader) need(n *need, key string, at int, value ast.Node) {
	switch key {
	case "allow":
		n.allow = true
		r.truth(key, at, value)
	case "deny":
		n.deny = true
		r.truth(key, at, value)
	case "level":
		if value == nil || value.String() != "1" && value.String() != "2" {
			r.bad(at, "level must be 1 or 2")
			return
		}
		n.level = int(value.String()[0] - '0')
	case "group":
		r.texts(key, at, value, func(text string, at int) {
			if strings.ContainsAny(text, ",;") || strings.TrimSpace(text) != text || strings.ContainsFunc(text, unicode.IsControl) {
				r.bad(at, "no group is called %q: it has no comma, no semicolon and no blank around it", text)
			}
			n.groups = append(n.groups, text)
		})
	case "role":
		if n.role = r.text(key, at, value); n.role != "" && n.role != "user" && n.role != "admin" {
			r.bad(at, "role must be user or admin")
		}
	case "max_age":
		text := r.text(key, at, value)
		d, err := time.ParseDuration(text)
		if text != "" && (err != nil || d <= 0) {
			r.bad(at, "max_age must be a duration such as 15m")
		}
		n.maxAge = d
	}
}

// host reads a name, or "*." and a name for all hosts under it.
func (r *reader) host(text string, at int) string {
	host := strings.ToLower(text)
	if i := strings.LastIndexByte(host, ':'); i >= 0 && strings.Trim(host[i+1:], "0123456789") == "" {
		host = host[:i]
	}
	host = strings.TrimSuffix(host, ".")
	if !r.within(host) {
		r.bad(at, "%q is not the host of NIGHTLATCH_URL, nor a host at or under NIGHTLATCH_DOMAIN", text)
	}
	return host
}

// path reads the start of a path, or "re:" and a regular expression.
func (r *reader) path(text string, at int) (p pattern) {
	if expr, ok := strings.CutPrefix(text, "re:"); ok {
		re, err := regexp.Compile(expr)
		if err != nil || expr == "" {
			r.bad(at, "%q is no regular expression that RE2 understands", expr)
			return pattern{re: never, lowRe: never}
		}
		r.capitals = r.capitals || strings.ContainsFunc(expr, unicode.IsUpper) || strings.Contains(expr, `\x`)
		return pattern{re: re, lowRe: regexp.MustCompile("(?i)" + expr)}
	}
	switch {
	case !strings.HasPrefix(text, "/"):
		r.bad(at, "%q does not begin with a slash", text)
	case strings.ContainsAny(text, "?#"):
		r.bad(at, "%q: a path ends before ? and #, since rules never look at the query", text)
	case resolved(text) != text || merged(text) != text:
		r.bad(at, "%q: write the path without . and .. and double slashes", text)
	}
	start := strings.TrimSuffix(text, "/")
	r.capitals = r.capitals || strings.ToLower(start) != start
	return pattern{start: start, lowStart: strings.ToLower(start)}
}

// never matches nothing.
var never = regexp.MustCompile(`$.^`)

func (r *reader) network(text string, at int) netip.Prefix {
	p, err := netip.ParsePrefix(text)
	if a, errAddr := netip.ParseAddr(text); err != nil && errAddr == nil && a.Zone() == "" {
		p, err = a.Prefix(a.BitLen())
	}
	if err != nil {
		r.bad(at, "%q is no network such as 10.0.0.0/8", text)
	}
	if p.IsValid() && p.Addr().Is4In6() && p.Bits() >= 96 {
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96)
	}
	return p.Masked()
}

// methods are those of the IANA's list: any other is a typing mistake.
var methods = strings.Fields(`ACL BASELINE-CONTROL BIND CHECKIN CHECKOUT CONNECT COPY DELETE GET HEAD LABEL LINK LOCK MERGE MKACTIVITY MKCALENDAR MKCOL
	MKREDIRECTREF MKWORKSPACE MOVE OPTIONS ORDERPATCH PATCH POST PROPFIND PROPPATCH PUT QUERY REBIND REPORT SEARCH TRACE UNBIND UNCHECKOUT UNLINK UNLOCK
	UPDATE UPDATEREDIRECTREF VERSION-CONTROL`)
