package commands_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"nightlatch.example/nightlatch/factors"
)

// ledger is what the server acknowledged before it was killed.
type ledger struct {
	left atomic.Int32 // answers until the kill

	mu       sync.Mutex
	sent     map[string]map[string]bool // login → codes that were sent
	accepted map[string]int             // login and code → how often it opened a session
	sessions []string
	wrong    map[string]int    // login → wrong answers
	enrolled map[string][]byte // login → secret
}

// note keeps what an answer says; false once the server is gone.
func (l *ledger) note(s *server, p page, keep func()) bool {
	if p.status == 0 {
		return false
	}
	l.mu.Lock()
	keep()
	l.mu.Unlock()
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

// signIn sends each right code twice at once, used ones too.
func (l *ledger) signIn(s *server, p person) {
	for step := int64(-1); ; step = (step+2)%3 - 1 {
		c := code(p.secret, step)
		l.mu.Lock()
		l.sent[p.login][c] = true
		l.mu.Unlock()
		var both sync.WaitGroup
		var gone atomic.Bool
		for range 2 {
			both.Go(func() {
				v := s.away()
				ok := l.note(s, v.password(p.login), func() {})
				answer := v.post("/login/challenge/totp", "code", c)
				ok = ok && l.note(s, answer, func() {
					if answer.location == "/profile" {
						l.accepted[p.login+" "+c]++
						l.sessions = append(l.sessions, v.cookie("nightlatch_session"))
					}
				})
				if !ok {
					gone.Store(true)
				}
			})
		}
		if both.Wait(); gone.Load() {
			return
		}
	}
}

// guess gives wrong answers only.
func (l *ledger) guess(s *server, p person) {
	v := s.away()
	if v.password(p.login).location != "/login/challenge" {
		return
	}
	for n := 0; ; n++ {
		answer := v.post("/login/challenge/totp", "code", fmt.Sprintf("no %d", n))
		if !l.note(s, answer, func() {
			if answer.status == http.StatusUnprocessableEntity {
				l.wrong[p.login]++
			}
		}) {
			return
		}
		v.from = s.away().from
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

// A server that is killed at any moment loses nothing that it acknowledged, and
// no code is worth more than one session.
func TestKilledAtAnyMoment(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			env := append(env, "NIGHTLATCH_LOCK_AFTER=100000", "NIGHTLATCH_LOCK_DISABLE=100000", "NIGHTLATCH_TRUSTED_PROXIES=127.0.0.1")
			comers := seed(t, dir, env, "ada", 4, true)
			guessers := seed(t, dir, env, "eve", 2, true)
			fresh := seed(t, dir, env, "new", 40, false)
			l := &ledger{sent: map[string]map[string]bool{}, accepted: map[string]int{}, wrong: map[string]int{}, enrolled: map[string][]byte{}}
			for _, p := range comers {
				l.sent[p.login] = map[string]bool{}
			}
			for range 4 {
				s := start(t, dir, env)
				for _, token := range l.sessions {
					v := s.visitor()
					if p := v.with("nightlatch_session", token).get("/verify?level=2"); p.status != http.StatusOK {
						t.Errorf("an acknowledged session is lost: %d", p.status)
					}
				}
				l.left.Store(20 + rand.Int32N(30))
				var all sync.WaitGroup
				for _, p := range comers {
					all.Go(func() { l.signIn(s, p) })
				}
				for _, p := range guessers {
					all.Go(func() { l.guess(s, p) })
				}
				all.Go(func() { l.enroll(s, fresh) })
				all.Wait()
				<-s.exited
				l.check(t, dir, env, comers, guessers, fresh)
			}
			t.Logf("acknowledged: %d sessions, %d enrollments, %v wrong answers", len(l.sessions), len(l.enrolled), l.wrong)
			if len(l.sessions) == 0 || len(l.enrolled) == 0 || l.wrong["eve0"] == 0 {
				t.Errorf("the test did too little: %d sessions, %d enrollments, %v", len(l.sessions), len(l.enrolled), l.wrong)
			}
		})
	}
}

// check holds the database against what was acknowledged.
func (l *ledger) check(t *testing.T, dir string, env []string, comers, guessers, fresh []person) {
	t.Helper()
	ctx := context.Background()
	s, db := open(t, dir, env), raw(t, dir, env)
	defer s.Close()
	defer db.Close()
	if s.Embedded() {
		var sound string
		if err := db.NewRaw("PRAGMA integrity_check").Scan(ctx, &sound); err != nil || sound != "ok" {
			t.Errorf("the database is %q, %v", sound, err)
		}
	}
	must(t, dir, env, "", "audit", "verify")
	for key, n := range l.accepted {
		if n > 1 {
			t.Errorf("%s was accepted %d times", key, n)
		}
	}
	for _, p := range comers {
		var sessions, events int
		err := db.NewRaw("SELECT (SELECT count(*) FROM sessions WHERE account_id = ? AND level = 2),"+
			" (SELECT count(*) FROM events WHERE account_id = ? AND kind = 'login' AND level = 2)", p.id, p.id).Scan(ctx, &sessions, &events)
		if err != nil || sessions != events || sessions > len(l.sent[p.login]) {
			t.Errorf("%s: %d sessions, %d of them in the audit log, %d codes sent, %v", p.login, sessions, events, len(l.sent[p.login]), err)
		}
	}
	for _, p := range guessers {
		x, err := s.Throttle(ctx, "factor:"+p.id+":totp")
		if err != nil || x.Fails < l.wrong[p.login] {
			t.Errorf("%s: %d failures are kept of %d, %v", p.login, x.Fails, l.wrong[p.login], err)
		}
	}
	for _, p := range fresh {
		a, err := s.Account(ctx, p.id)
		creds, err2 := s.Credentials(ctx, p.id, factors.KindTOTP)
		if err != nil || err2 != nil || len(creds) != 0 && len(creds) != 11 || a.HasFactor() != (len(creds) > 0) || a.RecoveryLeft != max(0, len(creds)-1) {
			t.Errorf("%s is half enrolled: %d credentials, %v, %v %v", p.login, len(creds), a.Kinds, err, err2)
			continue
		}
		secret, acknowledged := l.enrolled[p.login]
		if acknowledged && (len(creds) == 0 || string(appOf(creds).Secret) != string(secret)) {
			t.Errorf("%s: an acknowledged enrollment is lost", p.login)
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
