package wiring

import (
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"

	"nightlatch.example/nightlatch/routes"
	"nightlatch.example/nightlatch/rules"
)

// mostRules is the largest file of rules in bytes.
const mostRules = 1 << 20

// Rules are the access rules of forward-auth: a file, and what was in it when it
// was last read without a fault.
type Rules struct {
	path string
	to   routes.Destinations
	turn sync.Mutex // one reads at a time
	set  atomic.Pointer[rules.Set]
}

// Load reads the file. With a fault the rules stay as they were; the error lists
// all faults, each as "FILE:LINE: what".
func (r *Rules) Load() error {
	r.turn.Lock()
	defer r.turn.Unlock()
	f, err := os.Open(r.path)
	if err != nil {
		return BadValue("NIGHTLATCH_RULES", "cannot be read: %v", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, mostRules+1))
	if err != nil {
		return BadValue("NIGHTLATCH_RULES", "cannot be read: %v", err)
	}
	if len(text) > mostRules {
		return BadValue("NIGHTLATCH_RULES", "names a file of more than %d bytes", mostRules)
	}
	set, err := rules.Parse(r.path, text, r.within)
	if err != nil {
		return fmt.Errorf("NIGHTLATCH_RULES (--rules) has faults:\n%w", err)
	}
	r.set.Store(set)
	return nil
}

// Current are the rules in force; nil when there are none.
func (r *Rules) Current() *rules.Set {
	if r == nil {
		return nil
	}
	return r.set.Load()
}

// within says whether rules may be about a host, or about those under it with "*.".
func (r *Rules) within(host string) bool {
	under, wild := strings.CutPrefix(host, "*.")
	return r.to.Holds(under) || !wild && host == r.to.Own
}

// Say is what the rules in force say to somebody who opens an address, with the
// place of the rule.
func (r *Rules) Say(address string, ask rules.Request, p rules.Person) (string, error) {
	if scheme, _, whole := strings.Cut(address, "://"); !whole || scheme != "http" && scheme != "https" {
		return "", fmt.Errorf("the address must be a whole one such as %s://%s/, not %q", r.to.Scheme, r.to.Own, address)
	}
	ours := false
	ask.Known = true
	ask.Host, ask.Path, ours = r.to.Place(address)
	verdict := rules.Verdict{Answer: rules.Denied}
	if ours {
		verdict = r.Current().Judge(ask, p)
	}
	return r.Current().Say(verdict), nil
}

// rules names the file of rules; nil when there is none.
func (r *reader) rules(value string, to routes.Destinations) *Rules {
	if value == "" {
		return nil
	}
	return &Rules{path: r.path("NIGHTLATCH_RULES", "", value), to: to}
}
