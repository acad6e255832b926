package commands_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/factors"
)

// ledger is what the server acknowledged before it was killed.
type ledger struct {
	left    atomic.Int32 // answers until the kill
	answers atomic.Int32 // all that were acknowledged

	mu       sync.Mutex
	sent     map[string]map[string]bool // login → app codes that were sent
	accepted map[string]map[string]bool // login and code → the sessions that it opened
	spent    map[string]int             // login → recovery codes that opened a session
	asked    map[string]int             // login → mailed codes that were promised
	sessions []string
	wrong    map[string]int          // login → wrong answers
	enrolled map[string][]byte       // login → secret
	waiting  map[string]*[2]*visitor // login → two browsers whose sign-in waits for its code
	turns    map[string]int          // login → app codes that were sent twice, again and again
	gone     int                     // sign-ins that waited and were lost
}

func newLedger() *ledger {
	return &ledger{sent: map[string]map[string]bool{}, accepted: map[string]map[string]bool{}, spent: map[string]int{},
		asked: map[string]int{}, wrong: map[string]int{}, enrolled: map[string][]byte{},
		waiting: map[string]*[2]*visitor{}, turns: map[string]int{}}
}

// note keeps what an answer says; false once the server is gone.
func (l *ledger) note(s *server, p page, keep func()) bool {
	if p.status == 0 {
		return false
	}
	l.mu.Lock()
	keep()
	l.mu.Unlock()
	l.answers.Add(1)
	if l.left.Add(-1) == 0 { // in the middle of what the others do
		_ = s.cmd.Process.Kill()
	}
	return true
}

var addresses atomic.Int32

// away is a visitor with an address of its own, so that no limit but the
// account's holds it.
func (s *server) away() *visitor {
	v, n := s.visitor(), addresses.Add(1)
	v.from = fmt.Sprintf("198.51.%d.%d", n>>8&255, n&255)
	return v
}

// opened keeps a session that a code opened, and says whether it did.
func (l *ledger) opened(v *visitor, login, code string, answer page) bool {
	if answer.location != "/profile" {
		return false
	}
	token := v.cookie("nightlatch_session")
	key := login + " " + code
	if l.accepted[key] == nil {
		l.accepted[key] = map[string]bool{}
	}
	l.accepted[key][token] = true
	l.sessions = append(l.sessions, token)
	return true
}

// pair are two browsers of somebody. They keep a sign-in whose code was wrong,
// also when the server is killed, so that not every answer costs a password.
func (l *ledger) pair(p person) *[2]*visitor {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting[p.login] == nil {
		l.waiting[p.login] = new([2]*visitor)
	}
	return l.waiting[p.login]
}

// twice sends one code in two pending logins at once; false once the server
// is gone.
func (l *ledger) twice(s *server, p person, kind, code string) (open, alive bool) {
	var both sync.WaitGroup
	var gone, in atomic.Bool
	pair := l.pair(p)
	for i, v := range pair {
		both.Go(func() {
			ok, waited := true, v != nil
			if waited {
				v.base = s.url
			} else {
				v = s.away()
				ok = l.note(s, v.password(p.login), func() {})
			}
			answer := v.post("/login/challenge/"+kind, "code", code)
			ok = ok && l.note(s, answer, func() {
				if l.opened(v, p.login, code, answer) {
					in.Store(true)
				} else if waited && answer.status == http.StatusSeeOther {
					l.gone++
				}
			})
			if pair[i] = v; answer.status != http.StatusUnprocessableEntity { // it is signed in, or nobody knows
				pair[i] = nil
			}
			if !ok {
				gone.Store(true)
			}
		})
	}
	both.Wait()
	return in.Load(), !gone.Load()
}

// turns is how often a person sends an app's code: three codes, or one more when
// a step passes, each several times, and below the failures that switch it off.
const turns = 12

// signIn sends each right code twice at once, used ones too, of one person after
// another.
func (l *ledger) signIn(s *server, people []person) {
	for _, p := range people {
		for n := l.turn(p); n < turns; n = l.turn(p) {
			c := code(p.secret, int64(n%3)-1)
			l.mu.Lock()
			l.sent[p.login][c] = true
			l.mu.Unlock()
			if _, alive := l.twice(s, p, "totp", c); !alive {
				return
			}
		}
	}
}

// turn counts a person's turns.
func (l *ledger) turn(p person) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.turns[p.login]++
	return l.turns[p.login] - 1
}

// recoverWith sends recovery codes, each twice at once, used ones too.
func (l *ledger) recoverWith(s *server, p person, codes []string) {
	for _, c := range codes {
		open, alive := l.twice(s, p, "recovery", c)
		if open {
			l.mu.Lock()
			l.spent[p.login]++
			l.mu.Unlock()
		}
		if !alive {
			return
		}
	}
}

func (l *ledger) guessed(p person) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.wrong[p.login]
}

// guess gives wrong answers only, to one account after another.
func (l *ledger) guess(s *server, people []person) {
	for _, p := range people {
		v := s.away()
		if v.password(p.login).location != "/login/challenge" {
			return
		}
		for l.guessed(p) < 45 { // below the 50 that switch the app off: then no answer is looked at
			answer := v.post("/login/challenge/totp", "code", "no such code")
			if !l.note(s, answer, func() {
				if answer.status == http.StatusUnprocessableEntity {
					l.wrong[p.login]++
				}
			}) || answer.status != http.StatusUnprocessableEntity {
				return
			}
			v.from = s.away().from
		}
	}
}

var (
	mailedTo   = regexp.MustCompile(`(?m)^To: .*?([a-z0-9]+)@example\.com`)
	mailedCode = regexp.MustCompile(`(?m)^(\d{6})\r?$`)
)

// letters are the mails that were read before, by path: nothing changes them.
var letters sync.Map

// mailed are the codes that arrived for a login so far.
func mailed(dir, login string) (codes []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "data", "mail", "*.eml"))
	for _, file := range files {
		known, ok := letters.Load(file)
		if !ok {
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			var read [2]string
			to, code := mailedTo.FindSubmatch(text), mailedCode.FindSubmatch(text)
			if to != nil && code != nil {
				read = [2]string{string(to[1]), string(code[1])}
			}
			known, _ = letters.LoadOrStore(file, read)
		}
		if read := known.([2]string); read[0] == login {
			codes = append(codes, read[1])
		}
	}
	return codes
}

// byMail signs in with emailed codes, as long as the hour's limit lets it.
func (l *ledger) byMail(t testing.TB, s *server, dir string, p person) {
	for {
		had := len(mailed(dir, p.login))
		v := s.away()
		ok := l.note(s, v.password(p.login), func() {})
		send := v.post("/login/challenge/email/code")
		ok = ok && l.note(s, send, func() {
			if send.status == http.StatusSeeOther {
				l.asked[p.login]++
			}
		})
		if !ok || send.status != http.StatusSeeOther {
			return
		}
		var got []string
		waitFor(t, func() bool {
			got = mailed(dir, p.login)
			select {
			case <-s.exited:
				return true
			default:
				return len(got) > had
			}
		})
		if len(got) <= had {
			return
		}
		for _, c := range got {
			answer := v.post("/login/challenge/email", "code", c)
			if !l.note(s, answer, func() { l.opened(v, p.login, c, answer) }) || answer.status == http.StatusSeeOther {
				break
			}
		}
	}
}

// enroll gives people their first app.
func (l *ledger) enroll(s *server, people []person) {
	for _, p := range people {
		l.mu.Lock()
		_, done := l.enrolled[p.login]
		l.mu.Unlock()
		v := s.away()
		if done || v.password(p.login).location != "/profile" { // enrolled, and the answer got lost
			continue
		}
		v.post("/profile/factors/totp")
		secret := v.secret()
		answer := v.post("/profile/factors/totp/confirm", "code", code(secret, -1))
		if !l.note(s, answer, func() {
			if answer.status == http.StatusSeeOther && strings.HasPrefix(answer.location, "/profile/factors/recovery") {
				l.enrolled[p.login] = secret
			}
		}) {
			return
		}
	}
}

func appOf(creds []factors.Credential) factors.Credential {
	for _, c := range creds {
		if c.Kind == factors.KindTOTP {
			return c
		}
	}
	return factors.Credential{}
}
