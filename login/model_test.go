package login_test

import (
	"context"
	"flag"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"nightlatch.example/nightlatch/factors"
	"nightlatch.example/nightlatch/identity"
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
	fails  int
	until  time.Time
	off    bool
	recent []time.Time // failures of the last 30 days
	warned time.Time   // when the owner was told of many
}

// full is the cap: so many in a row, or so many within 30 days.
func (c *count) full(now time.Time) bool {
	c.recent = since(c.recent, now.Add(-login.FailureWindow))
	return c.fails >= disable || len(c.recent) >= login.FailuresInWindow
}

// since are the times after a time.
func since(list []time.Time, before time.Time) []time.Time {
	return slices.DeleteFunc(slices.Clone(list), func(at time.Time) bool { return !at.After(before) })
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
	mails   []time.Time // codes that were sent, for the cooldown and the hour

	open int // sessions that were opened
}

var kinds = []factors.Kind{factors.KindTOTP, factors.KindEmail, factors.KindRecovery}

// newModel makes an account with every kind of factor.
func newModel(s *sitetest.Site, name string) *model {
	s.User(name, identity.Member)
	b := s.Browser().SignIn(name)
	m := &model{s: s, name: name, secret: b.EnrollTOTP(), used: map[string]bool{}, counts: map[factors.Kind]*count{}, open: 1}
	m.last = s.Now().Unix() / factors.TOTPPeriod
	b.EnrollEmail("")
	m.codes, m.id = b.RecoveryCodes(), s.Account(name).ID
	for _, k := range kinds {
		m.counts[k] = &count{}
	}
	m.mails = []time.Time{s.Now()}
	return m
}

// judge is the rule of the throttle: what becomes of an answer, and whether it
// is looked at.
func (m *model) judge(k factors.Kind, right bool) identity.Why {
	c, now := m.counts[k], m.s.Now()
	if c.off = c.off || c.full(now); c.off {
		return identity.Off
	}
	if now.Before(c.until) {
		return identity.Wait
	}
	if right {
		if c.fails, c.until = 0, (time.Time{}); len(c.recent) == 0 { // what lies within 30 days stays counted
			*c = count{}
		}
		return identity.NotRefused
	}
	c.fails, c.recent = c.fails+1, append(c.recent, now)
	if over := c.fails - after; over >= 0 {
		c.until = now.Add(min(first<<over, login.LockWaitMax))
	}
	if c.off = c.full(now); !c.off && len(c.recent) >= login.WarnAfter && (c.warned.IsZero() || now.Sub(c.warned) >= login.FailureWindow) {
		c.warned = now
	}
	return identity.Wrong
}

// stranger asks from an address of its own: the limit of the address is
// another test's.
func stranger() identity.Client { return identity.Client{Range: identity.NewID(), Browser: "Firefox"} }

// begin gives the first step when no pending login is there any more.
func (m *model) begin(t *rapid.T) {
	if m.pending != "" && m.s.Now().Before(m.expires) {
		return
	}
	entry, err := m.s.Login.Password(context.Background(), m.name, sitetest.Password, "", stranger())
	if err != nil || entry.Pending == "" || entry.Session != "" {
		t.Fatalf("the first step: %+v %v", entry, err)
	}
	m.pending, m.expires = entry.Pending, m.s.Now().Add(m.s.Login.Options().LoginTTL)
	m.mail, m.tries = "", 0
}

// why is the reason of a refusal; a fault ends the test.
func why(t interface{ Fatal(args ...any) }, err error) identity.Why {
	if err != nil && identity.Refused(err) == nil {
		t.Fatal(err)
	}
	return identity.Reason(err)
}

// answer gives a code and holds what comes against the model.
func (m *model) answer(t *rapid.T, k factors.Kind, code string, right bool) {
	m.begin(t)
	entry, err := m.s.Login.Answer(context.Background(), m.pending, login.Reply{Kind: k, Answer: factors.Answer{Code: code}}, stranger())
	got, want := why(t, err), m.judge(k, right)
	if got == identity.Expired && want == identity.Wrong && k == factors.KindEmail {
		got = identity.Wrong
	}
	if got != want {
		t.Fatalf("%s %q: %v, the model says %v", k, code, got, want)
	}
	if want != identity.NotRefused {
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
	if c.off || c.full(m.s.Now()) || m.s.Now().Before(c.until) || m.mail == "" {
		return false
	}
	m.tries++
	return m.tries <= factors.CodeTries && m.s.Now().Before(m.dies) && code == m.mail
}

func (m *model) kept(t *rapid.T, k factors.Kind) login.Throttle {
	x, err := m.s.Store.Throttle(context.Background(), login.Counter{What: login.CountFactor, Account: m.id, Kind: k})
	if err != nil {
		t.Fatal(err)
	}
	return x
}

// check compares what is kept with the model.
func (m *model) check(t *rapid.T) {
	for _, k := range kinds {
		x, c := m.kept(t, k), m.counts[k]
		before := m.s.Now().Add(-login.FailureWindow) // what is older is dropped when the counter is next looked at
		if x.Fails != c.fails || !x.Until.Equal(c.until) || x.Off.IsZero() == c.off || !x.Warned.Equal(c.warned) ||
			!slices.EqualFunc(since(x.Recent, before), since(c.recent, before), time.Time.Equal) {
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

// Whatever is done in whatever order, the throttle, the count of 30 days and the
// one-time use of every kind are as the rules say, on either database.
func TestModel(t *testing.T) {
	if f := flag.Lookup("rapid.checks"); f.Value.String() == f.DefValue {
		_ = f.Value.Set(runs)
		t.Cleanup(func() { _ = f.Value.Set(f.DefValue) })
	}
	for _, db := range pgtest.Databases() {
		t.Run(db, func(t *testing.T) {
			s := sitetest.New(t, sitetest.On(t, db), func(c *sitetest.Config) {
				c.Login.LockAfter, c.Login.LockDisable, c.Login.LockWait = after, disable, first
				c.Login.SessionMax, c.Login.SessionIdle = 200*login.FailureWindow, 200*login.FailureWindow
			})
			rapid.Check(t, func(t *rapid.T) {
				m := newModel(s, identity.NewID()[:12]+"@example.com")
				t.Repeat(m.actions())
			})
		})
	}
}
