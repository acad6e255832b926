package login_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

// moments is a store that does something before its n-th use.
type moments struct {
	login.Store
	n  int
	do func()
}

func (m *moments) pass() {
	if m.n--; m.n == 0 {
		m.do()
	}
}

func (m *moments) Write(ctx context.Context, do func(login.Tx) error) error {
	m.pass()
	return m.Store.Write(ctx, do)
}

func (m *moments) WriteSoon(ctx context.Context, do func(login.Tx) error) error {
	m.pass()
	return m.Store.WriteSoon(ctx, do)
}

func (m *moments) Act(ctx context.Context, do func(login.Act) (identity.Event, error)) error {
	m.pass()
	return m.Store.Act(ctx, do)
}

func (m *moments) Throttle(ctx context.Context, key login.Counter) (login.Throttle, error) {
	m.pass()
	return m.Store.Throttle(ctx, key)
}

func (m *moments) Throttles(ctx context.Context, keys ...login.Counter) ([]login.Throttle, error) {
	m.pass()
	return m.Store.Throttles(ctx, keys...)
}

func (m *moments) Waiting(ctx context.Context, hash string, of login.Asker) (login.Waiting, error) {
	m.pass()
	return m.Store.Waiting(ctx, hash, of)
}

func (m *moments) Entrance(ctx context.Context, name string, of login.Asker) (identity.Account, login.Seen, error) {
	m.pass()
	return m.Store.Entrance(ctx, name, of)
}

func (m *moments) SwapThrottle(ctx context.Context, was, to login.Throttle, beside ...login.Throttle) (bool, error) {
	m.pass()
	return m.Store.SwapThrottle(ctx, was, to, beside...)
}

func (m *moments) AccountByKey(ctx context.Context, key string) (identity.Account, error) {
	m.pass()
	return m.Store.AccountByKey(ctx, key)
}

func (m *moments) Account(ctx context.Context, id string) (identity.Account, error) {
	m.pass()
	return m.Store.Account(ctx, id)
}

func (m *moments) Credentials(ctx context.Context, id string, open ...factors.Kind) ([]factors.Credential, error) {
	m.pass()
	return m.Store.Credentials(ctx, id, open...)
}

// interrupted is a service of a site on such a store.
func interrupted(s *sitetest.Site, n int, do func()) *login.Service {
	opt := s.Login.Options()
	return login.New(&moments{s.Store, n, do}, s.Hasher, opt, s.Login.Kinds())
}

// most is more uses of the store than any of these calls makes.
const most = 16

// both runs a test on SQLite and on PostgreSQL.
func both(t *testing.T, do func(t *testing.T, s *sitetest.Site)) {
	for _, db := range pgtest.Databases() {
		t.Run(db, func(t *testing.T) {
			t.Parallel()
			do(t, sitetest.New(t, sitetest.On(t, db)))
		})
	}
}

func failed(t *testing.T, s *sitetest.Site, key login.Counter) int {
	t.Helper()
	x, err := s.Store.Throttle(context.Background(), key)
	if err != nil {
		t.Fatal(err)
	}
	return x.Fails
}

// passwordFails is the counter of strangers' passwords of a name.
func passwordFails(t *testing.T, s *sitetest.Site, name string) int {
	t.Helper()
	return failed(t, s, login.Counter{What: login.CountPassword, Subject: identity.HashToken(name)[:32]})
}

func count2(list []string, what string) (n int) {
	for _, x := range list {
		if x == what {
			n++
		}
	}
	return n
}

// Whoever hangs up while a password is checked changes nothing about it: a wrong
// one that was looked at is counted for the account and for the address, and is
// in the log; a right one leaves no failure.
func TestHangingUpOnAPassword(t *testing.T) {
	both(t, func(t *testing.T, s *sitetest.Site) {
		judged := 0
		for n := 1; n <= most; n++ {
			name := fmt.Sprintf("ada%d", n)
			s.User(name, identity.Member)
			c := identity.Client{Range: name, Address: "192.0.2.1", Browser: "Firefox"}
			ctx, cancel := context.WithCancel(context.Background())
			_, err := interrupted(s, n, cancel).Password(ctx, name, "not the password", "", c)
			events, account, address := count2(s.Events(name), "login.failed"), passwordFails(t, s, name), failed(t, s, login.Counter{What: login.CountAddress, Subject: name})
			if account != events || account != address || identity.Reason(err) == identity.Wrong && account != 1 {
				t.Errorf("wrong, moment %d: %v, %d failures of the account, %d of the address, %d in the log", n, err, account, address, events)
			}
			judged += account
			cancel()

			ctx, cancel = context.WithCancel(context.Background())
			before := passwordFails(t, s, name)
			entry, _ := interrupted(s, n, cancel).Password(ctx, name, sitetest.Password, "", c)
			if after := passwordFails(t, s, name); after > before || entry.Session != "" && after != 0 {
				t.Errorf("right, moment %d: %d failures, %d before", n, after, before)
			}
			cancel()
		}
		if judged < most-3 {
			t.Errorf("only %d of %d were looked at", judged, most)
		}
	})
}

// A password asked for inside is counted alike.
func TestHangingUpOnAPasswordInside(t *testing.T) {
	both(t, func(t *testing.T, s *sitetest.Site) {
		for n := 1; n <= most; n++ {
			name := fmt.Sprintf("ada%d", n)
			a := s.User(name, identity.Member)
			ctx, cancel := context.WithCancel(context.Background())
			_ = interrupted(s, n, cancel).CheckPassword(ctx, a, "not the password", identity.Client{Range: name})
			events, account, address := count2(s.Events(name), "password.failed"), passwordFails(t, s, name), failed(t, s, login.Counter{What: login.CountAddress, Subject: name})
			if account != events || account != address {
				t.Errorf("moment %d: %d failures of the account, %d of the address, %d in the log", n, account, address, events)
			}
			cancel()
		}
	})
}

// A code that was counted is judged: a wrong one is recorded, a right one leaves
// no failure and opens its session, at a sign-in and at a step-up.
func TestHangingUpOnACode(t *testing.T) {
	both(t, func(t *testing.T, s *sitetest.Site) {
		m := newModel(s, "ada@example.com")
		c := stranger()
		v := session(t, s, m, c)
		key := login.Counter{What: login.CountFactor, Account: m.id, Kind: factors.KindRecovery}
		for n := 1; n <= most; n++ {
			entry, err := s.Login.Password(context.Background(), m.name, sitetest.Password, "", c)
			if err != nil {
				t.Fatal(err)
			}
			for _, code := range []string{"no code", m.codes[0]} {
				ctx, cancel := context.WithCancel(context.Background())
				before := count2(s.Events(m.name), "factor.failed")
				got, err := interrupted(s, n, cancel).Answer(ctx, entry.Pending, login.Reply{Kind: factors.KindRecovery, Answer: factors.Answer{Code: code}}, c)
				cancel()
				after := count2(s.Events(m.name), "factor.failed")
				if right := code != "no code"; right != (err == nil) || !right && identity.Refused(err) == nil || right != (got.Session != "") || !right && (failed(t, s, key) != 1 || after != before+1) || right && failed(t, s, key) != 0 {
					t.Fatalf("moment %d, %q: %v, %d failures, %d in the log", n, code, err, failed(t, s, key), after-before)
				}
			}
			if m.codes = m.codes[1:]; len(m.codes) < 2 {
				err := s.Login.MakeCodes(context.Background(), v, c)
				sheet, err2 := s.Login.Codes(context.Background(), v)
				if err != nil || err2 != nil {
					t.Fatal(err, err2)
				}
				m.codes = nil
				for _, x := range sheet.Codes {
					m.codes = append(m.codes, x.Text)
				}
			}
			ctx, cancel := context.WithCancel(context.Background())
			if err := interrupted(s, n, cancel).CheckCode(ctx, v, m.codes[0], c); err != nil || failed(t, s, key) != 0 {
				t.Errorf("checking, moment %d: %v, %d failures", n, err, failed(t, s, key))
			}
			cancel()
			ctx, cancel = context.WithCancel(context.Background())
			s.Advance(time.Minute)
			code, _ := factors.TOTPCode(m.secret, s.Now().Unix()/factors.TOTPPeriod)
			_, err = interrupted(s, n, cancel).Confirm(ctx, v, factors.KindTOTP, factors.Answer{Code: code}, c)
			if err != nil || failed(t, s, login.Counter{What: login.CountFactor, Account: m.id, Kind: factors.KindTOTP}) != 0 {
				t.Errorf("step-up, moment %d: %v", n, err)
			}
			cancel()
		}
	})
}

// session signs in with the app.
func session(t *testing.T, s *sitetest.Site, m *model, c identity.Client) *login.Visit {
	t.Helper()
	s.Advance(time.Minute)
	entry, err := s.Login.Password(context.Background(), m.name, sitetest.Password, "", c)
	if err != nil {
		t.Fatal(err)
	}
	code, _ := factors.TOTPCode(m.secret, s.Now().Unix()/factors.TOTPPeriod)
	entry, err = s.Login.Answer(context.Background(), entry.Pending, login.Reply{Kind: factors.KindTOTP, Answer: factors.Answer{Code: code}}, c)
	if err != nil {
		t.Fatal(err)
	}
	v, err := s.Login.Visit(context.Background(), entry.Session)
	if err != nil || v == nil {
		t.Fatal(v, err)
	}
	return v
}

// A password that is changed, or an account that is disabled, while the old
// password is being checked: it opens nothing, at whatever moment it happens.
func TestChangedWhileThePasswordIsChecked(t *testing.T) {
	both(t, func(t *testing.T, s *sitetest.Site) {
		ctx := context.Background()
		for what, change := range map[string]func(*identity.Account){
			"password": func(a *identity.Account) { a.Password = "$argon2id$another" },
			"disabled": func(a *identity.Account) { a.Disabled = s.Now() },
		} {
			refused := 0
			for n := 1; n <= most; n++ {
				name := fmt.Sprintf("%s%d", what, n)
				a := s.User(name, identity.Member)
				changed := false
				do := func() {
					changed = true
					err := sitetest.Change(s.Store, s.Now(), func(ctx context.Context, tx login.Act) error {
						b, err := tx.LockAccount(ctx, a.ID)
						if err != nil {
							return err
						}
						change(&b)
						return tx.SaveAccount(ctx, b)
					})
					if err != nil {
						t.Error(err)
					}
				}
				entry, refusal := interrupted(s, n, do).Password(ctx, name, sitetest.Password, "", identity.Client{Range: name})
				sessions, err := s.Store.Sessions(ctx, a.ID)
				if err != nil {
					t.Fatal(err)
				}
				if changed && (refusal == nil && entry.Session != "" || len(sessions) > 0) || !changed && len(sessions) != 1 {
					t.Errorf("%s, moment %d (%v): %+v %v, %d sessions", what, n, changed, entry, refusal, len(sessions))
				}
				if changed && identity.Reason(refusal) == identity.Wrong && !slices.Contains(s.Events(name), "login.failed") {
					refused++ // by the transaction that would have opened the session
				}
			}
			if refused == 0 {
				t.Errorf("%s: never between the check and the session", what)
			}
		}
	})
}
