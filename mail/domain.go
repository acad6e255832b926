package mail

import (
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// domainsKept is how many recipients' domains a lane remembers.
const domainsKept = 1000

// domain is what a lane knows about the domain of some recipients.
type domain struct {
	running int
	quick   bool      // its last message took no longer than quickTime
	since   time.Time // by the real clock: when it last began or ended one
	waiting int       // messages given back to the outbox that were not claimed again yet
}

// domainOf is the registered domain of an address. Its hosts are not told
// apart, because the owner of a domain can make as many as they like.
func domainOf(to string) string {
	host := strings.ToLower(strings.TrimSuffix(to[strings.LastIndexByte(to, '@')+1:], "."))
	if name, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return name
	}
	return host
}

// slow says that a message to the domain has been on its way for longer than
// quickTime.
func (s *domain) slow() bool { return s.running > 0 && time.Since(s.since) >= quickTime }

// limit is how many of a lane's senders a domain may have: never all, and only
// a quarter until one message to it went quickly.
func (s *domain) limit(size int) int {
	if s.quick {
		return max(1, size*3/4)
	}
	return max(1, size/4)
}

// putOff is how long a message waits whose domain has all the senders it may
// have: about as long as the messages before it will take.
func (s *domain) putOff(l *lane) time.Duration {
	if !s.slow() {
		return quickTime
	}
	s.waiting++
	if l.kind == Codes { // a code has no time to lose
		return min(10*time.Second, time.Duration(1+s.waiting/s.limit(l.size))*2*time.Second)
	}
	return min(15*time.Minute, time.Duration(1+s.waiting/s.limit(l.size))*smtpTimeout)
}

// domain finds what is known about a domain. The caller holds the lock.
func (l *lane) domain(name string) *domain {
	s := l.domains[name]
	if s == nil {
		if len(l.domains) >= domainsKept {
			l.forget()
		}
		s = &domain{}
		l.domains[name] = s
	}
	return s
}

// forget drops what is known about domains to which nothing is being sent.
func (l *lane) forget() {
	for name, s := range l.domains {
		if s.running == 0 {
			delete(l.domains, name)
		}
	}
}

// begin takes a sender for a domain; false when it has its share. The caller
// holds the lock.
func (l *lane) begin(s *domain) bool {
	if l.running >= l.size || s.running >= s.limit(l.size) {
		return false
	}
	if l.running++; s.running == 0 {
		s.since = time.Now()
	}
	s.running++
	return true
}

// end gives a sender back. The caller holds the lock.
func (l *lane) end(name string, quick bool) {
	s := l.domain(name)
	l.running--
	s.running--
	s.quick, s.since = quick, time.Now()
	s.waiting = max(0, s.waiting-s.limit(l.size))
}

// unpark removes and returns the parked messages that may be sent now, oldest
// first. The caller holds the lock, and sends them.
func (l *lane) unpark() (next []parcel) {
	var kept []parcel
	for _, p := range l.parked {
		if !p.stale() && l.begin(l.domain(p.domain)) {
			next = append(next, p)
		} else {
			kept = append(kept, p)
		}
	}
	l.parked = kept
	return next
}

// room is how many messages to claim now: one for each free sender. While a
// parked message is to a domain that may yet turn out to be slow, which shows
// within quickTime, it is no more than can be sent or parked. The caller holds
// the lock.
func (l *lane) room() int {
	free := l.size - l.running
	for _, p := range l.parked {
		if !l.domain(p.domain).slow() {
			return min(free, 2*l.size-len(l.parked))
		}
	}
	return free
}
