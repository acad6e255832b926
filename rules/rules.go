package rules

import (
	"fmt"
	"net/netip"
	"regexp"
	"slices"
	"strings"
)

// Request is what somebody wants to open.
type Request struct {
	Known  bool       // where to is believed; the next two mean nothing otherwise
	Host   string     // in lower case, without port and final dot
	Path   string     // as it was sent, without the query
	Method string     // as it was sent; empty when it is not known
	Client netip.Addr // the visitor's; the zero Addr when it is not known
}

// Verdict is what the rules say, and the line of the rule that says it; 0 where
// none fits.
type Verdict struct {
	Answer Answer
	Line   int
}

// Set is a file of rules.
type Set struct {
	name     string
	rules    []rule
	byHost   map[string][]int // rules for each host that a rule names, in order
	others   []int            // and for every other host
	capitals bool             // a rule tells capitals from small letters
}

type rule struct {
	line     int
	hosts    []string // exact, or "*." before the name; none for any
	paths    []pattern
	methods  []string
	networks []netip.Prefix
	need     need
}

// pattern is what a path must begin with, in whole segments; or a regular
// expression. Both are kept for readings in small letters too.
type pattern struct {
	start, lowStart string // without a slash at the end
	re, lowRe       *regexp.Regexp
}

// fit is whether a rule is for a request. Where the request does not say enough,
// the rule counts and so does what follows it.
type fit int

const (
	no fit = iota
	perhaps
	yes
)

// unmatched is the level that is asked for where no rule fits.
const unmatched = 2

// Judge says what the rules say about a request: the strictest answer of all
// readings of its path.
func (s *Set) Judge(r Request, p Person) Verdict {
	if !r.Known {
		return Verdict{Answer: AtLevel(unmatched, p)}
	}
	list, named := s.byHost[r.Host]
	if !named {
		list = s.others
	}
	worst := Verdict{Answer: -1}
	for _, way := range readings(r.Path, s.capitals) {
		s.judge(list, r, way, func(n need, line int) {
			if a := n.answer(p); a > worst.Answer {
				worst = Verdict{a, line}
			}
		})
	}
	if worst.Answer < 0 {
		return Verdict{Answer: Denied}
	}
	return worst
}

// judge gives the first rule that fits one reading, and those before it that
// perhaps do.
func (s *Set) judge(list []int, r Request, way reading, found func(need, int)) {
	for _, i := range list {
		x := &s.rules[i]
		switch x.fits(r, way) {
		case yes:
			found(x.need, x.line)
			return
		case perhaps:
			found(x.need, x.line)
		}
	}
	found(need{level: unmatched}, 0)
}

func (x *rule) fits(r Request, way reading) fit {
	if len(x.hosts) > 0 && !slices.ContainsFunc(x.hosts, func(h string) bool { return onHost(h, r.Host) }) {
		return no
	}
	if len(x.paths) > 0 && !slices.ContainsFunc(x.paths, func(p pattern) bool { return p.is(way) }) {
		return no
	}
	return min(x.byMethod(r.Method), x.byNetwork(r.Client))
}

func (x *rule) byMethod(method string) fit {
	switch {
	case len(x.methods) == 0 || slices.Contains(x.methods, method):
		return yes
	case method == "", slices.Contains(x.methods, strings.ToUpper(method)):
		return perhaps
	}
	return no
}

func (x *rule) byNetwork(a netip.Addr) fit {
	switch {
	case len(x.networks) == 0:
		return yes
	case !a.IsValid():
		return perhaps
	case slices.ContainsFunc(x.networks, func(p netip.Prefix) bool { return p.Contains(a) }):
		return yes
	}
	return no
}

// onHost says whether a host is the one of a rule, or under it with "*.".
func onHost(rule, host string) bool {
	if under, wild := strings.CutPrefix(rule, "*"); wild {
		return strings.HasSuffix(host, under)
	}
	return rule == host
}

func (p pattern) is(way reading) bool {
	start, re := p.start, p.re
	if way.lower {
		start, re = p.lowStart, p.lowRe
	}
	if re != nil {
		return re.MatchString(way.path)
	}
	rest, ok := strings.CutPrefix(way.path, start)
	return ok && (rest == "" || rest[0] == '/')
}

// index sorts the rules by host.
func (s *Set) index() {
	s.byHost = map[string][]int{}
	for _, x := range s.rules {
		for _, h := range x.hosts {
			if !strings.HasPrefix(h, "*") {
				s.byHost[h] = nil
			}
		}
	}
	for i, x := range s.rules {
		for host := range s.byHost {
			if len(x.hosts) == 0 || slices.ContainsFunc(x.hosts, func(h string) bool { return onHost(h, host) }) {
				s.byHost[host] = append(s.byHost[host], i)
			}
		}
		if len(x.hosts) == 0 || slices.ContainsFunc(x.hosts, func(h string) bool { return strings.HasPrefix(h, "*") }) {
			s.others = append(s.others, i)
		}
	}
}

// Len is how many rules there are.
func (s *Set) Len() int { return len(s.rules) }

// Say is a verdict in words, with the place of its rule.
func (s *Set) Say(v Verdict) string {
	if v.Line == 0 {
		return "no rule: " + v.Answer.String()
	}
	return fmt.Sprintf("%s:%d: %s", s.name, v.Line, v.Answer)
}
