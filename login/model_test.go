package login_test

import (
	"context"
	"flag"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/internal/pgtest"
	"nightlatch.example/nightlatch/internal/sitetest"
	"nightlatch.example/nightlatch/login"
)

func TestMain(m *testing.M) { pgtest.Main(m) }

// Small limits, so that a short run of the model reaches all of them.
const (
	after   = 3
	disable = 7
	first   = 30 * time.Second
)

// count is what the model expects of one kind's counter.
type count struct {
	fails int
	until time.Time
	off   bool
}

// model is one account as it should be, beside the account as it is kept.
type model struct {
	s      *sitetest.Site
	name   string
	id     string
	secret []byte
	codes  []string // recovery codes
	used   map[string]bool
	last   int64 // accepted TOTP step
	counts map[factors.Kind]*count

	pending string // token
	expires time.Time
	mail    string // code under way in this pending login
	tries   int
	dies    time.Time
	sent    time.Time // last mail, for the cooldown
	inHour  int
	hour    time.Time

	open int // sessions that were opened
}

var kinds = []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery}

// newModel makes an account with every kind of factor.
func newModel(s *sitetest.Site, name string) *model {
	s.User(name, login.Member)
	b := s.Browser().SignIn(name)
	m := &model{s: s, name: name, secret: b.EnrollTOTP(), used: map[string]bool{}, counts: map[factors.Kind]*count{}, open: 1}
	m.last = s.Now().Unix() / factors.TOTPPeriod
	b.EnrollEmail("")
	m.codes, m.id = b.RecoveryCodes(), s.Account(name).ID
	for _, k := range kinds {
		m.counts[k] = &count{}
	}
	m.sent, m.inHour, m.hour = s.Now(), 1, s.Now().Add(time.Hour)
	return m
}

// judge is the rule of the throttle: what becomes of an answer, and whether it
// is looked at.
func (m *model) judge(k factors.Kind, right bool) login.Why {
	c, now := m.counts[k], m.s.Now()
	if c.off = c.off || c.fails >= disable; c.off {
		return login.Off
	}
	if now.Before(c.until) {
		return login.Wait
	}
	if right {
		*c = count{}
		return login.Fine
	}
	c.fails++
	if over := c.fails - after; over >= 0 {
		c.until = now.Add(min(first<<over, login.LockWaitMax))
	}
	c.off = c.fails >= disable
	return login.Wrong
}

// stranger asks from an address of its own: the limit of the address is
// another test's.
func stranger() login.Client { return login.Client{Range: login.NewID(), Browser: "Firefox"} }

// begin gives the first step when no pending login is there any more.
func (m *model) begin(t *rapid.T) {
	if m.pending != "" && m.s.Now().Before(m.expires) {
		return
	}
	entry, r, err := m.s.Login.Password(context.Background(), m.name, sitetest.Password, "", stranger())
	if err != nil || !r.OK() || entry.Pending == "" || entry.Session != "" {
		t.Fatalf("the first step: %+v %v %v", entry, r, err)
	}
	m.pending, m.expires = entry.Pending, m.s.Now().Add(m.s.Login.Options().LoginTTL)
	m.mail, m.tries = "", 0
}

// answer gives a code and holds what comes against the model.
func (m *model) answer(t *rapid.T, k factors.Kind, code string, right bool) {
	m.begin(t)
	entry, r, err := m.s.Login.Answer(context.Background(), m.pending, k, factors.Answer{Code: code}, false, stranger())
	want := m.judge(k, right)
	if r.Why == login.Expired && want == login.Wrong && k == factors.KindEmail {
		r.Why = login.Wrong
	}
	if err != nil || r.Why != want {
		t.Fatalf("%s %q: %v %v, the model says %v", k, code, r, err, want)
	}
	if want != login.Fine {
		return
	}
	v, err := m.s.Login.Visit(context.Background(), entry.Session)
	if err != nil || v == nil || v.Session.Level != 2 || v.Account.ID != m.id {
		t.Fatalf("%s: no session of level 2: %+v %v", k, v, err)
	}
	m.pending, m.open = "", m.open+1
}

// mailTry counts the try of an emailed code and says whether it can be right.
func (m *model) mailTry(code string) bool {
	c := m.counts[factors.KindEmail]
	if c.off || c.fails >= disable || m.s.Now().Before(c.until) || m.mail == "" {
		return false
	}
	m.tries++
	return m.tries <= login.CodeTries && m.s.Now().Before(m.dies) && code == m.mail
}

func (m *model) actions() map[string]func(*rapid.T) {
	return map[string]func(*rapid.T){
		"": m.check,
		"app": func(t *rapid.T) {
			step := m.s.Now().Unix()/factors.TOTPPeriod + rapid.Int64Range(-3, 3).Draw(t, "steps")
			code, _ := factors.TOTPCode(m.secret, step)
			right := int64(0)
			for d := int64(-1); d <= 1; d++ { // two steps can have the same code
				at := m.s.Now().Unix()/factors.TOTPPeriod + d
				if c, _ := factors.TOTPCode(m.secret, at); c == code && at > m.last {
					right = at
				}
			}
			before := m.open
			if m.answer(t, factors.KindTOTP, code, right != 0); m.open > before {
				m.last = right
			}
		},
		"no app": func(t *rapid.T) { m.answer(t, factors.KindTOTP, "no code", false) },
		"sheet": func(t *rapid.T) {
			code := rapid.SampledFrom(m.codes).Draw(t, "code")
			before := m.open
			if m.answer(t, factors.KindRecovery, code, !m.used[code]); m.open > before {
				m.used[code] = true
			}
		},
		"no sheet": func(t *rapid.T) { m.answer(t, factors.KindRecovery, "no code", false) },
		"send":     m.send,
		"mail": func(t *rapid.T) {
			m.begin(t)
			code := m.mail
			if code == "" || rapid.Bool().Draw(t, "wrong") {
				code = "no code"
			}
			m.answer(t, factors.KindEmail, code, m.mailTry(code))
		},
		"another browser": func(*rapid.T) { m.pending = "" },
		"wait": func(t *rapid.T) {
			m.s.Advance(time.Duration(rapid.SampledFrom([]int{1, 29, 30, 31, 61, 299, 301, 601, 901, 3601}).Draw(t, "seconds")) * time.Second)
		},
		"unlock": func(t *rapid.T) {
			k := rapid.SampledFrom(kinds).Draw(t, "kind")
			if rapid.IntRange(0, 3).Draw(t, "seldom") > 0 {
				return
			}
			err := m.s.Store.Write(context.Background(), func(tx login.Tx) error {
				return m.s.Login.UnlockKinds(context.Background(), tx, m.s.Account(m.name), k)
			})
			if err != nil {
				t.Fatal(err)
			}
			*m.counts[k] = count{}
		},
		"at once": m.atOnce,
	}
}

// send has a code mailed, within the limits.
func (m *model) send(t *rapid.T) {
	m.begin(t)
	c, now := m.counts[factors.KindEmail], m.s.Now()
	want := login.Fine
	switch {
	case c.off:
		want = login.Off
	case now.Before(c.until) || now.Before(m.sent.Add(time.Minute)):
		want = login.Wait
	case now.Before(m.hour) && m.inHour >= login.CodesPerHour:
		want = login.Wait
	}
	r, err := m.s.Login.Send(context.Background(), m.pending, factors.KindEmail, "", stranger())
	if err != nil || r.Why != want {
		t.Fatalf("send: %v %v, the model says %v", r, err, want)
	}
	if want != login.Fine {
		return
	}
	if !now.Before(m.hour) {
		m.inHour, m.hour = 0, now.Add(time.Hour)
	}
	m.inHour++
	m.sent, m.tries, m.dies = now, 0, now.Add(m.s.Login.Options().CodeTTL)
	m.mail = m.s.LastCode(m.name)
}

// atOnce gives one right code many times in parallel, wrong ones among them:
// whatever the interleaving, it opens one session at most, and no wrong answer
// that was looked at is left out of the count.
func (m *model) atOnce(t *rapid.T) {
	m.begin(t)
	m.s.Advance(31 * time.Second)
	step := m.s.Now().Unix() / factors.TOTPPeriod
	code, _ := factors.TOTPCode(m.secret, step)
	n := rapid.IntRange(2, 8).Draw(t, "n")
	wrong := rapid.IntRange(0, 3).Draw(t, "wrong")
	c := m.counts[factors.KindTOTP]
	held := c.off || c.fails >= disable || m.s.Now().Before(c.until)
	results := make([]login.Why, n+wrong)
	var all sync.WaitGroup
	for i := range results {
		all.Go(func() {
			typed := code
			if i >= n {
				typed = "no code"
			}
			_, r, err := m.s.Login.Answer(context.Background(), m.pending, factors.KindTOTP, factors.Answer{Code: typed}, false, stranger())
			if err != nil {
				t.Errorf("at once: %v", err)
			}
			results[i] = r.Why
		})
	}
	all.Wait()
	good, looked := 0, 0
	for i, why := range results {
		if why == login.Fine {
			good++
			if i >= n {
				t.Fatal("a wrong code opened a session")
			}
		}
		if why == login.Wrong {
			looked++
		}
	}
	kept := m.kept(t, factors.KindTOTP)
	switch {
	case good > 1, held && good+looked > 0, !held && wrong == 0 && good == 0 && step > m.last && m.s.Now().Before(m.expires):
		t.Fatalf("%v, held %v: %d opened a session", results, held, good)
	case kept.Fails > c.fails+looked, good == 0 && !held && kept.Fails != c.fails+looked:
		t.Fatalf("%v: %d failures were kept of %d before and %d", results, kept.Fails, c.fails, looked)
	}
	if good == 1 {
		m.pending, m.open, m.last = "", m.open+1, step
	}
	*c = count{kept.Fails, kept.Until, !kept.Off.IsZero()}
}

func (m *model) kept(t *rapid.T, k factors.Kind) login.Throttle {
	x, err := m.s.Store.Throttle(context.Background(), "factor:"+m.id+":"+string(k))
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// check compares what is kept with the model.
func (m *model) check(t *rapid.T) {
	for _, k := range kinds {
		x, c := m.kept(t, k), m.counts[k]
		if x.Fails != c.fails || !x.Until.Equal(c.until) || x.Off.IsZero() == c.off {
			t.Fatalf("%s: kept %+v, the model has %+v", k, x, *c)
		}
	}
	list, err := m.s.Store.Sessions(context.Background(), m.id)
	if err != nil || len(list) != m.open {
		t.Fatalf("%d sessions, the model has %d: %v", len(list), m.open, err)
	}
	if left := m.s.Account(m.name).RecoveryLeft; left != len(m.codes)-len(m.used) {
		t.Fatalf("%d recovery codes left, the model has %d", left, len(m.codes)-len(m.used))
	}
}

// runs is how many histories are tried unless -rapid.checks says otherwise.
const runs = "15"

// Whatever is done in whatever order, the throttle and the one-time use of
// every kind are as the rules say, on either database.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(runs)
		t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
	}
	for _, db := range []string{"sqlite", "postgres"} {
		t.Run(db, func(t *testing.T) {
			s := sitetest.New(t, func(c *sitetest.Config) {
				c.Login.LockAfter, c.Login.LockDisable, c.Login.LockWait = after, disable, first
				c.Login.SessionMax, c.Login.SessionIdle = 10000*time.Hour, 10000*time.Hour
				if db == "postgres" {
					c.Database = pgtest.DSN(t)
				}
			})
			rapid.Check(t, func(t *rapid.T) {
				m := newModel(s, login.NewID()[:12]+"@example.com")
				t.Repeat(m.actions())
			})
		})
	}
}
