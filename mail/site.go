package mail

import (
	"strings"
	"time"

	"golang.org/x/net/publicsuffix"
)

// siteKept is how many sites a lane remembers.
const siteKept = 1000

// site is what a lane knows of the place that recipients are at.
type site struct {
	running int
	quick   bool      // its last message took no longer than quickTime
	since   time.Time // by the real clock: when it last began or ended one
	waiting int       // given back to the outbox and not come again
}

// siteOf is the registered domain of an address: whoever owns it can make as
// many hosts under it as he likes.
func siteOf(to string) string {
	host := strings.ToLower(strings.TrimSuffix(to[strings.LastIndexByte(to, '@')+1:], "."))
	if name, err := publicsuffix.EffectiveTLDPlusOne(host); err == nil {
		return name
	}
	return host
}

// slow says that a site has shown that it is not quick.
func (s *site) slow() bool { return s.running > 0 && time.Since(s.since) >= quickTime }

// limit is how many senders a site may have: never all, and only one or a few
// until it has shown that it is quick.
func (s *site) limit(size int) int {
	if s.quick {
		return max(1, size*3/4)
	}
	return max(1, size/4)
}

// putOff says how long a message for a site waits that has its share of
// senders: about as long as those before it will take.
func (s *site) putOff(l *lane) time.Duration {
	if !s.slow() {
		return quickTime
	}
	s.waiting++
	if l.kind == Codes { // a code has no time to lose
		return min(10*time.Second, time.Duration(1+s.waiting/s.limit(l.size))*2*time.Second)
	}
	return min(15*time.Minute, time.Duration(1+s.waiting/s.limit(l.size))*Timeout)
}

// site finds what is known of a site. The caller holds the lock.
func (l *lane) site(name string) *site {
	s := l.sites[name]
	if s == nil {
		if len(l.sites) >= siteKept {
			l.forget()
		}
		s = &site{}
		l.sites[name] = s
	}
	return s
}

// forget drops what is known of sites that nothing is on its way to.
func (l *lane) forget() {
	for name, s := range l.sites {
		if s.running == 0 {
			delete(l.sites, name)
		}
	}
}

// begin takes a sender for a site, if it may have one. The caller holds the lock.
func (l *lane) begin(s *site) bool {
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
	s := l.site(name)
	l.running--
	s.running--
	s.quick, s.since = quick, time.Now()
	s.waiting = max(0, s.waiting-s.limit(l.size))
}

// unpark takes what may be sent now, oldest first. The caller holds the lock
// and sends it.
func (l *lane) unpark() (next []parcel) {
	var kept []parcel
	for _, p := range l.parked {
		if !p.stale() && l.begin(l.site(p.site)) {
			next = append(next, p)
		} else {
			kept = append(kept, p)
		}
	}
	l.parked = kept
	return next
}

// room is how many messages should be claimed now: no more than can be sent or
// parked, while anything is parked for a site of which it is not known yet
// whether it is slow. That is known soon. The caller holds the lock.
func (l *lane) room() int {
	free := l.size - l.running
	for _, p := range l.parked {
		if !l.site(p.site).slow() {
			return min(free, 2*l.size-len(l.parked))
		}
	}
	return free
}
