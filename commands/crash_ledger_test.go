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
	wrong    map[string]int    // login → wrong answers
	enrolled map[string][]byte // login → secret
}

func newLedger() *ledger {
	return &ledger{sent: map[string]map[string]bool{}, accepted: map[string]map[string]bool{}, spent: map[string]int{},
		asked: map[string]int{}, wrong: map[string]int{}, enrolled: map[string][]byte{}}
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

// twice sends one code in two pending logins at once; false once the server
// is gone.
func (l *ledger) twice(s *server, p person, kind, code string) (open, alive bool) {
	var both sync.WaitGroup
	var gone, in atomic.Bool
	for range 2 {
		both.Go(func() {
			v := s.away()
			ok := l.note(s, v.password(p.login), func() {})
			answer := v.post("/login/challenge/"+kind, "code", code)
			ok = ok && l.note(s, answer, func() {
				if l.opened(v, p.login, code, answer) {
					in.Store(true)
				}
			})
			if !ok {
				gone.Store(true)
			}
		})
	}
	both.Wait()
	return in.Load(), !gone.Load()
}

// signIn sends each right code twice at once, used ones too.
func (l *ledger) signIn(s *server, p person) {
	for step := int64(-1); ; step = (step+2)%3 - 1 {
		c := code(p.secret, step)
		l.mu.Lock()
		l.sent[p.login][c] = true
		l.mu.Unlock()
		if _, alive := l.twice(s, p, "totp", c); !alive {
			return
		}
	}
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

// mailed are the codes that arrived for a login so far.
func mailed(dir, login string) (codes []string) {
	files, _ := filepath.Glob(filepath.Join(dir, "data", "mail", "*.eml"))
	for _, file := range files {
		text, _ := os.ReadFile(file)
		to, code := mailedTo.FindSubmatch(text), mailedCode.FindSubmatch(text)
		if to != nil && code != nil && string(to[1]) == login {
			codes = append(codes, string(code[1]))
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
