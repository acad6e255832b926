package commands_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/uptrace/bun"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
	"nightlatch.example/nightlatch/mail"
	"nightlatch.example/nightlatch/store"
)

// answersPerKill is how many answers the server gives before it dies, one time with
// another.
const answersPerKill = 135

// kills is how often it dies on each database. The second run of CI takes its time.
func kills() int {
	if sitetest.Swapped() {
		return 8
	}
	return 4
}

// town is everybody who uses a server that is killed again and again.
type town struct {
	comers, guessers, fresh, mailers, savers []person
	codes                                    map[string][]string // login → recovery codes
}

// settle makes the town. The savers get their recovery codes from a server
// that nobody kills.
func settle(t *testing.T, dir string, env []string) *town {
	x := &town{
		comers: seed(t, dir, env, "ada", 40, true), guessers: seed(t, dir, env, "eve", 40, true), fresh: seed(t, dir, env, "new", 60, false),
		mailers: seed(t, dir, env, "may", kills(), false), savers: seed(t, dir, env, "sue", 3, false), codes: map[string][]string{},
	}
	mailable(t, dir, env, x.mailers)
	s := start(t, dir, env)
	for _, p := range x.savers {
		v := s.visitor()
		v.password(p.login).want(t, "/profile")
		v.post("/profile/factors/totp")
		v.post("/profile/factors/totp/confirm", "code", code(v.secret(), 0))
		if x.codes[p.login] = shownCode.FindAllString(v.get("/profile/factors/recovery.txt").body, -1); len(x.codes[p.login]) != 10 {
			t.Fatalf("%s has %d recovery codes", p.login, len(x.codes[p.login]))
		}
	}
	s.stop()
	return x
}

var shownCode = regexp.MustCompile(`\b[0-9A-HJKMNP-TV-Z]{4}(?:-[0-9A-HJKMNP-TV-Z]{4}){3}\b`)

// mailable gives people a proven address as their factor.
func mailable(t *testing.T, dir string, env []string, people []person) {
	s := open(t, dir, env)
	defer s.Close()
	err := sitetest.Change(s, time.Now(), func(ctx context.Context, tx login.Act) error {
		for _, p := range people {
			a, err := tx.LockAccount(ctx, p.id)
			if err != nil {
				return err
			}
			a.Email, a.EmailVerified = p.login+"@example.com", a.Created
			if err := tx.SaveAccount(ctx, a); err != nil {
				return err
			}
			err = tx.InsertCredentials(ctx, factors.Credential{ID: identity.NewID(), AccountID: p.id, Kind: factors.KindEmail,
				Name: "Mail", Address: a.Email, Created: a.Created})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// live lets everybody act until the server is killed. Each of its lives has a
// mailer and codes that are new, beside those of the life before.
func (x *town) live(t *testing.T, l *ledger, s *server, dir string, life int) {
	var all sync.WaitGroup
	for half := range slices.Chunk(x.comers, len(x.comers)/2) {
		all.Go(func() { l.signIn(s, half) })
	}
	for _, p := range x.mailers[max(0, life-1) : life+1] {
		all.Go(func() { l.byMail(t, s, dir, p) })
	}
	for _, p := range x.savers {
		all.Go(func() { l.recoverWith(s, p, x.codes[p.login][max(0, life-1):life+2]) })
	}
	for some := range slices.Chunk(x.guessers, len(x.guessers)/4) {
		all.Go(func() { l.guess(s, some) })
	}
	all.Go(func() { l.enroll(s, x.fresh) })
	all.Wait()
	<-s.exited
}

// A server that is killed at any moment loses nothing that it acknowledged, no
// code is worth more than one session, a sign-in that waits for its code goes on,
// and every mail that it promised comes.
func TestKilledAtAnyMoment(t *testing.T) {
	for name, env := range databases(t) {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			env := append(env, "NIGHTLATCH_LOCK_AFTER=50", "NIGHTLATCH_CODE_COOLDOWN=0", "NIGHTLATCH_LOGIN_TTL=24h", "NIGHTLATCH_TRUSTED_PROXIES=127.0.0.1")
			x, l := settle(t, dir, env), newLedger()
			for _, p := range x.comers {
				l.sent[p.login] = map[string]bool{}
			}
			for life, part := range rand.Perm(kills()) {
				s := start(t, dir, env)
				for _, token := range l.sessions {
					v := s.visitor()
					if p := v.with("nightlatch_session", token).get("/verify?level=2"); p.status != http.StatusOK {
						t.Errorf("an acknowledged session is lost: %d", p.status)
					}
				}
				span := 2 * answersPerKill / kills() // one kill in each part of the time, from the first answers on
				l.left.Store(int32(part*span + 1 + rand.IntN(span)))
				x.live(t, l, s, dir, life)
				l.check(t, dir, env, x)
			}
			l.delivered(t, dir, env, x)
			t.Logf("acknowledged: %d answers, %d sessions, %d enrollments, recovery codes %v, mailed codes %v, wrong answers %v",
				l.answers.Load(), len(l.sessions), len(l.enrolled), l.spent, l.asked, l.wrong)
			if l.gone > 0 {
				t.Errorf("%d sign-ins that waited for their code are lost", l.gone)
			}
			if l.answers.Load() < int32(kills()*answersPerKill*3/4) || len(l.sessions) < 2*kills() || len(l.enrolled) == 0 || l.wrong["eve0"] == 0 || len(l.spent) == 0 || len(l.asked) == 0 {
				t.Error("the test did too little")
			}
		})
	}
}

// check holds the database against what was acknowledged.
func (l *ledger) check(t *testing.T, dir string, env []string, x *town) {
	t.Helper()
	s, db := open(t, dir, env), raw(t, dir, env)
	defer s.Close()
	defer db.Close()
	if s.Embedded() {
		var sound string
		if err := db.NewRaw("PRAGMA integrity_check").Scan(t.Context(), &sound); err != nil || sound != "ok" {
			t.Errorf("the database is %q, %v", sound, err)
		}
	}
	must(t, dir, env, "", "audit", "verify")
	for key, sessions := range l.accepted {
		if len(sessions) > 1 {
			t.Errorf("%s opened %d sessions", key, len(sessions))
		}
	}
	for _, p := range x.comers {
		var sessions, events int
		err := db.NewRaw("SELECT (SELECT count(*) FROM sessions WHERE account_id = ? AND level = 2),"+
			" (SELECT count(*) FROM events WHERE account_id = ? AND kind = 'login' AND level = 2)", p.id, p.id).Scan(t.Context(), &sessions, &events)
		if err != nil || sessions != events || sessions > len(l.sent[p.login]) {
			t.Errorf("%s: %d sessions, %d of them in the audit log, %d codes sent, %v", p.login, sessions, events, len(l.sent[p.login]), err)
		}
	}
	for _, p := range x.guessers {
		x, err := s.Throttle(t.Context(), login.Counter{What: login.CountFactor, Account: p.id, Kind: factors.KindTOTP})
		if err != nil || x.Fails < l.wrong[p.login] {
			t.Errorf("%s: %d failures are kept of %d, %v", p.login, x.Fails, l.wrong[p.login], err)
		}
	}
	for _, p := range x.savers {
		a, err := s.Account(t.Context(), p.id)
		if err != nil || a.RecoveryLeft > 10-l.spent[p.login] {
			t.Errorf("%s has %d recovery codes left after %d were used, %v", p.login, a.RecoveryLeft, l.spent[p.login], err)
		}
	}
	l.checkEnrolled(t, s, x.fresh)
	l.checkOutbox(t, db, dir, x.mailers)
}

func (l *ledger) checkEnrolled(t *testing.T, s *store.Store, fresh []person) {
	t.Helper()
	for _, p := range fresh {
		a, err := s.Account(t.Context(), p.id)
		creds, err2 := s.Credentials(t.Context(), p.id, factors.KindTOTP)
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

var messageID = regexp.MustCompile(`(?mi)^Message-ID: <([^@>]+)@`)

// checkOutbox looks that each promised code has its row, and each mail its row.
func (l *ledger) checkOutbox(t *testing.T, db *bun.DB, dir string, mailers []person) {
	t.Helper()
	for _, p := range mailers {
		var rows int
		err := db.NewRaw("SELECT count(*) FROM outbox WHERE account_id = ? AND template = 'code'", p.id).Scan(t.Context(), &rows)
		if err != nil || rows < l.asked[p.login] {
			t.Errorf("%s: %d codes in the outbox of %d that were promised, %v", p.login, rows, l.asked[p.login], err)
		}
	}
	files, _ := filepath.Glob(filepath.Join(dir, "data", "mail", "*.eml"))
	for _, file := range files {
		text, err := os.ReadFile(file)
		id, rows := messageID.FindSubmatch(text), 0
		if err != nil || id == nil {
			t.Errorf("%s: %v, Message-ID %q", file, err, id)
			continue
		}
		if err := db.NewRaw("SELECT count(*) FROM outbox WHERE id = ?", string(id[1])).Scan(t.Context(), &rows); err != nil || rows != 1 {
			t.Errorf("mail %s was sent and has %d rows, %v", id[1], rows, err)
		}
	}
}

// delivered starts the server once more and waits until every code was sent or
// is void. A notice of several new browsers waits for the end of its hour.
func (l *ledger) delivered(t *testing.T, dir string, env []string, x *town) {
	t.Helper()
	db := raw(t, dir, env)
	defer db.Close()
	_, err := db.NewRaw("UPDATE outbox SET next_at = next_at - ? WHERE status = 'queued' AND template = 'code'", mail.Lease.Microseconds()).Exec(t.Context())
	if err != nil { // the lease of a mail that was on its way has passed
		t.Fatal(err)
	}
	s := start(t, dir, env)
	waitFor(t, func() bool {
		left := 1
		err := db.NewRaw("SELECT count(*) FROM outbox WHERE status = 'queued' AND template = 'code'").Scan(t.Context(), &left)
		return err == nil && left == 0
	})
	s.stop()
	l.checkOutbox(t, db, dir, x.mailers)
}
